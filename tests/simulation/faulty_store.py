"""The real store, with somebody between it and the flows who decides when each question is answered, and whether it is."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, cast

from relay.core.change import Change, Outcome
from relay.ports import MemberScope, Store


class Ask(Protocol):
    """Whoever decides; `changes` are those of a commit, none for what is only read."""

    async def __call__(self, work: Callable[[], Awaitable[Any]], *changes: Change) -> Any: ...  # noqa: ANN401


class _Asking:
    """Every call goes by way of `ask`."""

    def __init__(self, asked: object, ask: Ask) -> None:
        self._asked = asked
        self._ask = ask

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        act = getattr(self._asked, name)

        async def ask(*args: object, **named: object) -> Any:  # noqa: ANN401
            return await self._ask(lambda: act(*args, **named))

        return ask


class _FaultyStore(_Asking):
    """A commit that is asked for is made or refused, whether or not its caller still waits."""

    _asked: Store

    async def commit(self, *changes: Change) -> tuple[Outcome, ...]:
        outcomes: tuple[Outcome, ...] = await self._ask(lambda: self._asked.commit(*changes), *changes)
        return outcomes

    def of(self, member: int) -> MemberScope:
        return cast("MemberScope", _Asking(self._asked.of(member), self._ask))


def faulty(store: Store, ask: Ask) -> Store:
    """Delegates by name: whatever the store learns to do is asked for in the same way."""
    return cast("Store", _FaultyStore(store, ask))
