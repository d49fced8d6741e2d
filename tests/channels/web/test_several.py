"""What other processes do on the same store: much at once, between two looks, or while the store does not answer."""

from typing import Any, cast

from relay.channels.web import hub
from relay.core.errors import Unavailable
from relay.ports import SignedIn, Store
from tests.channels.web.pool import Pool, pool

__all__ = ["pool"]


class Behind:
    """The store, with something in front of it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever the store has
        return getattr(self._store, name)


class Revoking(Behind):
    """Between the first look at a token and the second, another process ends it."""

    looks = 0

    async def signed_in(self, digest: str, now: Any) -> SignedIn | None:  # noqa: ANN401  a time
        self.looks += 1
        return await self._store.signed_in(digest, now) if self.looks == 1 else None


class Away(Behind):
    """It does not answer for so many questions."""

    def __init__(self, store: Store, times: int) -> None:
        super().__init__(store)
        self.times = times

    def _ask(self) -> None:
        self.times -= 1
        if self.times >= 0:
            raise Unavailable("The database does not answer.")

    async def signed_in(self, digest: str, now: Any) -> SignedIn | None:  # noqa: ANN401  a time
        self._ask()
        return await self._store.signed_in(digest, now)

    def of(self, member: int) -> Any:  # noqa: ANN401  a scope
        self._ask()
        return self._store.of(member)


async def test_a_token_that_another_process_ends_during_the_hello_opens_nothing(pool: Pool) -> None:
    member = await pool.member()
    pool.streams.hub.store = cast("Store", Revoking(pool.store))

    device = await pool.join(member.token)

    assert (await device.hear())["type"] == "bye"
    assert await device.end() == 4403


async def test_a_store_that_is_away_during_the_hello_is_no_fault_of_the_token(pool: Pool) -> None:
    member = await pool.member()
    pool.streams.hub.store = cast("Store", Away(pool.store, 1))
    device = await pool.connect()

    await device.say(type="hello", token=member.token, after=0)
    bye = await device.hear()

    assert bye["type"] == "bye"
    assert bye["retry_after_ms"] > 0
    assert await device.end() == 1012
    await pool.join(member.token)


async def test_who_lacks_something_gets_it_when_the_store_answers_again(pool: Pool) -> None:
    member = await pool.member()
    device = await pool.join(member.token)
    pool.streams.hub.store = cast("Store", Away(pool.store, 1))
    (session,) = pool.streams.hub.find(member.member.n).sessions  # type: ignore[union-attr]
    session.sent = -1  # it lacks something

    await pool.post()

    assert (await device.hear())["seq"] == 1


async def test_what_others_release_faster_than_it_is_written_comes_from_the_store(pool: Pool) -> None:
    member = await pool.member()
    device = await pool.join(member.token)
    seqs = list(range(1, hub.MOST_GROUPS + 6))
    posts = [await pool.post(f"number {seq}") for seq in seqs]
    heard = [(await device.hear())["seq"] for _ in seqs]
    (session,) = pool.streams.hub.find(member.member.n).sessions  # type: ignore[union-attr]
    session.sent = 0  # as if they had been released elsewhere

    for seq, post in zip(seqs, posts, strict=True):
        pool.streams.hub.released(post, ((member.member.n, seq),))

    assert heard == seqs
    assert [(await device.hear())["seq"] for _ in seqs] == seqs
