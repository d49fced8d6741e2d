"""Idempotency-Key: a repeated request gets the first one's answer, which was written in the same commit as its effect."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import structlog

from relay.core.change import Change
from relay.core.errors import Busy, Fault, Invalid
from relay.core.joining import ForgetJoins
from relay.core.repeat import Forget, Remember
from relay.ports import Also, Clock, Remembered, Store, nothing
from relay.web.views import dumps

HEADER = "Idempotency-Key"
KEPT = timedelta(days=7)
MAX_KEY = 255  # characters

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request with a key; `secret` names the fields that a repeated answer does not show, `about` the id in its path.

    Where the path has none, the answer is about what it made.
    """

    caller: str
    key: str
    fingerprint: str
    status: int
    secret: tuple[str, ...]
    about: str = ""

    def also(self, clock: Clock, render: Callable[[Any], object]) -> Also[Any]:
        """What a flow adds to its commit: the answer, made of its result."""

        def changes(result: object) -> tuple[Change, ...]:
            view = render(result)
            if self.secret:
                view = replace(view, **dict.fromkeys(self.secret))  # type: ignore[type-var]
            body = dumps(view).decode()
            about = self.about or getattr(view, "id", "")
            return (Remember(self.caller, self.key, self.fingerprint, self.status, body, clock.now(), about),)

        return changes


class Repeats:
    """Tells new requests from repeated ones; `running` holds those that have no answer yet."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._running: set[tuple[str, str]] = set()

    async def begin(self, attempt: Attempt) -> Remembered | None:
        """The earlier answer, or None: then it runs, and `end` must follow. Raises Busy, Invalid (another body)."""
        mark = attempt.caller, attempt.key
        if mark in self._running:
            raise Busy("A request with this Idempotency-Key is still running.")
        self._running.add(mark)
        try:
            earlier = await self._store.remembered(*mark)
            _check_same(earlier, attempt)
        except BaseException:
            self.end(attempt)
            raise
        if earlier is not None:
            self.end(attempt)
        return earlier

    def end(self, attempt: Attempt) -> None:
        """The attempt has its answer, or none will come."""
        self._running.discard((attempt.caller, attempt.key))

    async def forget(self) -> None:
        """Drops what is older than a week, and the marks of joins that cannot be repeated any more."""
        now = self._clock.now()
        await self._store.commit(Forget(now - KEPT), ForgetJoins(now))

    async def clear(self, every: float) -> None:
        """Forgets, again and again, so many seconds apart; what goes wrong once does not end it."""
        while True:
            try:
                await self.forget()
            except Exception:
                log.exception("old answers stay for now")
            await asyncio.sleep(every)


def _check_same(earlier: Remembered | None, attempt: Attempt) -> None:
    if earlier is not None and earlier.fingerprint != attempt.fingerprint:
        fault = Fault(("header", HEADER), "was used before")
        raise Invalid("This Idempotency-Key was used for another request.", [fault])


def checked_key(key: str) -> str:
    """Raises Invalid unless it is 1 to 255 visible ASCII characters."""
    if not key or len(key) > MAX_KEY or not key.isascii() or not key.isprintable():
        fault = Fault(("header", HEADER), f"needs 1 to {MAX_KEY} visible ASCII characters")
        raise Invalid("The Idempotency-Key is not valid.", [fault])
    return key


def fingerprint(method: str, path: str, body: bytes) -> str:
    """The digest of what was asked."""
    return sha256(b"\n".join((method.encode(), path.encode("utf-8", "surrogatepass"), body))).hexdigest()


def no_key(_: Callable[[Any], object]) -> Also[Any]:
    """For a request without a key."""
    return nothing
