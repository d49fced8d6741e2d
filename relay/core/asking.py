"""Asking: what a plugin asks of an HTTP service, what comes back, and how that can fail.

    AskingError     catch this, or let it fail the check
    ├── Unreachable nobody answers there, or nobody may be asked there
    ├── TooLate     the time was up
    ├── BadAnswer   an answer that is not taken: too large, a redirect, broken, not what was agreed
    └── Busy        not asked: too many of this plugin's questions are under way, or too many failed

No message holds a path, a header or a body: they may hold secrets and members' words.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

LARGEST_BODY: Final = 64 * 1024  # bytes, of a question and of an answer: both travel to workers


class AskingError(Exception):
    """The service could not be asked."""

    def __init__(self, said: str = "") -> None:
        super().__init__(said or (type(self).__doc__ or "").partition("\n")[0])


class Unreachable(AskingError):
    """Nobody answers there."""


class TooLate(AskingError):
    """No answer in time."""


class BadAnswer(AskingError):
    """An answer that cannot be used."""


class Busy(AskingError):
    """Not asked."""


@dataclass(frozen=True, slots=True)
class Request:
    """One POST. `seconds` is how long all of it may take."""

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class Reply:
    """`headers` have names in lower case; of those that came more than once, the last."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> object:
        """What the body says. Raises BadAnswer where it is no JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise BadAnswer("the answer is no JSON") from None
