"""Tells who listens what was committed, here or by another process: the members' streams, the staff's console, the metrics."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from relay.core.change import Change, Outcome

C = TypeVar("C")
Listener = Callable[[Any, Any], None]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Missed:
    """Told like a change: what other processes committed meanwhile may not have been heard. Whoever shows it begins anew."""


class Bus:
    """Hands each committed change to those who asked for its type, in the order of commits.

    The store calls `announce`; flows never do, so that no announcement can be forgotten, nor be made for nothing.
    """

    def __init__(self) -> None:
        self._listeners: dict[type[Any], list[Listener]] = defaultdict(list)
        self._own: dict[type[Any], list[Listener]] = defaultdict(list)

    def on(self, change: type[C], listener: Callable[[C, Any], None]) -> None:
        """`listener(change, outcome)` is called on the loop for each committed change of that type, whoever committed it."""
        self._listeners[change].append(listener)

    def on_own(self, change: type[C], listener: Callable[[C, Any], None]) -> None:
        """The same for what this process committed."""
        self._own[change].append(listener)

    def wants(self, change: Change) -> bool:
        """Whether other processes have to hear of such a change."""
        return type(change) in self._listeners

    def announce(self, changes: tuple[Change, ...], outcomes: tuple[Outcome, ...]) -> None:
        """A listener that fails is logged and does not keep the others, or the commit's caller, from hearing of it."""
        for change, outcome in zip(changes, outcomes, strict=True):
            self._tell(self._listeners, change, outcome)
            self._tell(self._own, change, outcome)

    def hear(self, changes: tuple[Change, ...], outcomes: tuple[Outcome, ...]) -> None:
        """What another process committed."""
        for change, outcome in zip(changes, outcomes, strict=True):
            self._tell(self._listeners, change, outcome)

    def miss(self) -> None:
        """News of other processes may be missing."""
        self._tell(self._listeners, Missed(), None)

    def _tell(self, listeners: Mapping[type[Any], list[Listener]], change: object, outcome: object) -> None:
        for listener in listeners.get(type(change), ()):
            try:
                listener(change, outcome)
            except Exception:
                log.exception("listener failed", change=type(change).__name__)
