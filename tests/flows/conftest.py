"""A house of flows over a real store in a temporary file, with time and ids that the test decides."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from relay.bus import Bus
from relay.core.change import Change, FileReply, Outcome
from relay.core.community import Community
from relay.core.identity import token_digest
from relay.core.run import FOR_EVER
from relay.core.staff import Actor, Role
from relay.core.verdict import Action, Decision, Submission
from relay.flows.answer import Answer
from relay.flows.deliver import Deliver
from relay.flows.enrol import Enrol, Newcomer
from relay.flows.govern import Govern
from relay.flows.join import Join
from relay.flows.judge import Judging
from relay.flows.keep import Keep
from relay.flows.pause import Pauses
from relay.flows.publish import Publish
from relay.flows.receive import Receive
from relay.flows.restrain import Restrain
from relay.flows.review import Review
from relay.ports import SignedIn
from relay.stores.sqlite import SqliteStore
from relay.testing.clock import Drawn, ManualClock, drawn_tokens

EVA = Actor("eva", "Eva", Role.MANAGER)
JAN = Actor("jan", "Jan", Role.MANAGER)
PATIENCE_S = 30.0  # until a test that waits has failed
PERSON = Newcomer(source="counter", text_version="3.4")


class Moderation:
    """Decides what the test says next; allows by default."""

    def __init__(self) -> None:
        self.next = Decision(Action.ALLOW, 0.0)
        self.asked: list[Submission] = []

    async def __call__(self, submission: Submission) -> Decision:
        self.asked.append(submission)
        return self.next


@dataclass
class House:
    """Everything a journey needs, and the changes that were announced."""

    store: SqliteStore
    bus: Bus
    clock: ManualClock
    moderation: Moderation
    announced: list[tuple[Change, Outcome]]
    publish: Publish
    deliver: Deliver
    receive: Receive
    answer: Answer
    review: Review
    enrol: Enrol
    govern: Govern
    keep: Keep
    join: Join
    pauses: Pauses
    restrain: Restrain

    async def community(self, slug: str = "bad") -> Community:
        made = Community(id=f"community-{slug}", slug=slug, name="Bad am See", created_at=self.clock.now())
        await self.govern.found(EVA, made)
        found = await self.store.community(slug)
        assert found is not None
        return found

    async def member(self, community: Community, person: Newcomer = PERSON) -> SignedIn:
        welcome = await self.enrol.add(EVA, community, person)
        return await self.signed_in(welcome.token)

    async def signed_in(self, token: str) -> SignedIn:
        signed = await self.store.signed_in(token_digest(token), self.clock.now())
        assert signed is not None
        return signed

    async def release(self) -> None:
        """Releases all that is due, as the delivering task does."""
        while await self.deliver.turn():
            pass

    def filed(self) -> list[FileReply]:
        return [change for change, _ in self.announced if isinstance(change, FileReply)]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = await open_house(tmp_path)
    yield made
    await made.store.close()


async def open_house(folder: Path) -> House:
    clock, ids, secrets, moderation = ManualClock(), Drawn(), drawn_tokens(), Moderation()
    bus = Bus()
    announced: list[tuple[Change, Outcome]] = []

    def told(changes: tuple[Change, ...], outcomes: tuple[Outcome, ...]) -> None:
        announced.extend(zip(changes, outcomes, strict=True))
        bus.announce(changes, outcomes)

    store = await SqliteStore.open(folder / "relay.db", told=told)
    keep = Keep(store, clock, FOR_EVER)
    await keep.renew()
    return House(
        store,
        bus,
        clock,
        moderation,
        announced,
        Publish(store, clock, ids, keep.sure),
        Deliver(store, clock),
        Receive(store, clock, ids, Judging(moderation)),
        Answer(store, clock, ids),
        Review(store, clock, ids),
        Enrol(store, clock, ids, secrets, b"key"),
        Govern(store, clock, ids, secrets),
        keep,
        Join(store, clock, ids, b"key", b"join key"),
        Pauses(store, clock),
        Restrain(store, clock, ids),
    )
