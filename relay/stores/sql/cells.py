"""How values lie in columns: times as microseconds, lists and maps as JSON, places in a list as opaque text."""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import orjson

from relay.core.errors import Invalid
from relay.core.moment import from_micros, micros
from relay.ports import Page, Paging

T = TypeVar("T")

LIMIT = 1000  # rows a page; doors allow fewer
HIGHEST = 2**63 - 1  # the largest integer of a column: the place before everything in a falling list


us = micros
when = from_micros


def us_or_none(at: datetime | None) -> int | None:
    """NULL stays NULL."""
    return None if at is None else us(at)


def when_or_none(value: int | None) -> datetime | None:
    """NULL stays None."""
    return None if value is None else when(value)


def packed(value: object) -> str:
    """JSON text of plain values."""
    return orjson.dumps(value).decode()


def unpacked(text: str) -> Any:  # noqa: ANN401  JSON says itself what it is
    """The plain values that were packed."""
    return orjson.loads(text)


def place_of(*key: int) -> str:
    """The sort key of a row as the text that callers hand back for the following page."""
    return base64.urlsafe_b64encode(".".join(map(str, key)).encode()).decode().rstrip("=")


def place_in(paging: Paging, start: tuple[int, ...]) -> tuple[int, ...]:
    """The sort key to go on from, `start` at the beginning. Raises Invalid for a text that no page gave."""
    if paging.after is None:
        return start
    try:
        raw = base64.b64decode(paging.after + "=" * (-len(paging.after) % 4), altchars=b"-_", validate=True)
        key = tuple(int(part) for part in raw.decode("ascii").split("."))
    except (ValueError, binascii.Error):
        key = ()
    if len(key) != len(start) or any(abs(part) > HIGHEST for part in key):
        raise Invalid("`after` is not what an earlier page gave as `next`.")
    return key


def asked(paging: Paging) -> int:
    """How many rows to fetch: one more than wanted tells whether there is a next page."""
    return min(max(paging.limit, 1), LIMIT) + 1


def page(rows: Sequence[T], paging: Paging, make: Callable[[T], Any], key: Callable[[T], tuple[int, ...]]) -> Page[Any]:
    """The page made of fetched rows."""
    wanted = asked(paging) - 1
    following = place_of(*key(rows[wanted - 1])) if len(rows) > wanted else None
    return Page(tuple(make(row) for row in rows[:wanted]), following)
