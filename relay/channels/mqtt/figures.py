"""What happened on the channel, in numbers; plain ones, since a counter of the metrics costs as much as a frame."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

REASONS: Final = ("topic", "retained", "qos", "too_large", "too_many", "malformed", "stranger", "denied", "internal")
"""Why something that came in was not taken."""


@dataclass(slots=True)
class Figures:
    """`out` counts what the broker confirmed, `denied` what it refused; `refused` what the relay refused, by reason."""

    came: int = 0
    out: int = 0
    resent: int = 0
    denied: int = 0
    refused: Counter[str] = field(default_factory=Counter)
