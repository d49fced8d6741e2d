"""Cases over HTTP: what moderation left to people, and what they decide."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from relay.core.alike import clusters
from relay.core.case import CaseState, Finding
from relay.core.case import CaseView as Case
from relay.core.errors import Unknown
from relay.core.measure import Term
from relay.flows.review import Reviewed
from relay.ports import Paging
from relay.web.bodies import CasesQuery, Decide, PagingQuery
from relay.web.communities import community_at
from relay.web.desk import CaseView, Decided, case_view
from relay.web.parts import Parts
from relay.web.piece import piece
from relay.web.route import StaffCall
from relay.web.views import Listed, listed

READ = "case.read"
COMPARED = 200  # cases, those that wait longest: about 40 ms of a processor at most, measured


@dataclass(frozen=True, slots=True)
class ClusterView:
    """Open cases with nearly the same text, two or more, oldest first; `id` is the first one's, `members` how many wrote it."""

    id: str
    members: int
    cases: tuple[CaseView, ...]


def cluster_view(found: Sequence[Case]) -> ClusterView:
    return ClusterView(found[0].case.id, len({case.member for case in found}), tuple(map(case_view, found)))


async def _case(parts: Parts, case_id: str) -> Case:
    case = await parts.store.case(case_id)
    if case is None:
        raise Unknown
    return case


async def listed_of(call: StaffCall[None, CasesQuery]) -> Listed[CaseView]:
    """A case shows the text that is held, so each one shown is written to the audit log."""
    community = await community_at(call.parts, call.path["slug"])
    state = CaseState[call.query.state.upper()] if call.query.state else None
    page = await call.parts.store.cases(community.n, state, Paging(call.query.limit, call.query.after))
    await call.parts.govern.looked(call.actor.id, READ, [case.case.id for case in page.items])
    return listed(page, case_view)


async def clusters_of(call: StaffCall[None, PagingQuery]) -> Listed[ClusterView]:
    """Among those that wait longest alone, so that it costs little however many there are; in a thread beside the loop."""
    community = await community_at(call.parts, call.path["slug"])
    waiting = (await call.parts.store.cases(community.n, CaseState.OPEN, Paging(COMPARED))).items
    found = await asyncio.to_thread(clusters, [case.text for case in waiting])
    groups = [cluster_view([waiting[place] for place in cluster]) for cluster in found]
    page = piece(groups, call.query, lambda group: group.id)
    await call.parts.govern.looked(call.actor.id, READ, [case.id for group in page.items for case in group.cases])
    return listed(page, lambda group: group)


async def read(call: StaffCall[None, None]) -> CaseView:
    case = await _case(call.parts, call.path["id"])
    await call.parts.govern.looked(call.actor.id, READ, [case.case.id])
    return case_view(case)


async def decide(call: StaffCall[Decide, None]) -> Decided:
    def shown(reviewed: Reviewed) -> Decided:
        return Decided(case.case.id, reviewed.state.word, reviewed.measure.id if reviewed.measure is not None else None)

    case = await _case(call.parts, call.path["id"])
    body = call.body
    term = None if body.measure is None else Term(body.measure.kind, body.measure.until)
    return shown(await call.parts.review.decide(call.actor, case, Finding(body.action, body.reason, term), call.also(shown)))
