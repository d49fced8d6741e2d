"""Joining over HTTP, for clients that are no page: who has an invite asks, confirms, and gets their token."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field, StrictStr

from relay.core.errors import Fault, Invalid, Unknown
from relay.flows.join import Asked
from relay.web.bodies import AddressBody, Body, Language, Line, Moment, Name, Zone
from relay.web.communities import community_at
from relay.web.desk import CommunityRef, community_ref
from relay.web.route import MemberCall, VisitorCall

MAX_CODE = 4000  # characters: the code holds what was entered, signed
NO_CHANNEL = "needs a channel that can ask whether it is yours, which this relay does not have"


class Asking(Body):
    """Who wants to be in; `text_version` is that of the text they read. The web alone needs an invite."""

    text_version: Name
    name: Line = ""
    language: Language | None = None
    time_zone: Zone | None = None
    address: AddressBody | None = None
    invite: Annotated[StrictStr, Field(pattern="^[A-Za-z0-9_-]{1,64}$")] | None = None


class Confirming(Body):
    """The code that asking gave."""

    code: Annotated[StrictStr, Field(min_length=1, max_length=MAX_CODE)]


class PauseBody(Body):
    """Until when no posts are wanted; null ends a pause."""

    until: Moment | None = None


@dataclass(frozen=True, slots=True)
class StepView:
    """Nothing is stored yet: `code` goes into join:confirm before `expires_at`. `text` is what is agreed to by that."""

    code: str
    text: str
    text_version: str
    language: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ArrivedView:
    """A new member, and their token."""

    id: str
    pseudonym: str
    token: str
    community: CommunityRef


@dataclass(frozen=True, slots=True)
class PausedView:
    """Until when no posts come; null: they come."""

    paused_until: datetime | None


async def ask(call: VisitorCall[Asking]) -> StepView:
    """An address is refused before anybody looks whether it is known, and in the same words."""
    parts, body = call.parts, call.body
    community = await community_at(parts, call.path["slug"])
    if body.address is not None:
        raise Invalid("The body is not valid.", [Fault(("body", "address"), NO_CHANNEL)])
    if body.invite is None:
        raise Invalid("The body is not valid.", [Fault(("body", "invite"), "has to be given")])
    with call.visit.tries.code():
        invite, inviting = await parts.join.opened(body.invite)
        if inviting.id != community.id:
            raise Unknown
    asked = Asked(
        text_version=body.text_version,
        way="API",
        name=body.name,
        language=body.language or "",
        time_zone=body.time_zone or "",
    )
    step = await parts.join.ask(community, invite, asked)
    return StepView(step.code, step.text.text, step.text.version, step.text.language, step.expires_at)


async def confirm(call: VisitorCall[Confirming]) -> ArrivedView:
    with call.visit.tries.code():
        arrived = await call.parts.join.confirm(call.body.code, call.visit.tries.joining)
    member = arrived.member
    return ArrivedView(member.id, member.pseudonym, arrived.token, community_ref(arrived.community))


async def pause(call: MemberCall[PauseBody, None]) -> PausedView:
    return PausedView(await call.parts.pauses.pause(call.signed, call.body.until))
