"""Review: people decide what plugins could not, with a reason that the member is told, and look again when asked."""

from dataclasses import dataclass

from relay.core.case import CaseState, CaseView, Ruling, appealed, ruled
from relay.core.change import Appeal, Record, Rule
from relay.core.errors import Invalid, Unknown
from relay.core.identity import Ids
from relay.core.notice import Occasion, notice
from relay.core.staff import Actor
from relay.core.thread import Message, Role, Status, checked_text, ref_of
from relay.ports import Also, Clock, SignedIn, Store, nothing

_STATUS = {Ruling.DELIVER: Status.FILED, Ruling.REJECT: Status.REJECTED}


@dataclass(frozen=True, slots=True)
class Review:
    """Cases."""

    store: Store
    clock: Clock
    ids: Ids

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
        now = self.clock.now()
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
                notice=await self._notice(view, ruling, reason),
            ),
            Record(now, actor.id, f"case.{ruling}", view.case.id, {"message": view.message}),
            *also(state),
        )
        return state

    async def _notice(self, view: CaseView, ruling: Ruling, reason: str) -> Message | None:
        """A member hears of a rejection, and of a delivery only after an appeal: before, nothing had changed for them."""
        if ruling is Ruling.REJECT:
            occasion = Occasion.REJECTED_BY_PERSON
        elif view.appeal is not None:
            occasion = Occasion.DELIVERED_AFTER_APPEAL
        else:
            return None
        community = await self.store.community_by_n(view.community)
        if community is None:
            raise Unknown
        return Message(
            id=self.ids(),
            member=view.member,
            role=Role.RELAY,
            text=notice(occasion, language=view.language or community.language, name=community.name, reason=reason),
            at=self.clock.now(),
            in_reply_to=view.message,
            case=view.case.id,
        )

    async def appeal(self, signed: SignedIn, case_id: str, text: str, also: Also[CaseState] = nothing) -> CaseState:
        """The member asks another person to look, once a case. Raises Unknown, Conflict, Invalid."""
        view = await self.store.of(signed.member.n).case(case_id)
        if view is None or view.case.state is CaseState.OPEN:  # a silent hold is not told by way of an error either
            raise Unknown
        state = appealed(view.case, had_appeal=view.appeal is not None)
        await self.store.commit(Appeal(case_id, view.case.version, checked_text(text), self.clock.now()), *also(state))
        return state
