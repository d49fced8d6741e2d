"""`relay export`: everything of a community as files, whole or not there."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import OWNER
from tests.cli.town import SECRET, Town


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One running relay for all tests here: two members who wrote, one of whom was erased."""
    made = Town(tmp_path_factory.mktemp("town")).open()
    made.post("Nobody is here yet")
    made.member()
    made.erase(made.member("Erased before"))
    yield made
    made.stop()


def rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_it_writes_a_file_for_each_kind_of_row(town: Town, tmp_path: Path) -> None:
    done = town.relay.json("export", "pool", str(tmp_path / "pool"), RELAY_URL=town.running.url, RELAY_TOKEN=OWNER)

    (member,) = rows(tmp_path / "pool/members.jsonl")
    (message,) = rows(tmp_path / "pool/messages.jsonl")
    manifest = json.loads((tmp_path / "pool/manifest.json").read_text("utf-8"))
    assert member["id"] == town.members[0]["id"]
    assert (message["member"], message["text"]) == (member["id"], SECRET)
    assert manifest["community"]["slug"] == "pool"
    assert manifest["counts"] == done.thing["counts"]
    assert {name: len(rows(tmp_path / f"pool/{name}.jsonl")) for name in manifest["counts"]} == manifest["counts"]
    assert "members: 1" in done.err


def test_only_its_owner_can_look_into_it(town: Town, tmp_path: Path) -> None:
    town.relay.json("export", "pool", str(tmp_path / "pool"), RELAY_URL=town.running.url, RELAY_TOKEN=OWNER)

    assert (tmp_path / "pool").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "pool").iterdir()} == {0o600}


def test_it_stands_in_the_audit_log(town: Town, tmp_path: Path) -> None:
    town.relay.json("export", "pool", str(tmp_path / "pool"), RELAY_URL=town.running.url, RELAY_TOKEN=OWNER)

    subjects = {entry["subject"] for entry in town.audit("community.export")}

    assert subjects == {town.ask("GET", "/v1/communities/pool")["id"]}


def test_what_cannot_be_done_is_named_and_leaves_nothing(town: Town, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    eva = town.ask("POST", "/v1/staff", {"name": "Eva", "role": "manager"})["token"]
    url = {"RELAY_URL": town.running.url}

    there = town.relay("export", "pool", str(tmp_path / "there"), RELAY_TOKEN=OWNER, **url)
    nowhere = town.relay("export", "nowhere", str(tmp_path / "new"), RELAY_TOKEN=OWNER, **url)
    by_manager = town.relay("export", "pool", str(tmp_path / "new"), RELAY_TOKEN=eva, **url)

    assert "is there already, and nothing is written over" in there.err
    assert "community nowhere" in nowhere.err
    assert by_manager.code == 1
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
