"""`relay backup`: a copy made under a running relay, whole or not there; what cannot be done is named and leaves nothing."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from tests.cli.conftest import PATIENCE, CommandLine, plain_environment
from tests.cli.killed import kill_within
from tests.cli.town import Town

SMALL_KIB = 64  # far less than the smallest database


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One running relay for all tests here, with one member."""
    made = Town(tmp_path_factory.mktemp("town")).open()
    made.member()
    yield made
    made.stop()


def test_it_is_made_while_the_relay_runs_and_says_what_it_holds(town: Town, tmp_path: Path) -> None:
    made = town.relay.json("backup", str(tmp_path / "monday")).thing

    assert made["counts"] == {
        "communities": 1, "members": 1, "posts": 0, "deliveries": 1, "threads": 1, "messages": 1, "erasures": 0,
    }  # fmt: skip
    assert sorted(path.name for path in (tmp_path / "monday").iterdir()) == ["erasures.jsonl", "manifest.json", "relay.db"]


def test_only_so_many_are_kept_and_what_is_none_of_ours_stays(town: Town, tmp_path: Path) -> None:
    (tmp_path / "all/foureyes-old").mkdir(parents=True)
    (tmp_path / "all/notes.txt").write_text("mine", "utf-8")
    first = town.relay.json("backup", str(tmp_path / "all"), "--keep", "1").thing
    moved = as_of("2020", Path(first["backup"]))

    second = town.relay.json("backup", str(tmp_path / "all"), "--keep", "1").thing

    assert second["deleted"] == [str(moved)]
    assert {path.name for path in (tmp_path / "all").iterdir()} == {"foureyes-old", "notes.txt", Path(second["backup"]).name}


def test_the_one_just_made_stays_though_the_clock_went_back(town: Town, tmp_path: Path) -> None:
    first = town.relay.json("backup", str(tmp_path / "all"), "--keep", "1").thing
    moved = as_of("2200", Path(first["backup"]))

    second = town.relay.json("backup", str(tmp_path / "all"), "--keep", "1").thing

    assert second["deleted"] == [str(moved)]
    assert Path(second["backup"]).is_dir()


def as_of(year: str, backup: Path) -> Path:
    """As if it had been made then."""
    manifest = backup / "manifest.json"
    told = json.loads(manifest.read_text("utf-8"))
    manifest.write_text(json.dumps({**told, "at": f"{year}-01-01T00:00:00Z"}), "utf-8")
    return backup.rename(f"{backup}-of-{year}")


def test_what_cannot_be_done_is_named_and_leaves_nothing(town: Town, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    (tmp_path / "there").mkdir()
    refused = {
        "is there already, and nothing is written over": (str(tmp_path / "there"),),
        "is in the data folder, and would be lost with it": ("data/monday",),
        "Not a directory": (str(tmp_path / "file/monday"),),
        "There is no database in nowhere. Name the folder with --data": (str(tmp_path / "monday"), "--data", "nowhere"),
    }

    for why, words in refused.items():
        result = town.relay("backup", *words)
        assert result.code in {1, 2}
        assert result.out == ""
        assert why in result.err
        assert "Traceback" not in result.err

    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "there"]
    assert not (town.data / "monday").exists()


def test_postgresql_has_tools_of_its_own(relay: CommandLine) -> None:
    url = "postgresql://relay:secret@db.example/relay"

    refused = relay("backup", "monday", RELAY_STORE__URL=url)

    assert refused.code == 2
    assert "pg_dump --format=custom --file=monday" in refused.err
    assert "secret" not in refused.err


def test_a_disk_that_is_full_meanwhile_leaves_nothing(town: Town, tmp_path: Path) -> None:
    limited = f"ulimit -f {SMALL_KIB}; exec {sys.executable} -m relay backup {tmp_path / 'monday'}"

    done = subprocess.run(
        ["bash", "-c", limited],
        cwd=town.folder,
        env=plain_environment(),
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )

    assert done.returncode == 1
    assert "could not be made" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
    assert len(town.ids()) == 1


def test_killed_at_any_moment_there_is_a_whole_one_or_none(
    town: Town, tmp_path: Path, seed: int, size: Callable[[int, int], int]
) -> None:
    random = Random(seed)
    for number in range(size(3, 100)):
        backup = tmp_path / f"backup-{number}"
        kill_within(town.folder, random, "backup", str(backup))
        if backup.exists():
            shutil.rmtree(tmp_path / "new", ignore_errors=True)
            assert town.relay("restore", str(backup), "--data", str(tmp_path / "new")).code == 0

    assert town.relay("backup", str(tmp_path / "last")).code == 0
    assert len(town.ids()) == 1
