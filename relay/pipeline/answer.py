"""An answer: what one plugin made of one message."""

from dataclasses import dataclass, field

from relay.core.verdict import Signal


@dataclass(slots=True)
class Answer:
    """Signals that can be used, and why the check failed, None when it went well.

    `across` says that the failure is none of this message's: others brought it about. `seconds` is how long it took.
    """

    signals: list[Signal] = field(default_factory=list)
    why: str | None = None
    across: bool = False
    seconds: float = 0.0
