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
    AddStaff,
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
from relay.core.joining import AddConsentText, ConsentText
from relay.core.member import Address, Consent, Member
from relay.core.post import Button, Post, PostState
from relay.core.run import FOR_EVER, EndRun, StartRun, until
from relay.core.staff import Role as StaffRole
from relay.core.staff import Staff, Token, TokenKind
from relay.core.thread import Filing, Message, NewThread, Role, Thread, ThreadRef, status_after
from relay.core.verdict import Action, Decision
from relay.ports import Paging, Store, ThreadFilter, Told
from relay.stores.postgres import PostgresStore
from relay.stores.sqlite import SqliteStore
from relay.testing.clock import Drawn, ManualClock
from tests.servers import engines
from tests.servers.postgres import Postgres

ALLOWED = Decision(Action.ALLOW, 0.0)
HELD = Decision(Action.HOLD, 5.0)
REJECTED = Decision(Action.REJECT, 9.0)
Told_ = list[tuple[tuple[Change, ...], tuple[Outcome, ...]]]


Opened = tuple[Store, Callable[[], Awaitable[None]]]


async def sqlite(request: pytest.FixtureRequest, told: Told) -> Opened:
    folder: Path = request.getfixturevalue("tmp_path")
    store = await SqliteStore.open(folder / "relay.db", told)
    return store, store.close


async def postgresql(request: pytest.FixtureRequest, told: Told) -> Opened:
    server: Postgres = request.getfixturevalue("postgres")
    url = await server.database()
    store = await PostgresStore.open(url, told)

    async def close() -> None:
        await store.close()
        await server.give_back(url)

    return store, close


ENGINES: Mapping[str, Callable[[pytest.FixtureRequest, Told], Awaitable[Opened]]] = {
    engines.SQLITE: sqlite,
    engines.POSTGRESQL: postgresql,
}
"""A further engine joins every test of the contract by its line here."""


@dataclass
class World:
    """A store with what tests need again and again; `run` is the process that does all of it."""

    store: Store
    told: Told_ = field(default_factory=list)
    clock: ManualClock = field(default_factory=ManualClock)
    ids: Drawn = field(default_factory=Drawn)
    run: int = 1

    async def start_run(self, lasts: float = FOR_EVER) -> int:
        now = self.clock.now()
        return cast("int", (await self.store.commit(StartRun(now, until(now, lasts))))[0])

    async def next_run(self) -> None:
        """The process ends, and another begins."""
        await self.store.commit(EndRun(self.run))
        self.run = await self.start_run()

    async def community(self, slug: str = "bad") -> Community:
        await self.store.commit(AddCommunity(Community(self.ids(), slug, slug.title(), self.clock.now())))
        found = await self.store.community(slug)
        assert found is not None
        return found

    async def agreed_text(self, community: Community, text: str = "Ja") -> None:
        """A further version of what people agree to."""
        await self.store.commit(AddConsentText(community.n, ConsentText("de", "", text, "eva", self.clock.now())))

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

    def first_owner(self) -> AddStaff:
        now = self.clock.now()
        owner = Staff(self.ids(), "Owner", StaffRole.OWNER, now)
        return AddStaff(owner, Token(self.ids(), TokenKind.STAFF, f"digest of {owner.id}", owner.id, now), is_first=True)

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
        n = cast("int", (await self.store.commit(PlanPost(draft, self.run)))[0])
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
        self,
        member: Member,
        thread: ThreadRef | NewThread | None = None,
        decision: Decision = ALLOWED,
        text: str = "When does it come?",
    ) -> FileReply:
        message = replace(self.message(member, text), status=status_after(decision), client_id=self.ids())
        case = case_for(decision, self.ids, self.clock.now())
        return FileReply(Filing(message, thread or NewThread(self.ids(), None), decision, case, None), member.community)

    async def replied(self, member: Member, decision: Decision = ALLOWED, text: str = "When does it come?") -> Thread:
        """The thread that a first reply without a post made."""
        change = self.reply(member, decision=decision, text=text)
        await self.store.commit(change)
        thread = await self.store.thread(change.filing.thread.id)
        assert thread is not None
        return thread

    async def wrote(self, member: Member, decision: Decision = ALLOWED, text: str = "When?") -> None:
        """In the one thread that they have, which the first message makes."""
        mine = ThreadFilter(member=member.id)
        found = (await self.store.threads(member.community, mine, Paging(limit=1))).items
        await self.store.commit(self.reply(member, found[0].ref if found else None, decision, text))

    async def filed(self, change: FileReply) -> Filed:
        return cast("Filed", (await self.store.commit(change))[0])

    async def states(self, post: Post) -> set[DeliveryState]:
        return set(await self.store.post_counts(post))


@pytest.fixture
async def url(postgres: Postgres) -> AsyncIterator[str]:
    """Of a PostgreSQL database with all tables, empty; for what that engine alone does."""
    found = await postgres.database()
    yield found
    await postgres.give_back(found)


@pytest.fixture(params=engines.wanted())
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    told: Told_ = []
    store, close = await ENGINES[request.param](request, lambda changes, outcomes: told.append((changes, outcomes)))
    world = World(store, told)
    world.run = await world.start_run()
    told.clear()
    yield world
    await close()
