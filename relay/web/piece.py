"""A piece of a list that is short enough to lie in memory, paged as the long ones are."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from relay.core.errors import Fault, Invalid
from relay.ports import Page
from relay.web.bodies import PagingQuery

T = TypeVar("T")


def piece(items: Sequence[T], query: PagingQuery, name: Callable[[T], str]) -> Page[T]:
    """The items behind the one with the name in `after`. Raises Invalid when none has it."""
    start = 0
    if query.after is not None:
        names = [name(item) for item in items]
        if query.after not in names:
            raise Invalid("The query is not valid.", [Fault(("query", "after"), "is not what an earlier page gave as `next`")])
        start = names.index(query.after) + 1
    found = tuple(items[start : start + query.limit])
    return Page(found, name(found[-1]) if start + len(found) < len(items) else None)
