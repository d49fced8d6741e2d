"""Review: people decide what plugins could not, with a reason that the member is told, and look again when asked."""

from dataclasses import dataclass, field
from datetime import datetime

from relay.core.case import CaseState, CaseView, Finding, Ruling, appealed, ruled
from relay.core.change import Appeal, FileReply, Record, Rule
from relay.core.errors import Conflict, Stale, Unknown
from relay.core.identity import Ids
from relay.core.ladder import Ladder
from relay.core.measure import (
    Measure,
    Measuring,
    ObjectTo,
    Past,
    TakeBack,
    checked_until,
    may_object,
    sanction,
    undone,
    with_one_by_hand,
)
from relay.core.model import lesson_of
from relay.core.notice import Occasion, notice
from relay.core.staff import Actor
from relay.core.statement import by_ladder, over, reader_of, with_rejection
from relay.core.thread import Filing, Message, NewThread, Role, Status, checked_text, ref_of
from relay.core.verdict import Action, Decision
from relay.ports import Also, Clock, SignedIn, Store, nothing

_STATUS = {Ruling.DELIVER: Status.FILED, Ruling.REJECT: Status.REJECTED}
TRIES = 3  # races with other decisions about the same member


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What became of a case, and of its member by the hand of who decided."""

    state: CaseState
    measure: Measure | None = None


@dataclass(frozen=True, slots=True)
class Brought:
    """What a ruling brings about beside itself: what is written, what the member meets by rule and by hand, what is over."""

    changes: tuple[Measuring, ...] = ()
    by_rule: Measure | None = None
    by_hand: Measure | None = None
    over: tuple[Measure, ...] = ()


@dataclass(frozen=True, slots=True)
class Review:
    """Cases. `ladder` says what follows from a rejection; what followed is taken back when an appeal succeeds."""

    store: Store
    clock: Clock
    ids: Ids
    ladder: Ladder = field(default_factory=Ladder)

    async def decide(
        self,
        actor: Actor,
        view: CaseView,
        finding: Finding,
        also: Also[Reviewed] = nothing,
    ) -> Reviewed:
        """Delivers or rejects a held message, and imposes a measure with it.

        Raises Invalid (no reason, no possible measure), Conflict (decided), Denied (own appeal), Stale.
        """
        for _ in range(TRIES - 1):
            try:
                return await self._rule(actor, view, finding, also)
            except Stale:
                continue
        return await self._rule(actor, view, finding, also)

    async def _rule(self, actor: Actor, view: CaseView, finding: Finding, also: Also[Reviewed]) -> Reviewed:
        now, state = self.clock.now(), ruled(view.case, finding, actor.person)
        brought = await self._brought(actor, view, finding, now)
        reviewed = Reviewed(state, brought.by_hand)
        await self.store.commit(
            Rule(
                case=view.case.id,
                version=view.case.version,
                state=state,
                status=_STATUS[finding.ruling],
                by=actor.person,
                reason=finding.reason,
                at=now,
                thread=ref_of(view),
                community=view.community,
                notice=await self._notice(view, finding, brought),
                lesson=lesson_of(actor, view, finding.ruling),
            ),
            *brought.changes,
            Record(now, actor.id, f"case.{finding.ruling}", view.case.id, {"message": view.message}),
            *_imposed(actor, brought.by_hand),
            *also(reviewed),
        )
        return reviewed

    async def _brought(self, actor: Actor, view: CaseView, finding: Finding, now: datetime) -> Brought:
        """A rejection is a strike; a delivery after an appeal ends what came of the rejection."""
        if finding.ruling is Ruling.DELIVER and view.appeal is None:
            return Brought()
        past = await self.store.of(view.member).past()
        if finding.ruling is Ruling.REJECT:
            return self._followed(actor, view, finding, past, now)
        ended = undone(self.ladder, past, view.case.id, now)
        back = TakeBack(view.member, view.case.id, tuple(each.id for each in ended), now, actor.person)
        return Brought((back,), over=tuple(each for each in ended if each.holds(now)))

    def _followed(self, actor: Actor, view: CaseView, finding: Finding, past: Past, now: datetime) -> Brought:
        """What comes of a rejection: the strike with what the ladder has for it, and what the person adds."""
        found, by_hand, term = sanction(self.ladder, past, view.case.id, now, self.ids), None, finding.term
        if term is not None:
            until = checked_until(term.until, now, at=("body", "measure", "until"))
            reason = finding.reason.strip()
            by_hand = Measure(self.ids(), view.member, term.kind, now, until, actor.person, reason, view.case.id)
            found = with_one_by_hand(found, by_hand)
        return Brought(found.changes, found.measure, by_hand)

    async def _notice(self, view: CaseView, finding: Finding, brought: Brought) -> Message | None:
        """A member hears of a rejection, and of a delivery only after an appeal: before, nothing had changed for them."""
        if finding.ruling is Ruling.REJECT:
            occasion = Occasion.REJECTED_BY_PERSON
        elif view.appeal is not None:
            occasion = Occasion.DELIVERED_AFTER_APPEAL
        else:
            return None
        community = await self.store.community_by_n(view.community)
        member = await self.store.member(view.member_id)
        if community is None or member is None:
            raise Unknown
        reader, name = reader_of(member, community), community.name
        told = [notice(occasion, language=reader.language, name=name, reason=finding.reason), over(brought.over, reader)]
        told += [by_ladder(brought.by_rule, reader)] if brought.by_rule is not None else []
        told += [with_rejection(brought.by_hand, reader)] if brought.by_hand is not None else []
        return Message(
            id=self.ids(),
            member=view.member,
            role=Role.RELAY,
            text=" ".join(filter(None, told)),
            at=self.clock.now(),
            in_reply_to=view.message,
            case=view.case.id,
        )

    async def appeal(self, signed: SignedIn, case_id: str, text: str, also: Also[CaseState] = nothing) -> CaseState:
        """The member asks another person to look, once a case; a measure of staff's own is objected to in the same way.

        Raises Unknown, Conflict, Invalid.
        """
        view = await self.store.of(signed.member.n).case(case_id)
        if view is None:
            return await self._object(signed, case_id, text, also)
        if view.case.state is CaseState.OPEN:  # a silent hold is not told by way of an error either
            raise Unknown
        state = appealed(view.case, had_appeal=view.appeal is not None)
        await self.store.commit(Appeal(case_id, view.case.version, checked_text(text), self.clock.now()), *also(state))
        return state

    async def _object(self, signed: SignedIn, measure_id: str, text: str, also: Also[CaseState]) -> CaseState:
        """What they say comes into their thread, past any measure and past moderation: there staff find it."""
        own, now = self.store.of(signed.member.n), self.clock.now()
        measure = next((each for each in await own.measures() if each.id == measure_id), None)
        if measure is None or not measure.by or measure.case is not None:
            raise Unknown
        if not may_object(measure, now):
            raise Conflict("Each measure can be objected to once, while it is in force.")
        around = await own.surroundings(None, None)
        message = Message(id=self.ids(), member=signed.member.n, role=Role.MEMBER, text=checked_text(text), at=now)
        thread = around.latest or NewThread(self.ids(), None)
        await self.store.commit(
            FileReply(Filing(message, thread, Decision(Action.ALLOW, 0.0), None, None), signed.community.n),
            ObjectTo(signed.member.n, measure_id, now, message.id),
            *also(CaseState.APPEALED),
        )
        return CaseState.APPEALED


def _imposed(actor: Actor, measure: Measure | None) -> tuple[Record, ...]:
    """The same row as for one that is imposed alone."""
    return (
        () if measure is None else (Record(measure.at, actor.id, "measure.impose", measure.id, {"kind": measure.kind.value}),)
    )
