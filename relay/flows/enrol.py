"""Enrol: people come in with proof of their consent, get credentials, leave, come back, and are erased."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from relay.core.change import AddMember, AddToken, Credential, EditMember, Erase, Leave, Record, RevokeTokens
from relay.core.community import Community
from relay.core.erasure import Erasure
from relay.core.errors import Conflict, Unavailable, Unknown
from relay.core.identity import Ids, token_digest
from relay.core.member import Address, Consent, Lift, Member
from relay.core.pseudonym import pseudonym
from relay.core.staff import Actor, Token, TokenKind
from relay.ports import Also, Clock, EnterErasures, OwnDevice, SignedIn, Store, nothing

NOT_LISTED = (
    "The erasure is done, but it could not be written to the list that outlives an older copy of the database; "
    "the relay goes on trying."
)


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What is known of somebody who opted in."""

    source: str
    text_version: str
    consented_at: datetime | None = None
    name: str = ""
    language: str = ""
    time_zone: str = ""
    tags: tuple[str, ...] = ()
    attributes: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    addresses: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class Welcome:
    """A new member and the token that is shown once."""

    member: Member
    token: str


async def _no_list(_: Sequence[Erasure]) -> None:
    """Nobody keeps a list."""


@dataclass(frozen=True, slots=True)
class Enrol:
    """`secrets` makes tokens, `pseudonym_key` comes from the store's facts, `enter` is the way onto the erasure list."""

    store: Store
    clock: Clock
    ids: Ids
    secrets: Ids
    pseudonym_key: bytes
    enter: EnterErasures = _no_list

    async def add(self, actor: Actor, community: Community, newcomer: Newcomer, also: Also[Welcome] = nothing) -> Welcome:
        """A member, active at once, with a web token. Raises Conflict (closed), Taken (an address is in use)."""
        if community.closed_at is not None:
            raise Conflict("This community is closed.")
        now = self.clock.now()
        member_id = self.ids()
        member = Member(
            id=member_id,
            community=community.n,
            pseudonym=pseudonym(self.pseudonym_key, member_id),
            joined_at=now,
            name=newcomer.name,
            language=newcomer.language or community.language,
            time_zone=newcomer.time_zone or community.time_zone,
            tags=newcomer.tags,
            attributes=newcomer.attributes,
        )
        consent = Consent("web", newcomer.source, newcomer.text_version, newcomer.consented_at or now)
        secret, token = self._token(TokenKind.MEMBER, member_id, "")
        welcome = Welcome(member, secret)
        addresses = (Address("web", member_id), *newcomer.addresses)
        await self.store.commit(
            AddMember(member, consent, addresses, token),
            Record(now, actor.id, "member.add", member_id, {}),
            *also(welcome),
        )
        return welcome

    async def token(self, actor: Actor, member: Member, device: str, also: Also[str] = nothing) -> str:
        """A further web credential; one of the same device before it stops working."""
        secret, token = self._token(TokenKind.MEMBER, member.id, device)
        await self.store.commit(
            AddToken(token), Record(token.created_at, actor.id, "member.token", member.id, {"token": token.id}), *also(secret)
        )
        return secret

    async def revoke(self, actor: Actor, member: Member, device: str | None) -> None:
        """Ends the member's credentials, those of one device or all; live connections end with them."""
        now = self.clock.now()
        await self.store.commit(
            RevokeTokens(TokenKind.MEMBER, member.id, now, device),
            Record(now, actor.id, "member.revoke", member.id, {"every_device": device is None}),
        )

    async def edit(self, actor: Actor, member: Member, given: Mapping[str, Any]) -> Member:
        """Changes what is given, named as in EditMember; the member as they are then. Raises Stale, Unknown."""
        detail = {"fields": " ".join(sorted(given))}
        await self.store.commit(
            EditMember(member.n, **given), Record(self.clock.now(), actor.id, "member.edit", member.id, detail)
        )
        found = await self.store.member(member.id)
        if found is None:
            raise Unknown
        return found

    async def lift(self, actor: Actor, member: Member, reason: Lift) -> str:
        """The name behind the pseudonym, empty where none was given. Who asked, and why, is written down before."""
        await self.store.commit(Record(self.clock.now(), actor.id, "member.lift", member.id, {"reason": reason.value}))
        return member.name

    async def leave(self, signed: SignedIn) -> None:
        """STOP: no posts from now on; what was said stays readable. Nothing happens a second time."""
        await self.store.commit(Leave(signed.member.n, self.clock.now()))

    async def speak(self, signed: SignedIn, language: str) -> None:
        """The member's own choice of a language."""
        await self.store.commit(EditMember(signed.member.n, language=language))

    async def sign_out(self, signed: SignedIn, device: OwnDevice) -> None:
        """Ends the credential of one of the member's own devices at once; one of the same name on another channel goes on."""
        now, member_id = self.clock.now(), signed.member.id
        await self.store.commit(
            RevokeTokens(TokenKind.MEMBER, member_id, now, device.name, Credential(device.id, device.channel)),
            Record(now, member_id, "member.revoke", member_id, {"every_device": False}),
        )

    async def erase(self, by: str, member: Member) -> None:
        """Everything of the member goes; posts they got keep a count. What is logged is the id alone.

        Raises Unavailable when they are erased but not on the list yet: who asked has to know that it is not over.
        """
        now = self.clock.now()
        await self.store.commit(Erase(member.n, member.id, now), Record(now, by, "member.erase", member.id, {}))
        try:
            await self.enter((Erasure(member.id, now),))
        except Unavailable:
            raise Unavailable(NOT_LISTED) from None

    def _token(self, kind: TokenKind, subject: str, device: str) -> tuple[str, Token]:
        secret = self.secrets()
        return secret, Token(self.ids(), kind, token_digest(secret), subject, self.clock.now(), device)
