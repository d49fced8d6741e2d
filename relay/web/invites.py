"""Invites and the text that people agree to, as managers make them: links, their pictures, versions."""

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Annotated

import segno
from pydantic import AfterValidator, Field, StrictInt

from relay.core.errors import Fault, Invalid, Unknown
from relay.core.joining import MAX_USES, ConsentText, Invite
from relay.ports import Paging
from relay.web.bodies import Body, Language, Line, Moment, PagingQuery, Text
from relay.web.communities import community_at
from relay.web.piece import piece
from relay.web.route import StaffCall
from relay.web.views import Listed, listed

QUIET_ZONE = 4  # modules around the picture that scanners need (ISO/IEC 18004)


def _short(language: str) -> str:
    return language.lower()


class NewInvite(Body):
    """A way in; without `uses` it takes in all who come, without `expires_at` until it is revoked."""

    label: Line = ""
    expires_at: Moment | None = None
    uses: Annotated[StrictInt, Field(ge=1, le=MAX_USES)] | None = None


class NewConsentText(Body):
    """What people of this language agree to from now on."""

    language: Annotated[Language, AfterValidator(_short)]
    text: Text


class ConsentQuery(PagingQuery):
    """The present texts, or with `past` all there ever were, which receipts name."""

    past: bool = False


@dataclass(frozen=True, slots=True)
class InviteView:
    """A way in. `url` is what people open, `used` how many came by it."""

    id: str
    code: str
    url: str
    label: str
    expires_at: datetime | None
    uses: int | None
    used: int
    revoked_at: datetime | None
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ConsentTextView:
    """A version of the text; receipts name `version` and `language`. `created_at` is null for the built-in one."""

    language: str
    version: str
    text: str
    created_by: str | None
    created_at: datetime | None


def invite_view(invite: Invite, base: str) -> InviteView:
    return InviteView(
        id=invite.id,
        code=invite.code,
        url=f"{base}/i/{invite.code}",
        label=invite.label,
        expires_at=invite.expires_at,
        uses=invite.uses,
        used=invite.used,
        revoked_at=invite.revoked_at,
        created_by=invite.created_by,
        created_at=invite.created_at,
    )


def text_view(text: ConsentText) -> ConsentTextView:
    return ConsentTextView(text.language, text.version, text.text, text.created_by or None, text.created_at)


async def _invite(call: StaffCall[object, object]) -> Invite:
    invite = await call.parts.store.invite(call.path["id"])
    if invite is None:
        raise Unknown
    return invite


async def add(call: StaffCall[NewInvite, None]) -> InviteView:
    def shown(invite: Invite) -> InviteView:
        return invite_view(invite, call.visit.site)

    parts, body = call.parts, call.body
    community = await community_at(parts, call.path["slug"])
    now = parts.clock.now()
    if body.expires_at is not None and body.expires_at <= now:
        raise Invalid("The body is not valid.", [Fault(("body", "expires_at"), "lies in the past")])
    invite = Invite(
        id=parts.ids(),
        community=community.n,
        code=parts.ids(),
        created_by=call.actor.id,
        created_at=now,
        label=body.label,
        expires_at=body.expires_at,
        uses=body.uses,
    )
    return shown(await parts.join.invite(call.actor, invite, call.also(shown)))


async def listed_of(call: StaffCall[None, PagingQuery]) -> Listed[InviteView]:
    community = await community_at(call.parts, call.path["slug"])
    page = await call.parts.store.invites(community.n, Paging(call.query.limit, call.query.after))
    return listed(page, lambda invite: invite_view(invite, call.visit.site))


async def revoke(call: StaffCall[None, None]) -> None:
    await call.parts.join.revoke(call.actor, await _invite(call))


async def picture(call: StaffCall[None, None]) -> bytes:
    """The link as a QR code; to be printed, so it is black on white in any scheme."""
    invite = await _invite(call)
    drawn = BytesIO()
    code = segno.make(f"{call.visit.site}/i/{invite.code}", error="m", micro=False)
    code.save(drawn, kind="svg", scale=8, border=QUIET_ZONE, light="#fff", xmldecl=False, title=invite.label or None)
    return drawn.getvalue()


async def consent(call: StaffCall[None, ConsentQuery]) -> Listed[ConsentTextView]:
    """Where the company wrote none, the built-in one in its language is what counts."""
    community = await community_at(call.parts, call.path["slug"])
    found = await call.parts.store.consent_texts(community.n, past=call.query.past)
    texts = found or (await call.parts.join.text(community, community.language),)
    return listed(piece(texts, call.query, lambda text: f"{text.language}.{text.version}"), text_view)


async def word(call: StaffCall[NewConsentText, None]) -> ConsentTextView:
    community = await community_at(call.parts, call.path["slug"])
    return text_view(await call.parts.join.word(call.actor, community, call.body.language, call.body.text))
