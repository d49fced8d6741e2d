"""Restrain: people of staff impose a measure on a member, end it before its time, and decide about bans that are proposed."""

from dataclasses import dataclass
from datetime import datetime

from relay.core.change import Record, SendMessage
from relay.core.errors import Invalid, Unknown
from relay.core.identity import Ids
from relay.core.ladder import MeasureKind
from relay.core.measure import (
    AnswerObjection,
    BringBack,
    Impose,
    Measure,
    MeasureState,
    Measuring,
    MoveMeasure,
    answered,
    checked_until,
    confirmed,
    dismissed,
    lifted,
)
from relay.core.member import Member
from relay.core.shadow import check_may_begin
from relay.core.staff import Actor
from relay.core.statement import by_person, on_objection, over, reader_of
from relay.core.thread import Message, NewThread, Role
from relay.ports import Also, Clock, OfMember, Store, nothing


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person of staff wants a member to meet; the member reads the reason."""

    kind: MeasureKind
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Restrain:
    """The member is told of each in the commit that makes it so, but for shadow mode, where the operator allows it."""

    store: Store
    clock: Clock
    ids: Ids
    allows_shadow: bool = False

    async def impose(self, actor: Actor, member: Member, wanted: Wanted, also: Also[Measure] = nothing) -> Measure:
        """By hand, from now on. Raises Invalid (no reason, no possible end), Conflict (shadow mode is not allowed), Stale."""
        reason, now = _checked(wanted.reason), self.clock.now()
        until = checked_until(wanted.until, now)
        measure = Measure(self.ids(), member.n, wanted.kind, now, until, actor.person, reason)
        if wanted.kind is MeasureKind.SHADOW:
            check_may_begin(await self.store.of(member.n).measures(), until, now, is_allowed=self.allows_shadow)
            await self.store.commit(Impose(measure), self._record(actor, measure, "impose"), *also(measure))
        else:
            await self._tell(actor, member, measure, Impose(measure), also)
        return measure

    async def confirm(
        self, actor: Actor, found: OfMember, reason: str, until: datetime | None, also: Also[Measure] = nothing
    ) -> Measure:
        """A proposed ban, from now on; it lasts as proposed unless another end is given. Raises Conflict, Invalid, Stale."""
        now, was = self.clock.now(), found.measure
        end = until or now + (was.until - was.at)
        measure = confirmed(was, actor.person, _checked(reason), end, now)
        await self._tell(actor, await self._member(found), measure, MoveMeasure(measure, MeasureState.PROPOSED), also)
        return measure

    async def dismiss(self, actor: Actor, found: OfMember) -> Measure:
        """The member hears nothing: nothing had changed for them. Raises Conflict, Stale."""
        now = self.clock.now()
        measure = dismissed(found.measure, actor.person, now)
        await self.store.commit(
            MoveMeasure(measure, MeasureState.PROPOSED), Record(now, actor.id, "measure.dismiss", measure.id, {})
        )
        return measure

    async def lift(self, actor: Actor, found: OfMember) -> Measure:
        """Over before its time. Raises Conflict when it is over already, Stale.

        What shadow mode kept comes into the inbox, also where its time is over.
        """
        if found.measure.kind is MeasureKind.SHADOW:
            return await self._bring_back(actor, found.measure)
        measure = lifted(found.measure, actor.person, self.clock.now())
        await self._tell(actor, await self._member(found), measure, MoveMeasure(measure, MeasureState.IMPOSED), nothing)
        return measure

    async def _bring_back(self, actor: Actor, measure: Measure) -> Measure:
        now = self.clock.now()
        ended = lifted(measure, actor.person, now) if measure.holds(now) else measure
        over = (MoveMeasure(ended, MeasureState.IMPOSED),) if ended is not measure else ()
        back = BringBack(measure.member, measure.id, now)
        await self.store.commit(*over, back, self._record(actor, measure, "lift"))
        return ended

    def _record(self, actor: Actor, measure: Measure, what: str) -> Record:
        return Record(self.clock.now(), actor.id, f"measure.{what}", measure.id, {"kind": measure.kind.value})

    async def answer(
        self, actor: Actor, found: OfMember, reason: str, *, upholds: bool, also: Also[Measure] = nothing
    ) -> Measure:
        """To an objection: upheld with a reason, or over. Raises Conflict, Denied (who imposed it), Invalid, Stale.

        Who objects to shadow mode has read of it in their export: they are told as of any other, and what it kept comes back.
        """
        now = self.clock.now()
        measure = answered(found.measure, actor.person, reason, now, upholds=upholds)
        brings = measure.kind is MeasureKind.SHADOW and not upholds
        back = (BringBack(measure.member, measure.id, now),) if brings else ()
        await self._tell(actor, await self._member(found), measure, AnswerObjection(measure), lambda made: (*back, *also(made)))
        return measure

    async def _member(self, found: OfMember) -> Member:
        member = await self.store.member(found.member)
        if member is None:
            raise Unknown
        return member

    async def _tell(self, actor: Actor, member: Member, measure: Measure, change: Measuring, also: Also[Measure]) -> None:
        """Writes it, with the notice in the thread that is at hand, and who did it."""
        community = await self.store.community_by_n(member.community)
        around = await self.store.of(member.n).surroundings(None, None)
        if community is None:
            raise Unknown
        reader = reader_of(member, community)
        done = _done(change)
        told = {
            "lift": over([measure], reader),
            "impose": by_person(measure, reader, community.name),
        }.get(done) or on_objection(measure, reader, community.name)
        now = self.clock.now()
        case = measure.case or measure.id if done == "impose" else None
        message = Message(id=self.ids(), member=member.n, role=Role.RELAY, text=told, at=now, case=case)
        await self.store.commit(
            change,
            SendMessage(message, around.latest or NewThread(self.ids(), None), community.n),
            self._record(actor, measure, done),
            *also(measure),
        )


def _done(change: Measuring) -> str:
    """As the audit log says it."""
    if isinstance(change, AnswerObjection):
        return "overturn" if change.measure.state is MeasureState.LIFTED else "uphold"
    is_lifted = isinstance(change, MoveMeasure) and change.measure.state is MeasureState.LIFTED
    return "lift" if is_lifted else "impose"


def _checked(reason: str) -> str:
    if not reason.strip():
        raise Invalid("A measure needs a reason; the member reads it.")
    return reason.strip()
