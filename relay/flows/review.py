"""Review: people decide what plugins could not, with a reason that the member is told, and look again when asked."""

from dataclasses import dataclass, field
from datetime import datetime

from relay.core.case import CaseState, CaseView, Ruling, appealed, ruled
from relay.core.change import Appeal, FileReply, Record, Rule
from relay.core.errors import Conflict, Invalid, Stale, Unknown
from relay.core.identity import Ids
from relay.core.ladder import Ladder
from relay.core.measure import Measure, Measuring, ObjectTo, TakeBack, may_object, sanction, undone
from relay.core.model import lesson_of
from relay.core.notice import Occasion, notice
from relay.core.staff import Actor
from relay.core.statement import by_ladder, over, reader_of
from relay.core.thread import Filing, Message, NewThread, Role, Status, checked_text, ref_of
from relay.core.verdict import Action, Decision
from relay.ports import Also, Clock, SignedIn, Store, nothing

_STATUS = {Ruling.DELIVER: Status.FILED, Ruling.REJECT: Status.REJECTED}
TRIES = 3  # races with other decisions about the same member


@dataclass(frozen=True, slots=True)
class Brought:
    """What a ruling brings about beside itself: what is written, what the member meets now, and what is over."""

    changes: tuple[Measuring, ...] = ()
    measure: Measure | None = None
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
        ruling: Ruling,
        reason: str,
        *,
        also: Also[CaseState] = nothing,
    ) -> CaseState:
        """Delivers or rejects a held message. Raises Invalid (no reason), Conflict (decided), Denied (own appeal), Stale."""
        if ruling is Ruling.REJECT and not reason.strip():
            raise Invalid("A rejection needs a reason; the member reads it.")
        state = ruled(view.case, ruling, actor.person)
        for left in reversed(range(TRIES)):
            try:
                await self._rule(actor, view, ruling, reason, also)
            except Stale:
                if not left:
                    raise
            else:
                break
        return state

    async def _rule(self, actor: Actor, view: CaseView, ruling: Ruling, reason: str, also: Also[CaseState]) -> None:
        now, state = self.clock.now(), ruled(view.case, ruling, actor.person)
        brought = await self._brought(actor, view, ruling, now)
        await self.store.commit(
            Rule(
                case=view.case.id,
                version=view.case.version,
                state=state,
                status=_STATUS[ruling],
                by=actor.person,
                reason=reason,
                at=now,
                thread=ref_of(view),
                community=view.community,
                notice=await self._notice(view, ruling, reason, brought),
                lesson=lesson_of(actor, view, ruling),
            ),
            *brought.changes,
            Record(now, actor.id, f"case.{ruling}", view.case.id, {"message": view.message}),
            *also(state),
        )

    async def _brought(self, actor: Actor, view: CaseView, ruling: Ruling, now: datetime) -> Brought:
        """A rejection is a strike; a delivery after an appeal ends what came of the rejection."""
        if ruling is Ruling.DELIVER and view.appeal is None:
            return Brought()
        past = await self.store.of(view.member).past()
        if ruling is Ruling.REJECT:
            found = sanction(self.ladder, past, view.case.id, now, self.ids)
            return Brought(found.changes, found.measure)
        ended = undone(self.ladder, past, view.case.id, now)
        back = TakeBack(view.member, view.case.id, tuple(each.id for each in ended), now, actor.person)
        return Brought((back,), over=tuple(each for each in ended if each.holds(now)))

    async def _notice(self, view: CaseView, ruling: Ruling, reason: str, brought: Brought) -> Message | None:
        """A member hears of a rejection, and of a delivery only after an appeal: before, nothing had changed for them."""
        if ruling is Ruling.REJECT:
            occasion = Occasion.REJECTED_BY_PERSON
        elif view.appeal is not None:
            occasion = Occasion.DELIVERED_AFTER_APPEAL
        else:
            return None
        community = await self.store.community_by_n(view.community)
        member = await self.store.member(view.member_id)
        if community is None or member is None:
            raise Unknown
        reader = reader_of(member, community)
        follows = over(brought.over, reader) if brought.measure is None else by_ladder(brought.measure, reader)
        told = notice(occasion, language=reader.language, name=community.name, reason=reason)
        return Message(
            id=self.ids(),
            member=view.member,
            role=Role.RELAY,
            text=f"{told} {follows}".rstrip(),
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
            ObjectTo(signed.member.n, measure_id, now),
            *also(CaseState.APPEALED),
        )
        return CaseState.APPEALED
