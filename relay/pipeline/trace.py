"""A trace of plugins: one line in the log for each check of theirs, for who wants to know why a message was held.

A line has ids, names of signals, places and times. It has no text, no reason, since a plugin could quote in it, and of the text
a digest under a key that this process drew for itself: equal texts show as equal, and nobody finds out which by trying.
"""

import hashlib
import secrets
from collections.abc import Container, Mapping

import structlog

from relay.core.label import Label
from relay.core.verdict import Signal, Submission
from relay.pipeline.answer import Answer

ALL = "1"
OFF = ""
_BYTES = 6  # of a digest: few enough to read, and two texts of a day do not share one

log = structlog.get_logger(__name__)


class _Everything:
    """All names are in it."""

    def __contains__(self, _name: object) -> bool:
        return True


class Trace:
    """`said` is 1 for all plugins, names with commas between for those, empty for none."""

    def __init__(self, said: str = OFF) -> None:
        self.names = frozenset(name.strip() for name in said.split(",") if name.strip() not in {"", ALL})
        self._traced: Container[str] = _Everything() if said.strip() == ALL else self.names
        self._key = secrets.token_bytes(16)

    def note(self, submission: Submission, label: Label, answer: Answer | None) -> None:
        """What one plugin made of one message; None says that it did not want it."""
        if label.name not in self._traced:
            return
        seen = answer or Answer()
        log.info(
            "plugin looked",
            plugin=label.name,
            version=label.version,
            submission=submission.id,
            digest=self._digest(submission.text),
            outcome=_outcome(answer),
            why=seen.why,
            signals=[_shown(signal) for signal in seen.signals],
            us=round(seen.seconds * 1e6),
        )

    def _digest(self, text: str) -> str:
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_BYTES, key=self._key).hexdigest()


def _outcome(answer: Answer | None) -> str:
    if answer is None:
        return "unwanted"
    return "failed" if answer.why is not None else "saw" if answer.signals else "clean"


def _shown(signal: Signal) -> Mapping[str, object]:
    return {
        "signal": signal.name,
        "factor": round(signal.factor, 2),
        "start": signal.start,
        "end": signal.end,
        "hard": signal.hard,
    }
