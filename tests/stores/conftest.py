"""The engines that every test of a store runs on, and a world of members to fill one with."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from relay.core.case import case_for
from relay.core.change import (
    AcceptPost,
    AddCommunity,
    AddMember,
    Change,
    Filed,
    FileReply,
    FreezeAudience,
    Frozen,
    Outcome,
    PlanPost,
    Released,
    ReleasePost,
)
from relay.core.community import Community
from relay.core.delivery import DeliveryState
from relay.core.member import Address, Consent, Member
from relay.core.post import Button, Post, PostState
from relay.core.staff import Token, TokenKind
from relay.core.thread import Filing, Message, NewThread, Role, Thread, ThreadRef, status_after
from relay.core.verdict import Action, Decision
from relay.ports import Store, Told
from relay.stores.sqlite import SqliteStore
from relay.testing.clock import Drawn, ManualClock

ALLOWED = Decision(Action.ALLOW, 0.0)
HELD = Decision(Action.HOLD, 5.0)
REJECTED = Decision(Action.REJECT, 9.0)
Told_ = list[tuple[tuple[Change, ...], tuple[Outcome, ...]]]


async def sqlite(folder: Path, told: Told) -> tuple[Store, Callable[[], Awaitable[None]]]:
    store = await SqliteStore.open(folder / "relay.db", told)
    return store, store.close


ENGINES: Mapping[str, Callable[[Path, Told], Awaitable[tuple[Store, Callable[[], Awaitable[None]]]]]] = {"sqlite": sqlite}
"""A further engine joins every test of the contract by its line here."""


@dataclass
class World:
    """A store with what tests need again and again."""

    store: Store
    told: Told_ = field(default_factory=list)
    clock: ManualClock = field(default_factory=ManualClock)
    ids: Drawn = field(default_factory=Drawn)

    async def community(self, slug: str = "bad") -> Community:
        await self.store.commit(AddCommunity(Community(self.ids(), slug, slug.title(), self.clock.now())))
        found = await self.store.community(slug)
        assert found is not None
        return found

    def newcomer(self, community: Community, *, device: str = "") -> AddMember:
        now, id_ = self.clock.now(), self.ids()
        token = Token(self.ids(), TokenKind.MEMBER, f"digest-{id_}", id_, now, device)
        member = Member(id_, community.n, "Blue Heron 12", now)
        return AddMember(member, Consent("web", "counter", "3.4", now), (Address("web", id_),), token)

    async def member(self, community: Community) -> Member:
        change = self.newcomer(community)
        await self.store.commit(change)
        found = await self.store.member(change.member.id)
        assert found is not None
        return found

    async def members(self, community: Community, count: int) -> list[Member]:
        return [await self.member(community) for _ in range(count)]

    def draft(self, community: Community, *, expires_in: float | None = None) -> Post:
        now = self.clock.now()
        return Post(
            id=self.ids(),
            community=community.n,
            author="eva",
            text="The bus is late.",
            created_at=now,
            buttons=(Button("yes", "Yes"), Button("no", "No")),
            expires_at=None if expires_in is None else now + timedelta(seconds=expires_in),
        )

    async def plan(self, draft: Post, group: int = 100) -> Post:
        """Everything but the acceptance."""
        n = cast("int", (await self.store.commit(PlanPost(draft)))[0])
        after, audience = 0, 0
        while True:
            (outcome,) = await self.store.commit(FreezeAudience(n, draft.community, after, group))
            frozen = cast("Frozen", outcome)
            audience += frozen.rows
            if frozen.last_member is None:
                return replace(draft, n=n, audience=audience)
            after = frozen.last_member

    async def accept(self, planned: Post) -> Post:
        accepted_at = self.clock.now()
        await self.store.commit(AcceptPost(replace(planned, state=PostState.SENDING, accepted_at=accepted_at)))
        found = await self.store.post(planned.id)
        assert found is not None
        return found

    async def accepted(self, community: Community, *, expires_in: float | None = None) -> Post:
        return await self.accept(await self.plan(self.draft(community, expires_in=expires_in)))

    async def release(self, post: Post, limit: int = 100) -> Released:
        (outcome,) = await self.store.commit(ReleasePost(post, limit, self.clock.now()))
        return cast("Released", outcome)

    async def posted(self, community: Community) -> Post:
        """Accepted, and released to everybody."""
        post = await self.accepted(community)
        while not (await self.release(post)).finished:
            pass
        found = await self.store.post(post.id)
        assert found is not None
        return found

    async def counts(self, post: Post) -> dict[str, int]:
        return {state.word: count for state, count in (await self.store.post_counts(post)).items()}

    def message(self, member: Member, text: str = "When does it come?", role: Role = Role.MEMBER) -> Message:
        return Message(self.ids(), member.n, role, text, self.clock.now())

    def reply(
        self, member: Member, thread: ThreadRef | NewThread | None = None, decision: Decision = ALLOWED, text: str = "When?"
    ) -> FileReply:
        message = replace(self.message(member, text), status=status_after(decision), client_id=self.ids())
        case = case_for(decision, self.ids, self.clock.now())
        return FileReply(Filing(message, thread or NewThread(self.ids(), None), decision, case, None), member.community)

    async def replied(self, member: Member, decision: Decision = ALLOWED, text: str = "When?") -> Thread:
        """The thread that a first reply without a post made."""
        change = self.reply(member, decision=decision, text=text)
        await self.store.commit(change)
        thread = await self.store.thread(change.filing.thread.id)
        assert thread is not None
        return thread

    async def filed(self, change: FileReply) -> Filed:
        return cast("Filed", (await self.store.commit(change))[0])

    async def states(self, post: Post) -> set[DeliveryState]:
        return set(await self.store.post_counts(post))


@pytest.fixture(params=list(ENGINES))
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    told: Told_ = []
    store, close = await ENGINES[request.param](tmp_path, lambda changes, outcomes: told.append((changes, outcomes)))
    yield World(store, told)
    await close()
