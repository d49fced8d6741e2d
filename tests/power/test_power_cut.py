"""The power goes at any instant: no commit that was acknowledged is lost, nothing is half there, and the next start works."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import cast

from relay.ports import Store
from relay.stores import sqlite_file
from relay.stores.sqlite import SqliteStore
from relay.stores.sqlite_mark import Mark
from relay.stores.sqlite_writer import Limits
from relay.testing.clock import Drawn
from tests.power.disk import Disk
from tests.power.images import DATABASE, Cut, faults
from tests.power.ledger import Ledger
from tests.stores.conftest import World
from tests.stores.test_random_ledger import Course

COURSES = 4  # that go on at the same time, so that commits share groups
STEPS = 12  # of each in a session; then the power goes, and what it left is where the next session begins
CUTS = 20  # instants of a session that are looked at
EACH = 3  # images of an instant
OPENED = 10  # every so many images are also opened by the relay itself
CHAIN = 8  # sessions, each on what the power cut in the one before it left; then a fresh file, or it would only grow
SHORT = Limits(log_bytes=2_000_000)  # so that a session folds and cuts its log
UNSAFE = ("PRAGMA synchronous = NORMAL",)


async def test_a_power_cut_takes_no_commit_that_was_acknowledged(
    tmp_path: Path, seed: int, size: Callable[[int, int], int]
) -> None:
    draw, wanted, images, instants, sessions = Random(seed), size(300, 20_000), 0, 0, 0

    while images < wanted:
        if sessions % CHAIN == 0:
            begin(tmp_path)
        cuts = await session(tmp_path, draw, f"{seed}-{sessions}")
        sessions += 1
        instants += len(cuts)
        for cut in cuts:
            for _ in range(EACH):
                images += 1
                with cut.image(draw) as image:
                    assert cut.lost(image) == set()
                    assert faults(image) == []
                    if images % OPENED == 0:
                        await opens(image, cut)
        restart(tmp_path, draw.choice(cuts), draw)

    assert instants > wanted / EACH / 2


async def test_without_a_sync_for_each_commit_the_same_shows_losses(tmp_path: Path, seed: int) -> None:
    draw = Random(seed)
    begin(tmp_path)

    cuts = await session(tmp_path, draw, f"{seed}", also=UNSAFE)
    lost = 0
    for cut in cuts:
        with cut.image(draw) as image:
            lost += len(cut.lost(image))
            assert faults(image) == []

    assert lost > 0


def begin(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()
    sqlite_file.writer(folder / DATABASE).close()


def restart(folder: Path, cut: Cut, draw: Random) -> None:
    with cut.image(draw) as image:
        shutil.rmtree(folder)
        shutil.copytree(image, folder)


async def session(folder: Path, draw: Random, name: str, also: tuple[str, ...] = ()) -> list[Cut]:
    """Members and staff do this and that; instants at which the power might go, chosen by chance."""
    cuts: list[Cut] = []
    chance = Random(draw.random())

    def touched(what: str, _file: str) -> None:
        if what != "read" and ledgers and chance.random() < 0.1:
            cuts.append(Cut(disk.moment(), frozenset(ledgers[0].acknowledged), ledgers[0].mark.group))

    ledgers: list[Ledger] = []
    disk = Disk(touched)
    ledgers.append(Ledger(folder / DATABASE, disk, SHORT, also=also, prefix=name))
    courses = [await course(ledgers[0], draw, f"{name}-{number}") for number in range(COURSES)]
    for _ in range(STEPS):
        await asyncio.gather(*(each.step() for each in courses))
    await ledgers[0].close()
    return chance.sample(cuts, min(CUTS, len(cuts)))


async def course(ledger: Ledger, draw: Random, name: str) -> Course:
    world = World(cast("Store", ledger), ids=Drawn(name))
    world.run = await world.start_run()  # of its own, so that no course drops the plans of another
    made = Course(world, draw, await world.community(name))
    for _ in range(3):
        await made.join()
    return made


async def opens(image: Path, cut: Cut) -> None:
    """The relay starts on it, whatever its mark says of what was on the disk, and goes on."""
    mark = Mark.of(image / DATABASE)
    mark.begin(cut.group)
    store = await SqliteStore.open(image / DATABASE, lambda _changes, _outcomes: None)
    await store.close()
