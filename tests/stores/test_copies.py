"""Copies that the relay leaves in its folder: each is named, each has its time, and what is half made goes at once."""

import os
import time
from pathlib import Path

import pytest

from relay.stores.copies import copies, delete, expire

DAY = 86_400


def copy(folder: Path, name: str, days: float) -> Path:
    """One of that age, as a folder where its name says so."""
    path = folder / name
    if name.startswith(("replaced", "restoring")):
        path.mkdir()
        (path / "relay.db").write_text("texts", "utf-8")
    else:
        path.write_text("texts", "utf-8")
    at = time.time() - days * DAY
    os.utime(path, (at, at))
    return path


def test_they_are_found_from_the_oldest_on(tmp_path: Path) -> None:
    copy(tmp_path, "relay.db.before-0002_faults", 1)
    copy(tmp_path, "replaced-20260501T101500Z", 3)
    copy(tmp_path, "relay.db", 9)
    copy(tmp_path, "notes.txt", 9)

    assert [path.name for path in copies(tmp_path)] == ["replaced-20260501T101500Z", "relay.db.before-0002_faults"]


def test_whose_time_is_over_is_deleted_and_the_others_are_named(tmp_path: Path) -> None:
    copy(tmp_path, "relay.db.before-0002_faults", 8)
    copy(tmp_path, "replaced-20260501T101500Z", 7.5)
    copy(tmp_path, "relay.db.before-0003_more", 6)
    copy(tmp_path, "relay.db", 9)

    left = expire(tmp_path, 7)

    assert left == ("relay.db.before-0003_more",)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["relay.db", "relay.db.before-0003_more"]


@pytest.mark.parametrize("name", ["relay.db.before-0002_faults.part", "restoring"])
def test_what_a_crash_left_half_made_goes_whatever_its_age(tmp_path: Path, name: str) -> None:
    copy(tmp_path, name, 0)

    assert expire(tmp_path, 7) == ()
    assert list(tmp_path.iterdir()) == []


def test_with_no_days_they_go_at_once(tmp_path: Path) -> None:
    copy(tmp_path, "relay.db.before-0002_faults", 0)

    assert expire(tmp_path, 0) == ()


def test_a_link_is_deleted_and_not_what_it_leads_to(tmp_path: Path) -> None:
    kept = copy(tmp_path, "notes.txt", 0)
    (tmp_path / "relay.db.before-x").symlink_to(kept)

    delete(tmp_path / "relay.db.before-x")

    assert kept.exists()
