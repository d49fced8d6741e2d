"""A member and what happens to them: what they say, what staff decide, what they are met with and told of."""

from datetime import timedelta

from relay.core.case import CaseState, CaseView, Finding, Ruling
from relay.core.errors import Muted, TooMany
from relay.core.ladder import MeasureKind
from relay.core.measure import Measure, Term, in_force
from relay.core.stream import ItemKind
from relay.core.thread import Status
from relay.core.verdict import Action, Decision, Seen, Signal
from relay.flows.receive import Reply
from relay.flows.restrain import Wanted
from relay.ports import Paging, SignedIn, ThreadFilter
from tests.flows.conftest import EVA, JAN, House

HOLD = Decision(Action.HOLD, 5.0, signals=(Seen(Signal("words.insult", reason="an insult"), "words", "1", 5.0),))
THREAT = Seen(Signal("words.threat", reason="a threat", hard=True), "words", "1", 9.0)
REJECT = Decision(Action.REJECT, 9.0, signals=(THREAT,))
DAY = 86_400.0


class Life:
    """One member and what happens to them."""

    def __init__(self, house: House, signed: SignedIn) -> None:
        self.house = house
        self.signed = signed
        self.n = signed.member.n
        self._said = 0

    async def says(self, text: str = "Hello", decision: Decision | None = None) -> None:
        self._said += 1
        self.house.moderation.next = decision or Decision(Action.ALLOW, 0.0)
        await self.house.receive.reply(self.signed, Reply(text, "web", f"c{self._said}"))

    async def is_heard(self, text: str = "Hello") -> bool:
        """Whether the relay takes it."""
        try:
            await self.says(text)
        except (Muted, TooMany):
            return False
        return True

    async def cases(self, state: CaseState | None = None) -> list[CaseView]:
        return list((await self.house.store.cases(self.signed.community.n, state, Paging())).items)

    async def is_rejected(self) -> CaseView:
        """Held, and rejected by a person; slow mode is kept to."""
        self.house.clock.pass_(60)
        await self.says("You fool", HOLD)
        view = (await self.cases(CaseState.OPEN))[-1]
        await self.house.review.decide(EVA, view, Finding(Ruling.REJECT, "Insults are not read here."))
        return view

    async def is_rejected_with(self, kind: MeasureKind) -> CaseView:
        """The same, and the person imposes a measure for a day with it."""
        await self.says("You fool", HOLD)
        (view,) = await self.cases(CaseState.OPEN)
        term = Term(kind, self.house.clock.now() + timedelta(seconds=DAY))
        await self.house.review.decide(EVA, view, Finding(Ruling.REJECT, "Insults are not read here.", term))
        return view

    async def appeals(self, view: CaseView, ruling: Ruling = Ruling.DELIVER) -> None:
        """And another person decides."""
        await self.house.review.appeal(self.signed, view.case.id, "It was a joke")
        (appealed,) = await self.cases(CaseState.APPEALED)
        await self.house.review.decide(JAN, appealed, Finding(ruling, "Still an insult."))

    async def meets(self) -> list[MeasureKind]:
        measures = await self.house.store.of(self.n).measures()
        return [each.kind for each in in_force(measures, self.house.clock.now())]

    async def points(self) -> float:
        past = await self.house.store.of(self.n).past()
        return self.house.review.ladder.points(past.strikes, self.house.clock.now())

    async def notices(self) -> list[str]:
        items = await self.house.store.of(self.n).items(0, 100)
        return [item.text for item in items if item.kind is ItemKind.NOTICE]

    async def statuses(self) -> list[Status]:
        (thread,) = (await self.house.store.threads(self.signed.community.n, ThreadFilter(), Paging())).items
        messages = (await self.house.store.messages(thread.n, Paging())).items
        return [message.status for message in messages if message.role.word == "member"]

    async def is_met_with(self, kind: MeasureKind, reason: str = "Tone", seconds: float = DAY) -> Measure:
        until = self.house.clock.now() + timedelta(seconds=seconds)
        return await self.house.restrain.impose(EVA, self.signed.member, Wanted(kind, until, reason))
