"""What queries and writes are made of, whichever engine runs them."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from relay.core.change import Outcome

T = TypeVar("T")

Row = tuple[Any, ...]
Statement = tuple[str, tuple[object, ...]]
"""SQL with `$1`, `$2`, ... and the values for them, and the words that an engine has its own way for:

`gathered(column)` joins numbers with commas. At the end of a SELECT, `locking(a, d)` keeps the rows of these tables from all
others until the commit, and gives them as they are then; `passing_locked(a)` also leaves out those that another has.
"""


@dataclass(frozen=True, slots=True)
class Many:
    """One statement for many sets of values; gives no rows back."""

    sql: str
    args: Sequence[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Lock:
    """Has writers that could meet here go one after another, each to its commit; an engine with one writer passes over it."""

    sql: str
    args: tuple[object, ...] = ()


Steps = Generator[Statement | Many | Lock, list[Row], T]
"""A write: yields statements, is sent their rows, returns what came of it. It waits for nothing, so any driver can run it."""

Write = Callable[[Any], Steps[Outcome]]
"""How one type of change is written."""


Read = Callable[..., Awaitable[list[Row]]]
"""SQL and its values in, rows out."""


class Queries(ABC):
    """What reads; the engine says how."""

    @abstractmethod
    async def _rows(self, sql: str, *args: object) -> list[Row]:
        """For look-ups by key, which take microseconds."""

    @abstractmethod
    async def _scan(self, sql: str, *args: object) -> list[Row]:
        """For what may walk over many rows: counts, lists, searches."""
