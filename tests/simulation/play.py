"""Plays seeds: `python -m tests.simulation.play 7` plays seed 7 and tells what happened in it, `0 2000` all from 0 to 1999.

The last line it prints is JSON. Breaks off, and exits with 1, at the first seed in which a promise is not kept.
"""

import hashlib
import sys
import time
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import structlog

from tests.simulation.ending import Ending
from tests.simulation.ground import Ground, SqliteGround
from tests.simulation.ledger import BrokenPromise
from tests.simulation.life import Life
from tests.simulation.people import People
from tests.simulation.program import Program
from tests.simulation.still_loop import owner
from tests.simulation.world import World

MEMORY = Path("/dev/shm")  # noqa: S108  no disk is waited for where there is one of memory
FORESEEN = {"channel failed", "moderation failed", "second look failed", "the erasure list lacks erasures"}
"""Errors that the simulation provokes; any other that is logged breaks a promise."""
START_S = 60.0
STARTS_AGAIN = 0.25  # of the seeds


@dataclass(frozen=True, slots=True)
class Played:
    """How a seed ended: `broken` says which promise, empty for none; `digest` is the same whenever it is played again."""

    seed: int
    broken: str
    digest: str
    log: tuple[str, ...]


def play(seed: int, ground: Ground) -> Played:
    """One seed, from an empty store to its end."""
    ground.wipe()
    world = World(seed, ground)
    people = People(world)
    program = Program(world, people)
    broken = ""
    structlog.configure(processors=[_watching(world)], cache_logger_on_first_use=False)
    try:
        _begin(world, people)
        program.play()
        ending = Ending(world, people)
        ending.come_to_rest()
        if world.has_server:
            ending.wake()
        ending.compare()
        if world.draw.random() < STARTS_AGAIN:
            ending.start_again()
    except BrokenPromise as problem:
        broken = str(problem)
    finally:
        world.turns.close()
    log = tuple(world.turns.log)
    return Played(seed, broken, hashlib.sha256("\n".join((*log, broken)).encode()).hexdigest()[:16], log)


def _begin(world: World, people: People) -> None:
    """A relay, its communities and their first members; then things may go wrong."""
    world.boot()

    async def fill() -> None:
        for slug in ("bad", "ort")[: world.draw.randint(1, 2)]:
            await people.found(slug)
            for _ in range(world.draw.randint(1, 4)):
                await people.enrol(people.communities[-1])

    world.until(lambda: bool(world.up), "the relay starts", START_S)
    world.begin(fill())
    world.until(lambda: not world.at_work, "the communities are filled", START_S)
    world.fates.calm = False


def _watching(world: World) -> Any:  # noqa: ANN401  as structlog has it
    """What the relay logs as an error, and nobody provoked, is a broken promise; the dead may say what they like."""

    def watch(_logger: object, method: str, event: MutableMapping[str, Any]) -> str:
        life = owner.get()
        is_dead = isinstance(life, Life) and life.is_doomed
        if method in ("error", "exception", "critical") and event.get("event") not in FORESEEN and not is_dead:
            world.turns.wrong(f"logged: {event} {sys.exc_info()[1]!r}")
        raise structlog.DropEvent

    return watch


def main(arguments: list[str]) -> int:
    first = int(arguments[0])
    last = int(arguments[1]) if len(arguments) > 1 else first + 1
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        ground = SqliteGround(Path(folder))
        broken = _played(ground, range(first, last))
        ground.close()
    return int(broken)


def _played(ground: Ground, seeds: range) -> bool:
    """Says what came of them; breaks off at the first broken one."""
    digest = hashlib.sha256()
    started = time.monotonic()
    last = ""
    for count, seed in enumerate(seeds, 1):
        played = play(seed, ground)
        last = played.digest
        digest.update(last.encode())
        if len(seeds) == 1:
            print("\n".join(played.log))  # noqa: T201
        if played.broken:
            _say({"seed": seed, "broken": played.broken, "before": count - 1})
            return True
    _say({"seeds": len(seeds), "digest": last, "of_all": digest.hexdigest()[:16], "seconds": time.monotonic() - started})
    return False


def _say(what: dict[str, Any]) -> None:
    print(orjson.dumps(what).decode(), flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
