"""Hashes of passphrases: what fits, what is outdated, the same work for nobody, and no more at once than there is room for."""

import asyncio
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from relay.core.errors import Unavailable
from relay.core.passphrase import Fit
from relay.hasher import THREADS, WAITING, Cost, Hasher

CHEAP = Cost(passes=1, kib=8)
DEARER = Cost(passes=2, kib=16)
SENTENCE = "four eyes see more than two"


@pytest.fixture
def hasher() -> Iterator[Hasher]:
    made = Hasher(CHEAP)
    yield made
    made.close()


async def test_a_passphrase_fits_its_own_hash_alone(hasher: Hasher) -> None:
    known = await hasher.hash(SENTENCE)

    assert known.startswith("$argon2id$")
    assert SENTENCE not in known
    assert known != await hasher.hash(SENTENCE), "the salt is drawn"
    assert [await hasher.verify(said, known) for said in (SENTENCE, SENTENCE + ".")] == [Fit.YES, Fit.NO]


async def test_a_hash_of_a_lower_cost_is_outdated(hasher: Hasher) -> None:
    known = await hasher.hash(SENTENCE)
    dearer = Hasher(DEARER)

    fits = [await dearer.verify(said, known) for said in (SENTENCE, SENTENCE + ".")]
    dearer.close()

    assert fits == [Fit.OUTDATED, Fit.NO]


async def test_nobodys_hash_is_reckoned_like_anybodys_and_never_fits(hasher: Hasher) -> None:
    before = hasher.count

    fit = await hasher.verify(SENTENCE, None)

    assert (fit, hasher.count - before) == (Fit.NO, 1)


async def test_a_hash_that_cannot_be_read_fits_nothing_and_is_told(hasher: Hasher) -> None:
    with capture_logs() as logged:
        fits = [await hasher.verify(SENTENCE, broken) for broken in ("x", "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$")]

    assert fits == [Fit.NO, Fit.NO]
    assert [entry["log_level"] for entry in logged] == ["error", "error"]


async def test_what_has_no_room_is_refused_at_once_and_room_comes_back(hasher: Hasher) -> None:
    many = [hasher.hash(SENTENCE) for _ in range(50 * (THREADS + WAITING))]

    ends = await asyncio.gather(*many, return_exceptions=True)

    refused = [end for end in ends if isinstance(end, BaseException)]
    assert refused
    assert all(isinstance(end, Unavailable) for end in refused)
    assert hasher.count == len(many) - len(refused), "who is refused costs nothing"
    assert await hasher.verify(SENTENCE, await hasher.hash(SENTENCE)) is Fit.YES


async def test_who_does_not_wait_any_more_gives_the_room_back(hasher: Hasher) -> None:
    tasks = [asyncio.create_task(hasher.hash(SENTENCE)) for _ in range(THREADS + WAITING)]
    await asyncio.sleep(0)

    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    async with asyncio.timeout(10):
        while True:
            try:
                await asyncio.gather(*(hasher.hash(SENTENCE) for _ in range(THREADS + WAITING)))
                break
            except Unavailable:
                await asyncio.sleep(0)
