"""The disk fails at a write or a sync: the store is lost at once and tries nothing again; without room it waits for some."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

import apsw
import pytest

from relay.core.change import SetFact
from relay.core.errors import Unavailable
from relay.stores import sqlite_file
from relay.stores.sqlite import SqliteStore
from relay.stores.sqlite_writer import Limits
from tests.power.disk import Disk
from tests.power.images import DATABASE, Cut, faults
from tests.power.ledger import Ledger
from tests.power.test_power_cut import SHORT, course

PLACES = (("sync", "wal"), ("write", "wal"), ("sync", "db"), ("write", "db"), ("truncate", "wal"))
SELDOM = {("sync", "db"), ("write", "db"), ("truncate", "wal")}
EAGER = Limits(log_pages=100)  # the log is written into the file, and kept, again and again


class Weak(Disk):
    """One that fails at one kind of act, `times` times from the `at`-th on, and counts what is done after the first time."""

    def __init__(self, place: tuple[str, str], at: int, error: Callable[[], Exception], times: int = 1) -> None:
        super().__init__(self._fails)
        self.place, self.at, self.error, self.times = place, at, error, times
        self.is_armed = False
        self.failed = 0
        self.after: list[tuple[str, str]] = []

    def _fails(self, what: str, file: str) -> None:
        if self.failed and what != "read" and file != "temp":
            self.after.append((what, file))
        if self.is_armed and (what, file) == self.place:
            self.at -= 1
            if self.at < 0 and self.failed < self.times:
                self.failed += 1
                raise self.error()


@pytest.mark.parametrize("place", PLACES, ids="-".join)
@pytest.mark.parametrize("limits", [SHORT, EAGER], ids=["cut", "kept"])
async def test_an_error_of_the_disk_ends_all_writing_at_once(
    tmp_path: Path, seed: int, size: Callable[[int, int], int], place: tuple[str, str], limits: Limits
) -> None:
    for round_ in range(size(2, 100)):
        draw = Random(f"{seed} {round_}")
        folder = tmp_path / str(round_)
        folder.mkdir()
        disk = Weak(place, draw.randrange(3 if place in SELDOM else 30), io_error(place))

        ledger = await work(folder, disk, draw, limits)
        await ledger.close()

        assert disk.failed == 1
        assert ledger.lost is not None
        assert disk.after == []
        await nothing_is_lost(disk, ledger, draw)


async def test_what_a_failed_sync_left_in_memory_alone_takes_nothing_with_it_that_is_written_later(
    tmp_path: Path, seed: int, size: Callable[[int, int], int]
) -> None:
    for round_ in range(size(3, 100)):
        draw = Random(f"{seed} {round_}")
        folder = tmp_path / str(round_)
        folder.mkdir()
        disk = Weak(("sync", "wal"), draw.randrange(30), io_error(("sync", "wal")))
        broken = await work(folder, disk, draw, SHORT)
        await broken.close()

        started = Ledger(folder / DATABASE, disk, SHORT, prefix="after")
        cuts = told_by(started, disk, broken.acknowledged)
        await course(started, draw, "after")
        await started.close()

        for cut in cuts:
            with cut.image(draw) as image:
                assert cut.lost(image) == set()
        assert "commit after 0" in cuts[0].acknowledged


async def test_nothing_but_folding_writes_to_the_file_since_sqlite_is_silent_about_what_it_does_unasked(
    tmp_path: Path, seed: int
) -> None:
    during: set[str] = set()
    ledgers: list[Ledger] = []

    def touched(what: str, file: str) -> None:
        if ledgers and what != "read" and file == "db":
            during.add(ledgers[0].connection.statement)

    sqlite_file.writer(tmp_path / DATABASE).close()
    ledgers.append(Ledger(tmp_path / DATABASE, Disk(touched), EAGER))
    made = await course(ledgers[0], Random(seed), "course")
    for _ in range(100):
        await made.step()
    await ledgers[0].close()

    assert during
    assert during <= {"PRAGMA wal_checkpoint(PASSIVE)", "PRAGMA wal_checkpoint(TRUNCATE)"}


@pytest.mark.parametrize("place", [("write", "wal"), ("write", "db")], ids="-".join)
async def test_a_disk_without_room_refuses_for_as_long_as_it_is_full(
    tmp_path: Path, seed: int, size: Callable[[int, int], int], place: tuple[str, str]
) -> None:
    for round_ in range(size(3, 100)):
        draw = Random(f"{seed} {round_}")
        folder = tmp_path / str(round_)
        folder.mkdir()
        disk = Weak(place, draw.randrange(3 if place in SELDOM else 60), NO_ROOM, times=draw.randint(1, 5))

        ledger = await work(folder, disk, draw, SHORT)
        disk.times = 0

        assert disk.failed > 0
        assert ledger.lost is None
        await ledger.commit(SetFact("there is room", "x"))
        await ledger.close()
        await nothing_is_lost(disk, ledger, draw)


def io_error(place: tuple[str, str]) -> Callable[[], Exception]:
    codes = {"sync": apsw.SQLITE_IOERR_FSYNC, "write": apsw.SQLITE_IOERR_WRITE, "truncate": apsw.SQLITE_IOERR_TRUNCATE}
    return partial(_made, apsw.IOError, codes[place[0]])


def _made(kind: type[apsw.Error], code: int) -> apsw.Error:
    error = kind("from the disk of the test")
    vars(error)["extendedresult"] = code  # as apsw asks for it
    return error


NO_ROOM = partial(_made, apsw.FullError, apsw.SQLITE_FULL)


async def work(folder: Path, disk: Weak, draw: Random, limits: Limits) -> Ledger:
    """Until the disk has failed; who is refused goes on."""
    sqlite_file.writer(folder / DATABASE).close()
    ledger = Ledger(folder / DATABASE, disk, limits)
    disk.is_armed = True
    try:
        courses = [await course(ledger, draw, f"course {number}") for number in range(2)]
        async with asyncio.timeout(20):
            while not disk.failed:
                done = await asyncio.gather(*(each.step() for each in courses), return_exceptions=True)
                unexpected = [each for each in done if each is not None and not isinstance(each, Unavailable)]
                assert unexpected == []
    except Unavailable:
        assert disk.failed
    return ledger


def told_by(ledger: Ledger, disk: Disk, before: set[str]) -> list[Cut]:
    """An instant for each time that commits are acknowledged, filled as it goes on."""
    cuts: list[Cut] = []
    ledger.heard = lambda: cuts.append(Cut(disk.moment(), frozenset(before | ledger.acknowledged), ledger.mark.group))
    return cuts


async def nothing_is_lost(disk: Disk, ledger: Ledger, draw: Random) -> None:
    """Not after a power cut then, and not at the next start."""
    cut = Cut(disk.moment(), frozenset(ledger.acknowledged), ledger.mark.group)
    with cut.image(draw) as image:
        assert cut.lost(image) == set()
        assert faults(image) == []
        store = await SqliteStore.open(image / DATABASE, lambda _changes, _outcomes: None)
        await store.close()
