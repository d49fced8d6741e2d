"""Check: slow plugins look at messages that are held for them, and a second decision ends that."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from relay.core.case import CaseView
from relay.core.change import FileReply
from relay.core.checking import DecideAgain, Unchecked, ended
from relay.core.errors import Conflict
from relay.core.identity import Ids
from relay.core.ladder import Ladder
from relay.core.measure import Measure, Sanction, counts, sanction
from relay.core.notice import Occasion, notice, stated
from relay.core.statement import by_ladder, reader_of
from relay.core.thread import Message, Role, ref_of
from relay.core.verdict import Action, Decision
from relay.ports import Clock, JudgeAgain, Store
from relay.waiting import work

AT_ONCE = 8  # messages that slow plugins look at at the same time
LOOK_EVERY = 15.0  # seconds: what a run that has ended left behind tells nobody


@dataclass(slots=True)
class Check:
    """The store is the queue: what is held for a second look is found there again after any crash."""

    store: Store
    clock: Clock
    ids: Ids
    again: JudgeAgain
    epoch: Callable[[], int]
    ladder: Ladder = field(default_factory=Ladder)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def filed(self, change: FileReply, _outcome: object) -> None:
        """Hears from the bus that there is work."""
        if change.filing.message.checking:
            self._wake.set()

    @property
    def is_awake(self) -> bool:
        """Whether there is work that it has not begun."""
        return self._wake.is_set()

    async def run(self) -> None:
        """Looks at what is held until it is cancelled."""
        await work("second looks", self.turn, self._wake, LOOK_EVERY)

    async def turn(self) -> bool:
        """Decides about the oldest few; False when there are none. Raises Unavailable when the store cannot take a decision."""
        found = await self.store.unchecked(self.epoch(), self.clock.now(), AT_ONCE)
        by_member: defaultdict[int, list[Unchecked]] = defaultdict(list)
        for each in found:
            by_member[each.view.member].append(each)
        ends = await asyncio.gather(*map(self._decide_all, by_member.values()), return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException):
                raise end
        return bool(found)

    async def _decide_all(self, of_member: Iterable[Unchecked]) -> None:
        """In their order: a strike counts those before it, whoever else waits beside them."""
        for each in of_member:
            await self._decide(each)

    async def _decide(self, unchecked: Unchecked) -> None:
        """What a person decided meanwhile stays."""
        view = unchecked.view
        decision = replace(await self.again(unchecked.submission, unchecked.first), checking=False)
        kind, state = ended(decision)
        brought = await self._sanction(view, decision)
        change = DecideAgain(
            case=view.case.id,
            version=view.case.version,
            kind=kind,
            state=state,
            decision=decision,
            at=self.clock.now(),
            message=view.message,
            text=view.text,
            thread=ref_of(view),
            community=view.community,
            notice=await self._notice(unchecked, decision, brought.measure),
        )
        with suppress(Conflict):
            await self.store.commit(change, *brought.changes)

    async def _sanction(self, view: CaseView, decision: Decision) -> Sanction:
        if not counts(decision):
            return Sanction()
        past = await self.store.of(view.member).past()
        return sanction(self.ladder, past, view.case.id, self.clock.now(), self.ids)

    async def _notice(self, unchecked: Unchecked, decision: Decision, measure: Measure | None) -> Message | None:
        """The member hears of a rejection, as if it had been made at once."""
        if decision.action is not Action.REJECT:
            return None
        view = unchecked.view
        community = await self.store.community_by_n(view.community)
        member = await self.store.member(view.member_id)
        if community is None or member is None:  # erased meanwhile: so is the case
            return None
        reader = reader_of(member, community)
        reason = stated(decision, reader.language)
        told = notice(Occasion.REJECTED_BY_RULE, language=reader.language, name=community.name, reason=reason)
        return Message(
            id=self.ids(),
            member=view.member,
            role=Role.RELAY,
            text=told if measure is None else f"{told} {by_ladder(measure, reader)}",
            at=self.clock.now(),
            in_reply_to=view.message,
            case=view.case.id,
        )
