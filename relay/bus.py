"""Tells who listens what was committed: the members' streams, the staff's console, the metrics."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

import structlog

from relay.core.change import Change, Outcome

C = TypeVar("C")
Listener = Callable[[Any, Any], None]

log = structlog.get_logger(__name__)


class Bus:
    """Hands each committed change to those who asked for its type, in the order of commits.

    The store calls `announce`; flows never do, so that no announcement can be forgotten, nor be made for nothing.
    """

    def __init__(self) -> None:
        self._listeners: dict[type[Any], list[Listener]] = defaultdict(list)

    def on(self, change: type[C], listener: Callable[[C, Any], None]) -> None:
        """`listener(change, outcome)` is called on the loop for each committed change of that type."""
        self._listeners[change].append(listener)

    def announce(self, changes: tuple[Change, ...], outcomes: tuple[Outcome, ...]) -> None:
        """A listener that fails is logged and does not keep the others, or the commit's caller, from hearing of it."""
        for change, outcome in zip(changes, outcomes, strict=True):
            for listener in self._listeners.get(type(change), ()):
                try:
                    listener(change, outcome)
                except Exception:
                    log.exception("listener failed", change=type(change).__name__)
