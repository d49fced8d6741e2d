"""Join: invites are handed out, and whoever comes by one agrees to a text, confirms it, and is in.

Between asking and confirming nothing is stored: what was entered travels, signed, with the person who entered it.
"""

import hmac
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256

from itsdangerous import BadData, URLSafeSerializer

from relay.core.change import AddMember, Record, Rejoin
from relay.core.community import Community
from relay.core.errors import Stale, Taken, Unknown
from relay.core.identity import Ids, encode, token_digest
from relay.core.joining import STEP, AddConsentText, AddInvite, ConsentText, Invite, Redeem, RevokeInvite, seen, text_for
from relay.core.member import Address, Consent, Member
from relay.core.moment import from_micros, micros
from relay.core.pseudonym import pseudonym
from relay.core.staff import Actor, Token, TokenKind
from relay.ports import Also, Clock, SignedIn, Store, nothing

Joining = Callable[[str], AbstractContextManager[object]]
"""Within what somebody comes in by the invite with this id."""

DEVICE_SIZE = 8  # characters of its name: enough to tell a member's own few apart


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody entered who wants to join; `text_version` is that of the text they read, `way` what showed it to them."""

    text_version: str
    way: str
    name: str = ""
    language: str = ""
    time_zone: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a code holds, readable for whoever has it, and signed; `until` in microseconds.

    `mark` is drawn anew for each step, and the token is drawn from it: whoever has not seen the code can reach neither.
    """

    mark: str
    way: str
    name: str
    language: str
    time_zone: str
    text_version: str
    text_language: str
    invite: str
    until: int


@dataclass(frozen=True, slots=True)
class Step:
    """What is left to do: `code` goes into `confirm` before `expires_at`, by whoever is to be in."""

    code: str
    text: ConsentText
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Arrived:
    """Somebody who is in, and the credential of the device they came with."""

    member: Member
    community: Community
    token: str


