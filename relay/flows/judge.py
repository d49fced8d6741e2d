"""Judge: every message passes moderation once; whatever breaks on the way, a person looks instead."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from relay.core.member import keyword
from relay.core.verdict import Action, Decision, Submission

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Judging:
    """`pipeline` may be exchanged between two messages; the old one finishes what it has."""

    pipeline: Callable[[Submission], Awaitable[Decision]]

    async def __call__(self, submission: Submission) -> Decision:
        """STOP and its kin are never moderated away; a failure of moderation itself holds the message for staff."""
        if keyword(submission.text) is not None:
            return Decision(Action.ALLOW, 0.0)
        try:
            return await self.pipeline(submission)
        except Exception as problem:
            log.exception("moderation failed", submission=submission.id)
            return Decision(Action.HOLD, 0.0, failures=(("moderation", type(problem).__name__),))
