"""Judge: every message passes moderation once; whatever breaks on the way, a person looks instead."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from relay.core.member import keyword
from relay.core.verdict import Action, Decision, Submission
from relay.ports import JudgeAgain

log = structlog.get_logger(__name__)


async def _nobody(_submission: Submission, _first: Decision) -> Decision:
    """There are no slow plugins, so a person decides."""
    return Decision(Action.HOLD, 0.0)


@dataclass(slots=True)
class Judging:
    """`pipeline` may be exchanged between two messages; the old one finishes what it has. `slow` gives second decisions."""

    pipeline: Callable[[Submission], Awaitable[Decision]]
    slow: JudgeAgain = _nobody

    async def __call__(self, submission: Submission) -> Decision:
        """STOP and its kin are never moderated away; a failure of moderation itself holds the message for staff."""
        if keyword(submission.text) is not None:
            return Decision(Action.ALLOW, 0.0)
        try:
            return await self.pipeline(submission)
        except Exception as problem:
            log.exception("moderation failed", submission=submission.id)
            return _held(problem)

    async def again(self, submission: Submission, first: Decision) -> Decision:
        """What slow plugins make of a message that is held meanwhile."""
        try:
            return await self.slow(submission, first)
        except Exception as problem:
            log.exception("second look failed", submission=submission.id)
            return _held(problem)


def _held(problem: Exception) -> Decision:
    return Decision(Action.HOLD, 0.0, failures=(("moderation", type(problem).__name__),))
