"""News between processes on one PostgreSQL: what a commit changed is told to the others by the same transaction.

A commit's (change, outcome) pairs travel as JSON in notifications, cut into as many as it takes. The server hands them on in
the order of commits, all parts of one together, and to those alone who were listening when it committed.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import orjson
from pydantic import TypeAdapter

from relay.core import change as c
from relay.core.change import Change, Outcome
from relay.ports import Told
from relay.stores.sql.steps import Statement

MOST = 7900  # bytes of a notification: PostgreSQL takes fewer than 8000
HEAD = 100  # bytes of them that are no part

# Nobody is told while no other run is there: transactions that notify commit one after the other, each with a write to the disk
# of its own. Whoever begins a run has the lock alone for a moment (locks.ONE_MORE_RUN), so that every commit either is seen by
# what that run reads, or is told to it.
FUNCTION = """
    CREATE FUNCTION relay_tell(parts text[], epoch bigint) RETURNS void LANGUAGE plpgsql AS $body$
    BEGIN
        PERFORM pg_advisory_xact_lock_shared(1380928858);
        IF EXISTS (SELECT 1 FROM runs WHERE n <> epoch) THEN
            PERFORM pg_notify('relay_news_' || current_schema(), part) FROM unnest(parts) AS part;
        END IF;
    END $body$"""
TELL = """SELECT relay_tell($1::text[], $2)"""
OTHERS = """SELECT EXISTS (SELECT 1 FROM runs WHERE n <> $1)"""
PART = re.compile(r"(\S+) (\d+) (\d+) (\d+) (.*)", re.DOTALL)  # who tells, which commit, which part of how many, the part
CHANNEL = """SELECT 'relay_news_' || current_schema()"""


@dataclass(frozen=True, slots=True)
class Hearing:
    """Who hears of other processes: `wants` says of which changes, `hear` gets them, `miss` hears that some may be missing."""

    wants: Callable[[Change], bool]
    hear: Told
    miss: Callable[[], None]


DEAF = Hearing(lambda _change: False, lambda _changes, _outcomes: None, lambda: None)
"""Tells nothing, and hears nothing: for who does one thing and ends."""


class Garbled(Exception):
    """What another process told cannot be read here: a part is missing, or its relay is a newer one."""


def _none_yet() -> int:
    """Any run that is there is another's."""
    return 0


class News:
    """Puts commits into notifications, and notifications together again.

    `origin` names this process, `epoch` its run; `wants` says of which changes others have to hear.
    """

    def __init__(self, origin: str, wants: Callable[[Change], bool]) -> None:
        self.epoch: Callable[[], int] = _none_yet
        self._origin = origin
        self._wants = wants
        self._count = 0
        self._parts: list[str] = []
        self._commit = "", ""

    def said(self, changes: Sequence[Change], outcomes: Sequence[Outcome]) -> Statement | None:
        """What tells of a commit, within it; None when nobody asks for any of it."""
        parts = self.parts(changes, outcomes)
        return (TELL, (parts, self.epoch())) if parts else None

    def parts(self, changes: Sequence[Change], outcomes: Sequence[Outcome]) -> list[str]:
        """What is to be told of a commit; empty when nobody asks for any of it."""
        pairs = [
            [type(change).__name__, change, outcome]
            for change, outcome in zip(changes, outcomes, strict=True)
            if self._wants(change)
        ]
        if not pairs:
            return []
        self._count += 1
        pieces = _cut(orjson.dumps(pairs, option=orjson.OPT_NON_STR_KEYS))
        return [f"{self._origin} {self._count} {n} {len(pieces)} {piece}" for n, piece in enumerate(pieces)]

    def take(self, payload: str) -> tuple[tuple[Change, ...], tuple[Outcome, ...]] | None:
        """What a notification says, with its last part; None before, and for one's own. Raises Garbled."""
        found = PART.fullmatch(payload)
        if found is None:
            raise Garbled("no news")
        origin, count, number, of, piece = found.groups()
        if origin == self._origin:
            return None
        if number == "0":
            self._parts.clear()
            self._commit = origin, count
        elif (origin, count) != self._commit or int(number) != len(self._parts):
            self._parts.clear()
            raise Garbled(f"part {number} of {of} without those before")
        self._parts.append(piece)
        if len(self._parts) < int(of):
            return None
        text = "".join(self._parts)
        self._parts.clear()
        return _read(text)


def _cut(text: bytes) -> list[str]:
    """Pieces that fit; one that would end within a character of several bytes ends before it."""
    pieces, start = [], 0
    while start < len(text):
        piece = text[start : start + MOST - HEAD].decode(errors="ignore")
        start += len(piece.encode())
        pieces.append(piece)
    return pieces


def _read(text: str) -> tuple[tuple[Change, ...], tuple[Outcome, ...]]:
    changes: list[Change] = []
    outcomes: list[Outcome] = []
    try:
        for name, change, outcome in orjson.loads(text):
            changes.append(cast("Change", _adapter(name).validate_python(change)))
            outcomes.append(_outcome().validate_python(outcome))
    except (ValueError, KeyError) as problem:
        raise Garbled(type(problem).__name__) from None
    return tuple(changes), tuple(outcomes)


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(_types()[name])


@cache
def _types() -> dict[str, Any]:
    return {each.__name__: each for each in c.Change.__args__}


@cache
def _outcome() -> TypeAdapter[Outcome]:
    return TypeAdapter(Outcome)
