"""The process that learns: the same as in this one, a plain word if it fails, and free for the next when nobody waits."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from relay.core.additive import words_of
from relay.core.model import LearningFailed, Taught, learned_from
from relay.core.text import Tables, fold
from relay.learner import Learner

NOW = datetime(2026, 12, 1, tzinfo=UTC)
LESSONS = [
    lesson
    for n in range(60)
    for lesson in (Taught(n % 7, f"Gewinne GELD {n}", True, NOW), Taught(n % 7, f"Wann kommt der Bus {n}", False, NOW))  # noqa: FBT003
]


async def test_it_learns_what_this_process_would() -> None:
    here = learned_from([(each.member, each.is_spam, words_of(fold(each.text, Tables()))) for each in LESSONS])

    assert here is not None
    assert await Learner(Tables)(LESSONS) == here
    assert await Learner(Tables)(LESSONS[:2]) is None


@pytest.mark.parametrize("program", ["#!/bin/sh\nexit 1\n", "#!/bin/sh\necho no model\n", None])
async def test_a_process_that_fails_is_no_model(tmp_path: Path, program: str | None) -> None:
    """It says nothing, or nothing that makes sense, or is not there."""
    python = tmp_path / "python"
    if program is not None:
        python.write_text(program)
        python.chmod(0o700)

    with pytest.raises(LearningFailed):
        await Learner(Tables, str(python))(LESSONS)


async def test_who_waits_no_more_leaves_it_free_for_the_next() -> None:
    learner = Learner(Tables)
    learning = asyncio.create_task(learner(LESSONS * 50))
    await asyncio.sleep(0)

    learning.cancel()
    await asyncio.wait({learning})

    assert learning.cancelled()
    assert await learner(LESSONS[:2]) is None