@dataclass(frozen=True, slots=True)
class Join:
    """`key` signs steps and draws tokens from them, `pseudonym_key` draws names; both come from the store's facts."""

    store: Store
    clock: Clock
    ids: Ids
    pseudonym_key: bytes
    key: bytes

    # --------------------------------------------------------------------------------------------------- what staff do

    async def invite(self, actor: Actor, invite: Invite, also: Also[Invite] = nothing) -> Invite:
        """A further way in."""
        record = Record(invite.created_at, actor.id, "invite.add", invite.id, {})
        await self.store.commit(AddInvite(invite), record, *also(invite))
        return invite

    async def revoke(self, actor: Actor, invite: Invite) -> None:
        """Nobody comes in by it any more."""
        now = self.clock.now()
        await self.store.commit(RevokeInvite(invite.id, now), Record(now, actor.id, "invite.revoke", invite.id, {}))

    async def word(self, actor: Actor, community: Community, language: str, text: str) -> ConsentText:
        """The text that people agree to from now on, as its next version."""
        now = self.clock.now()
        new = ConsentText(language, "", text, actor.id, now)
        record = Record(now, actor.id, "consent.edit", community.id, {"language": language})
        version, _ = await self.store.commit(AddConsentText(community.n, new), record)
        return ConsentText(language, str(version), text, actor.id, now)

    # ------------------------------------------------------------------------------------------------ what newcomers do

    async def opened(self, code: str) -> tuple[Invite, Community]:
        """The invite with this code. Raises Unknown unless somebody may come in by it now, whyever."""
        invite = await self.store.invite_by_code(code)
        community = await self.store.community_by_n(invite.community) if invite is not None else None
        if invite is None or community is None or not invite.is_open(community, self.clock.now()):
            raise Unknown
        return invite, community

    async def text(self, community: Community, language: str) -> ConsentText:
        """What somebody of this language agrees to."""
        return text_for(await self.store.consent_texts(community.n), community, language)

    async def ask(self, community: Community, invite: Invite, asked: Asked) -> Step:
        """The step that is left. Raises Invalid when the text they read is not the present one."""
        texts = await self.store.consent_texts(community.n)
        text = seen(texts, community, asked.language or community.language, asked.text_version)
        expires_at = self.clock.now() + STEP
        mark, until = self.ids(), micros(expires_at)
        told = Waiting(**asdict(asked), mark=mark, text_language=text.language, invite=invite.id, until=until)
        return Step(self._signer().dumps(asdict(told)), text, expires_at)

    def waiting(self, code: str) -> Waiting:
        """What is left to be confirmed. Raises Unknown for what is no step, or none that can be taken any more."""
        return self._read(code, self.clock.now())

    async def confirm(self, code: str, joining: Joining = nullcontext) -> Arrived:
        """The member, active from now on. Raises Unknown for what is no step, or none that can be taken any more.

        The same code gives the same answer until its time is over, as long as the token in it was not revoked. Whoever is new
        comes in within `joining(invite)`, which may refuse it.
        """
        now = self.clock.now()
        told = self._read(code, now)
        secret = self._drawn("token", told.mark)
        if found := await self._in_already(secret, now):
            return found
        invite = await self.store.invite(told.invite)
        community = await self.store.community_by_n(invite.community) if invite is not None else None
        if invite is None or community is None:
            raise Unknown
        member = self._member(community, told, now)
        redeem = Redeem(invite.id, self._drawn("mark", told.mark), now, from_micros(told.until))
        add = self._add(member, invite, told, secret)
        try:
            with joining(invite.id):
                await self.store.commit(redeem, add, Record(now, member.id, "member.join", member.id, {"invite": invite.id}))
        except Taken:
            if found := await self._in_already(secret, now):
                return found
            raise Unknown from None
        except Stale:
            raise Unknown from None
        return Arrived(member, community, secret)

    async def back(self, signed: SignedIn, text_version: str, way: str) -> None:
        """Somebody who left agrees anew. Raises Invalid when the text they read is not the present one."""
        community = signed.community
        texts = await self.store.consent_texts(community.n)
        text = seen(texts, community, signed.member.language or community.language, text_version)
        consent = Consent("web", way, text.version, self.clock.now(), language=text.language)
        await self.store.commit(Rejoin(signed.member.n, consent))

    # --------------------------------------------------------------------------------------------------------- a step

    def _signer(self) -> URLSafeSerializer:
        return URLSafeSerializer(self.key, salt="join", signer_kwargs={"key_derivation": "hmac", "digest_method": sha256})

    def _read(self, code: str, now: datetime) -> Waiting:
        try:
            told = Waiting(**self._signer().loads(code))
        except (BadData, UnicodeError, TypeError):  # a browser may send anything, also a step of before an upgrade
            raise Unknown from None
        if from_micros(told.until) <= now:
            raise Unknown
        return told

    def _drawn(self, what: str, mark: str) -> str:
        """256 bits that only this relay can draw from the mark."""
        return encode(hmac.digest(self.key, f"{what} of {mark}".encode(), sha256))

    async def _in_already(self, secret: str, now: datetime) -> Arrived | None:
        signed = await self.store.signed_in(token_digest(secret), now)
        return Arrived(signed.member, signed.community, secret) if signed is not None else None

    def _member(self, community: Community, told: Waiting, now: datetime) -> Member:
        id_ = self.ids()
        return Member(
            id=id_,
            community=community.n,
            pseudonym=pseudonym(self.pseudonym_key, id_),
            joined_at=now,
            name=told.name,
            language=told.language or community.language,
            time_zone=told.time_zone or community.time_zone,
        )

    def _add(self, member: Member, invite: Invite, told: Waiting, secret: str) -> AddMember:
        source = f"{told.way}, invite {invite.id}"
        consent = Consent("web", source, told.text_version, member.joined_at, language=told.text_language)
        device = f"browser-{self.ids()[:DEVICE_SIZE]}"
        token = Token(self.ids(), TokenKind.MEMBER, token_digest(secret), member.id, member.joined_at, device)
        return AddMember(member, consent, (Address("web", member.id),), token)
