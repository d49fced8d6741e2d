"""`relay restore`: what was there at the time is there again, who was erased since is not, and nobody misses what comes new."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from relay.core.restore import SEQ_LEAP
from relay.stores.schema import MIGRATIONS
from relay.stores.sqlite_file import lite, migrate, migrations
from tests.cli.conftest import OWNER, CommandLine
from tests.cli.killed import kill_within
from tests.cli.town import SECRET, Town

NOBODY = 65534  # a user who is not root


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """A running relay."""
    made = Town(tmp_path).open()
    yield made
    made.stop()


def test_what_was_there_at_the_time_is_there_again(town: Town) -> None:
    kept = town.member()
    town.relay.json("backup", "monday")
    town.member("Too late")
    town.stop()

    done = town.relay.json("restore", "monday", "--yes")
    town.start()

    assert town.ids() == {kept["id"]}
    assert town.heard(kept) == [(1, SECRET)]
    assert (town.folder / done.thing["set_aside"] / "relay.db").exists()
    assert "what was ended since opens again" in done.err
    assert "with all its texts; the relay deletes it after 7 days" in done.err
    assert len(town.audit("store.restore")) == 1


def test_who_was_erased_since_is_in_no_byte_of_what_comes_back(town: Town) -> None:
    gone, kept = town.member(), town.member("Somebody else")
    town.relay.json("backup", "monday")
    town.erase(gone)
    town.stop()

    done = town.relay.json("restore", "monday", "--yes").thing
    before_any_start = (town.data / "relay.db").read_bytes()
    town.start()

    assert done["erased_again"] == 1
    assert b"Somebody else" in before_any_start
    assert SECRET.encode() not in before_any_start
    assert town.ids() == {kept["id"]}


def test_on_a_new_machine_the_newest_list_is_what_counts(town: Town) -> None:
    gone, kept = town.member(), town.member("Somebody else")
    town.relay.json("backup", "monday")
    town.erase(gone)
    town.stop()
    shutil.copy(town.data / "erasures.jsonl", town.folder / "rescued.jsonl")
    shutil.rmtree(town.data)

    done = town.relay.json("restore", "monday", "--erasures", "rescued.jsonl").thing
    town.start()

    assert done["erased_again"] == 1
    assert done["set_aside"] is None
    assert town.ids() == {kept["id"]}


def test_a_client_that_has_seen_more_than_the_backup_knows_misses_nothing_new(town: Town) -> None:
    ada = town.member()
    town.relay.json("backup", "monday")
    town.post("Forgotten by the restore")
    seen = town.heard(ada)[-1][0]
    town.stop()
    town.relay.json("restore", "monday", "--yes")
    town.start()

    town.post("Said afterwards")

    assert [item for item in town.heard(ada) if item[0] > seen] == [(SEQ_LEAP + seen, "Said afterwards")]


def test_all_credentials_can_be_ended_with_it(town: Town) -> None:
    ada = town.member()
    town.relay.json("backup", "monday")
    town.stop()

    done = town.relay.json("restore", "monday", "--revoke-all", "--yes")
    town.start()

    url = {"RELAY_URL": town.running.url}
    assert "Every token and key has ended" in done.err
    for ended in (OWNER, ada["token"]):
        assert town.relay("member", "list", "pool", RELAY_TOKEN=ended, **url).code == 1
    by_owner = town.relay.json("member", "list", "pool", RELAY_TOKEN=done.thing["owner_token"], **url)
    assert by_owner.thing["id"] == ada["id"]


WRONG = {
    "or say --by-hand when the database is in its place already": ("monday", "--by-hand", "--yes"),
    "data is no backup: it holds no manifest.json": ("data", "--yes"),
    "wrong.jsonl:1 is no erasure": ("monday", "--erasures", "wrong.jsonl", "--yes"),
    "is not what was written": ("torn", "--yes"),
    "Nobody can be asked here: add --yes": ("monday",),
}


def test_what_is_wrong_is_named_and_changes_nothing(town: Town) -> None:
    town.relay.json("backup", "monday")
    in_use = town.relay("restore", "monday", "--yes")
    shutil.copytree(town.folder / "monday", town.folder / "torn")
    with (town.folder / "torn/relay.db").open("r+b") as file:
        file.truncate(50_000)
    (town.folder / "wrong.jsonl").write_text("who knows\n", "utf-8")
    town.stop()
    before = (town.data / "relay.db").read_bytes()

    refused = {why: town.relay("restore", *words) for why, words in WRONG.items()}

    assert "in use by another relay" in in_use.err
    for why, result in {**refused, "in use": in_use}.items():
        assert why in result.err
        assert (result.out, "Traceback" in result.err, result.code > 0) == ("", False, True)
    assert (town.data / "relay.db").read_bytes() == before
    assert not (town.data / "restoring").exists()


def test_postgresql_has_tools_of_its_own(town: Town) -> None:
    town.relay.json("backup", "monday")

    refused = town.relay("restore", "monday", "--yes", RELAY_STORE__URL="postgresql://relay:secret@db.example/relay")

    assert refused.code == 2
    assert "pg_restore --clean" in refused.err
    assert "relay restore --by-hand" in refused.err
    assert "secret" not in refused.err


def test_what_was_put_back_by_hand_is_finished(town: Town) -> None:
    gone, kept = town.member(), town.member("Somebody else")
    town.relay.json("backup", "monday")
    town.erase(gone)
    town.stop()
    (town.data / "relay.db-mark").unlink()
    shutil.copy(town.folder / "monday/relay.db", town.data / "relay.db")

    done = town.relay.json("restore", "--by-hand", "--yes").thing
    town.start()
    town.post("After it")

    assert (done["of"], done["erased_again"]) == (None, 1)
    assert town.ids() == {kept["id"]}
    assert town.heard(kept)[-1] == (SEQ_LEAP + 2, "After it")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can hand something over")
def test_what_root_puts_back_belongs_to_whom_the_folder_belongs(relay: CommandLine, tmp_path: Path) -> None:
    relay.json("init", "--data", "old")
    relay.json("backup", "monday", "--data", "old")
    (tmp_path / "new").mkdir()
    os.chown(tmp_path / "new", NOBODY, NOBODY)

    relay.json("restore", "monday", "--data", "new")

    assert {path.lstat().st_uid for path in (tmp_path / "new").rglob("*")} == {NOBODY}


def test_a_backup_of_an_older_relay_is_brought_up_to_date(relay: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    with closing(lite.connect(tmp_path / "old/relay.db", isolation_level=None)) as connection:
        migrate(connection, tmp_path / "old/relay.db", migrations(MIGRATIONS[:1]))
    made = relay.json("backup", "monday", "--data", "old").thing

    relay.json("restore", "monday", "--data", "new")

    again = relay.json("backup", "tuesday", "--data", "new").thing
    assert made["schema"] == ["0001_first_tables"]
    assert again["schema"] == [name for name, _ in MIGRATIONS]
    assert not list((tmp_path / "new").glob("relay.db.before-*"))


def test_killed_at_any_moment_there_is_the_old_or_the_new_database_whole(
    town: Town, seed: int, size: Callable[[int, int], int]
) -> None:
    random, seen = Random(seed), set[int]()
    town.member()
    town.relay.json("backup", "one")
    town.member()
    town.relay.json("backup", "two")
    town.stop()

    for number in range(size(3, 100)):
        kill_within(town.folder, random, "restore", ("one", "two")[number % 2], "--yes")
        town.start()
        seen.add(len(town.ids()))
        town.stop()
    last = town.relay("restore", "one", "--yes")
    town.start()

    assert seen <= {1, 2}
    assert last.code == 0, last.err
    assert len(town.ids()) == 1
    assert not (town.data / "restoring").exists()


def test_a_list_that_nobody_can_read_keeps_the_relay_from_starting(relay: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/erasures.jsonl").write_text("who knows\n", "utf-8")

    refused = relay("serve", "--port", "0")

    assert (refused.code, refused.out) == (1, "")
    assert "erasures.jsonl:1 is no erasure" in refused.err
    assert "Put back a copy of the file" in refused.err
