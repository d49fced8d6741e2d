"""Moderation as these tests have it: it does what a message begins with, and a replay is over at once."""

from collections.abc import Mapping
from typing import Any

from relay.core.verdict import Action, Decision, Submission

_BY_WORD = {"hold": Action.HOLD, "flag": Action.FLAG, "reject": Action.REJECT, "discard": Action.DISCARD}


async def by_first_word(submission: Submission) -> Decision:
    """Moderation that does what the message begins with."""
    word = submission.text.partition(" ")[0]
    if word == "check":  # slow plugins have yet to look
        return Decision(Action.HOLD, 3.0, checking=True)
    return Decision(_BY_WORD.get(word, Action.ALLOW), 0.0)


async def fits(_config: str) -> None:
    """Any configuration does."""


async def none_came(_wanted: object, _tell: object, _stop: object) -> Mapping[str, Any]:
    """What a replay finds where no member wrote."""
    nothing: dict[str, Any] = dict.fromkeys(("tolls", "steps", "plugins", "flips", "left_out"), ())
    return {"messages": 0, "of": 0, "flipped": 0, "rules": "", "matrix": {}, **nothing}
