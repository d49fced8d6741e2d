"""Measures over HTTP: what stands against a member, and what people of staff impose, end and decide."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StrictStr

from relay.core.errors import Unknown
from relay.core.ladder import MeasureKind
from relay.core.measure import Measure, Past, told
from relay.core.member import Member
from relay.flows.restrain import Wanted
from relay.ports import Objection, OfMember, Paging
from relay.web.bodies import Body, Moment, Nothing, PagingQuery, Storable
from relay.web.communities import community_at
from relay.web.desk import MemberRef
from relay.web.parts import Parts
from relay.web.route import MemberCall, StaffCall
from relay.web.views import Listed, listed

READ = "measure.read"
Reason = Annotated[StrictStr, Field(max_length=1000), Storable]


class NewMeasure(Body):
    """What a person of staff imposes; the member reads the reason."""

    kind: MeasureKind
    until: Moment
    reason: Reason


class Confirm(Body):
    """Why a proposed ban is imposed, and until when if not as proposed."""

    reason: Reason
    until: Moment | None = None


class AnswerBody(Body):
    """What another person makes of an objection; whoever upholds the measure says why, and the member reads it."""

    action: Literal["uphold", "overturn"]
    reason: Reason = ""


@dataclass(frozen=True, slots=True)
class MeasureView:
    """State: proposed, imposed, lifted, taken_back or dismissed; `is_in_force` says whether it holds now.

    `by` is null for the ladder's own, `case` is the one that it came from; `objected_at` is when the member asked for a look,
    `answered_at` when another person looked, and `answer` why it stays if it does.
    `kept` is how many messages shadow mode keeps out of the inbox by it, where all that stands against a member is read.
    """

    id: str
    member: str
    kind: str
    state: str
    is_in_force: bool
    at: datetime
    until: datetime
    by: str | None
    reason: str | None
    case: str | None
    ended_at: datetime | None
    ended_by: str | None
    objected_at: datetime | None
    answered_at: datetime | None
    answered_by: str | None
    answer: str | None
    kept: int = 0


@dataclass(frozen=True, slots=True)
class StrikeView:
    """A rejection that counts: with how many points at first, and what is left of them."""

    case: str
    points: float
    left: float
    at: datetime
    taken_back_at: datetime | None


@dataclass(frozen=True, slots=True)
class AgainstView:
    """All that stands against a member, oldest first; `points` is what is left of all strikes.

    `may_shadow` says whether the operator's configuration allows shadow mode.
    """

    points: float
    strikes: tuple[StrikeView, ...]
    measures: tuple[MeasureView, ...]
    may_shadow: bool


@dataclass(frozen=True, slots=True)
class KeptView:
    """A message that shadow mode keeps out of the inbox, by which measure, and the thread it belongs to."""

    id: str
    thread: str
    measure: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ProposalView:
    """A ban that waits for a decision, and who it would be against."""

    measure: MeasureView
    member: MemberRef


@dataclass(frozen=True, slots=True)
class ObjectionView:
    """A measure that its member asks another person to look at; `text` is what they say, `thread` where it stands."""

    measure: MeasureView
    member: MemberRef
    text: str | None
    thread: str | None


def measure_view(measure: Measure, member: str, now: datetime, kept: int = 0) -> MeasureView:
    return MeasureView(
        id=measure.id,
        member=member,
        kind=measure.kind,
        state=measure.state.word,
        is_in_force=measure.holds(now),
        at=measure.at,
        until=measure.until,
        by=measure.by or None,
        reason=measure.reason or None,
        case=measure.case,
        ended_at=measure.ended_at,
        ended_by=measure.ended_by or None,
        objected_at=measure.objected_at,
        answered_at=measure.answered_at,
        answered_by=measure.answered_by or None,
        answer=measure.answer or None,
        kept=kept,
    )


def against_view(parts: Parts, past: Past, kept: Mapping[str, int], member: str) -> AgainstView:
    now, ladder = parts.clock.now(), parts.review.ladder
    return AgainstView(
        points=round(ladder.points(past.strikes, now), 2),
        strikes=tuple(
            StrikeView(each.case, each.points, round(ladder.left(each, now), 2), each.at, each.taken_back_at)
            for each in past.strikes
        ),
        measures=tuple(measure_view(each, member, now, kept.get(each.id, 0)) for each in past.measures),
        may_shadow=parts.restrain.allows_shadow,
    )


async def _member(parts: Parts, member_id: str) -> Member:
    member = await parts.store.member(member_id)
    if member is None:
        raise Unknown
    return member


async def _measure(parts: Parts, measure_id: str) -> OfMember:
    found = await parts.store.measure(measure_id)
    if found is None:
        raise Unknown
    return found


async def against(call: StaffCall[None, None]) -> AgainstView:
    parts = call.parts
    member = await _member(parts, call.path["id"])
    await parts.govern.looked(call.actor.id, READ, [member.id])
    kept = await parts.store.kept_counts(member.n)
    return against_view(parts, await parts.store.of(member.n).past(), kept, member.id)


async def kept_of(call: StaffCall[None, PagingQuery]) -> Listed[KeptView]:
    """What shadow mode keeps out of the inbox of one member; reading it is written to the audit log."""
    member = await _member(call.parts, call.path["id"])
    await call.parts.govern.looked(call.actor.id, "shadow.read", [member.id])
    page = await call.parts.store.kept(member.n, Paging(call.query.limit, call.query.after))
    return listed(page, lambda one: KeptView(one.id, one.thread, one.measure, one.text, one.at))


async def impose(call: StaffCall[NewMeasure, None]) -> MeasureView:
    def shown(measure: Measure) -> MeasureView:
        return measure_view(measure, member.id, call.parts.clock.now())

    member, body = await _member(call.parts, call.path["id"]), call.body
    wanted = Wanted(body.kind, body.until, body.reason)
    return shown(await call.parts.restrain.impose(call.actor, member, wanted, call.also(shown)))


async def proposed(call: StaffCall[None, PagingQuery]) -> Listed[ProposalView]:
    def shown(found: OfMember) -> ProposalView:
        return ProposalView(measure_view(found.measure, found.member, now), MemberRef(found.member, found.pseudonym))

    community, now = await community_at(call.parts, call.path["slug"]), call.parts.clock.now()
    page = await call.parts.store.proposals(community.n, Paging(call.query.limit, call.query.after))
    await call.parts.govern.looked(call.actor.id, READ, [community.id])
    return listed(page, shown)


async def objected(call: StaffCall[None, PagingQuery]) -> Listed[ObjectionView]:
    def shown(one: Objection) -> ObjectionView:
        found = one.found
        member = MemberRef(found.member, found.pseudonym)
        return ObjectionView(measure_view(found.measure, found.member, now), member, one.text, one.thread)

    community, now = await community_at(call.parts, call.path["slug"]), call.parts.clock.now()
    page = await call.parts.store.objections(community.n, now, Paging(call.query.limit, call.query.after))
    await call.parts.govern.looked(call.actor.id, READ, [community.id, *(one.found.member for one in page.items)])
    return listed(page, shown)


async def answer(call: StaffCall[AnswerBody, None]) -> MeasureView:
    def shown(measure: Measure) -> MeasureView:
        return measure_view(measure, found.member, call.parts.clock.now())

    found, body = await _measure(call.parts, call.path["id"]), call.body
    upholds, also = body.action == "uphold", call.also(shown)
    return shown(await call.parts.restrain.answer(call.actor, found, body.reason, upholds=upholds, also=also))


async def confirm(call: StaffCall[Confirm, None]) -> MeasureView:
    def shown(measure: Measure) -> MeasureView:
        return measure_view(measure, found.member, call.parts.clock.now())

    found, body = await _measure(call.parts, call.path["id"]), call.body
    return shown(await call.parts.restrain.confirm(call.actor, found, body.reason, body.until, also=call.also(shown)))


async def dismiss(call: StaffCall[Nothing, None]) -> MeasureView:
    found = await _measure(call.parts, call.path["id"])
    measure = await call.parts.restrain.dismiss(call.actor, found)
    return measure_view(measure, found.member, call.parts.clock.now())


async def lift(call: StaffCall[Nothing, None]) -> MeasureView:
    found = await _measure(call.parts, call.path["id"])
    measure = await call.parts.restrain.lift(call.actor, found)
    return measure_view(measure, found.member, call.parts.clock.now())


@dataclass(frozen=True, slots=True)
class OwnMeasure:
    """What the member meets now, and until when; `reason` is a person's."""

    id: str
    kind: str
    at: datetime
    until: datetime
    reason: str | None
    case: str | None


async def own(call: MemberCall[None, PagingQuery]) -> Listed[OwnMeasure]:
    """What holds now, strictest first: a few at most, on one page."""
    measures = await call.parts.store.of(call.signed.member.n).measures()
    found = told(measures, call.parts.clock.now())
    return Listed(
        tuple(OwnMeasure(each.id, each.kind, each.at, each.until, each.reason or None, each.case) for each in found), None
    )
