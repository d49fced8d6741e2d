"""A message in the grey band is held while slow plugins look, and their decision is the one that counts."""

from dataclasses import dataclass, field, replace

import pytest

from relay.core.case import CaseState, Finding, Ruling
from relay.core.checking import DecideAgain
from relay.core.thread import Role, Status
from relay.core.verdict import Action, Decision, Seen, Signal, Submission
from relay.flows.check import Check
from relay.flows.judge import Judging
from relay.flows.receive import Reply
from relay.ports import Paging, SignedIn, ThreadFilter
from tests.flows.conftest import EVA, House

GREY = Decision(Action.HOLD, 3.0, (Seen(Signal("offence.rude", reason="rude"), "offence", "1", 3.0),), checking=True)
TOLD = {"en": "it holds an insult", "de": "sie enthält eine Beleidigung"}
ALLOWED = Decision(Action.ALLOW, 0.0)
WORSE = Seen(Signal("llm.insult", reason="an insult", hard=True), "llm", "1", 9.0, told=TOLD)


@dataclass
class Slow:
    """Decides what the test says next."""

    next: Decision = ALLOWED
    asked: list[tuple[Submission, Decision]] = field(default_factory=list)

    async def __call__(self, submission: Submission, first: Decision) -> Decision:
        self.asked.append((submission, first))
        return self.next


@dataclass
class Desk:
    """A house with somebody who slow plugins look at."""

    house: House
    slow: Slow
    signed: SignedIn

    def check(self, slow: Slow | None = None) -> Check:
        house = self.house
        again = Judging(house.moderation, slow or self.slow).again
        return Check(house.store, house.clock, house.receive.ids, again, lambda: 1)

    async def says(self, text: str) -> None:
        self.house.moderation.next = GREY
        await replace(self.house.receive, run=lambda: 1).reply(self.signed, Reply(text, "web"))

    async def status(self) -> Status:
        return (await self._messages())[0]

    async def _messages(self) -> list[Status]:
        (thread,) = (await self.house.store.threads(self.signed.community.n, ThreadFilter(), Paging())).items
        return [each.status for each in (await self.house.store.messages(thread.n, Paging())).items]

    async def heard(self) -> list[str]:
        return [item.text for item in await self.house.store.of(self.signed.member.n).items(0, 10)]

    async def case(self) -> CaseState:
        (view,) = (await self.house.store.cases(self.signed.community.n, None, Paging())).items
        return view.case.state


@pytest.fixture
async def desk(house: House) -> Desk:
    return Desk(house, Slow(), await house.member(await house.community()))


async def test_staff_see_it_held_until_it_was_looked_at(desk: Desk) -> None:
    await desk.says("You again")
    before = await desk.status()

    await desk.check().turn()

    assert (before, await desk.status()) == (Status.HELD, Status.FILED)
    assert await desk.case() is CaseState.DELIVERED


async def test_slow_plugins_are_given_what_was_seen_at_first(desk: Desk) -> None:
    await desk.says("You again")

    await desk.check().turn()

    ((submission, first),) = desk.slow.asked
    assert (submission.text, submission.channel, submission.member.id) == ("You again", "web", desk.signed.member.id)
    assert [seen.signal.name for seen in first.signals] == ["offence.rude"]


async def test_the_member_hears_of_a_rejection_with_its_reason(desk: Desk) -> None:
    await desk.says("You again")
    heard_at_first = await desk.heard()
    desk.slow.next = Decision(Action.REJECT, 12.0, (WORSE,))

    await desk.check().turn()

    assert heard_at_first == ["You again"]
    assert "it holds an insult" in (await desk.heard())[1]
    assert await desk.status() is Status.REJECTED


async def test_a_message_that_cannot_be_looked_at_stays_with_staff(desk: Desk) -> None:
    class Broken(Slow):
        async def __call__(self, submission: Submission, first: Decision) -> Decision:
            raise RuntimeError("no model")

    await desk.says("You again")

    await desk.check(Broken()).turn()

    assert (await desk.status(), await desk.case()) == (Status.HELD, CaseState.OPEN)
    assert await desk.check().turn() is False


async def test_each_message_of_a_member_is_looked_at_once_and_in_their_order(desk: Desk) -> None:
    texts = ["You", "You again", "And you again"]
    for text in texts:
        await desk.says(text)
    desk.slow.next = Decision(Action.REJECT, 12.0, (WORSE,))

    await desk.check().turn()

    assert await desk.check().turn() is False
    assert [submission.text for submission, _ in desk.slow.asked] == texts
    (view, *_) = (await desk.house.store.threads(desk.signed.community.n, ThreadFilter(), Paging())).items
    own = [each.id for each in (await desk.house.store.messages(view.n, Paging())).items if each.role is Role.MEMBER]
    told = [item.in_reply_to for item in await desk.house.store.of(desk.signed.member.n).items(0, 10) if item.in_reply_to]
    assert told == own


async def test_what_a_person_decides_meanwhile_stays(desk: Desk) -> None:
    house = desk.house

    class Late(Slow):
        async def __call__(self, submission: Submission, first: Decision) -> Decision:
            (view,) = (await house.store.cases(desk.signed.community.n, None, Paging())).items
            await house.review.decide(EVA, view, Finding(Ruling.REJECT, "not here"))
            return self.next

    await desk.says("You again")

    await desk.check(Late()).turn()

    assert (await desk.status(), await desk.case()) == (Status.REJECTED, CaseState.REJECTED)
    assert await desk.check().turn() is False


async def test_after_a_crash_another_run_takes_it_up(desk: Desk) -> None:
    await desk.says("You again")
    house = desk.house
    await house.keep.end()
    after_restart = Check(house.store, house.clock, house.receive.ids, Judging(house.moderation, desk.slow).again, lambda: 2)

    assert await after_restart.turn() is True

    assert await desk.status() is Status.FILED
    assert [type(change) for change, _ in house.announced].count(DecideAgain) == 1


async def test_the_bus_wakes_it_for_what_is_held_for_it_alone(desk: Desk) -> None:
    check = desk.check()
    desk.house.moderation.next = Decision(Action.ALLOW, 0.0)
    await desk.house.receive.reply(desk.signed, Reply("Good morning", "web"))
    (fine,) = desk.house.filed()
    check.filed(fine, None)
    woken_by_fine = check.is_awake

    await desk.says("You again")
    check.filed(desk.house.filed()[-1], None)

    assert (woken_by_fine, check.is_awake) == (False, True)
