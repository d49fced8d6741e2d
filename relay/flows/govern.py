"""Govern: communities, the people who work for them, the keys of company systems, and the record of what they look at."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from relay.core.audit import Looks
from relay.core.change import AddCommunity, AddKey, AddStaff, AddToken, Change, EditCommunity, Record, RemoveStaff, RevokeKey
from relay.core.community import Community
from relay.core.errors import Unavailable, Unknown
from relay.core.identity import Ids, token_digest
from relay.core.session import LINK_LASTS
from relay.core.staff import RELAY, Actor, Key, Role, Staff, Token, TokenKind
from relay.ports import Also, Clock, Store, nothing

OWNER = "Owner"  # the first person's name, until they give their own

Credential = tuple[str, str]
"""(id, token): the token is shown once."""


@dataclass(frozen=True, slots=True)
class Hired:
    """A new person; both secrets are shown once, and `link` is the one that leads to a passphrase."""

    id: str
    token: str
    link: str


@dataclass(frozen=True, slots=True)
class Linked:
    """A one-time link, by its secret."""

    id: str
    link: str
    expires_at: datetime


log = structlog.get_logger(__name__)


def _no_change(_key: Key, _secret: str) -> tuple[Change, ...]:
    """A key needs no more than its token."""
    return ()


@dataclass(frozen=True, slots=True)
class Govern:
    """What owners do. `secrets` makes tokens; `admit` says what else a new key and its token need."""

    store: Store
    clock: Clock
    ids: Ids
    secrets: Ids
    looks: Looks = field(default_factory=Looks)
    admit: Callable[[Key, str], tuple[Change, ...]] = _no_change

    async def found(self, actor: Actor, community: Community, also: Also[Community] = nothing) -> Community:
        """A new community. Raises Taken when its slug is in use."""
        record = Record(community.created_at, actor.id, "community.add", community.id, {"slug": community.slug})
        await self.store.commit(AddCommunity(community), record, *also(community))
        return community

    async def edit(self, actor: Actor, community: Community, given: Mapping[str, Any]) -> Community:
        """Changes what is given, named as in EditCommunity; the community as it is then. Raises Stale, Unknown."""
        now = self.clock.now()
        detail = {"slug": community.slug, "fields": " ".join(sorted(given))}
        await self.store.commit(
            EditCommunity(community.n, now, **given), Record(now, actor.id, "community.edit", community.id, detail)
        )
        found = await self.store.community_by_n(community.n)
        if found is None:
            raise Unknown
        return found

    async def first_owner(self, secret: str, link: str | None = None) -> Staff:
        """The owner of a fresh relay, with a token that comes from outside or was just made. Conflict when it has staff.

        `link` is the secret of a link like any other: what the first start shows stays behind in a journal.
        """
        staff = Staff(self.ids(), OWNER, Role.OWNER, self.clock.now())
        added = self._added(RELAY, staff, secret, is_first=True)
        linked = self._linked(RELAY, staff, link, staff.created_at + LINK_LASTS) if link else ()
        await self.store.commit(*added, *linked)
        return staff

    async def hire(self, actor: Actor, name: str, role: Role, also: Also[Hired] = nothing) -> Hired:
        """A new person with a token and a link. Raises Taken when somebody who works here has that name."""
        staff = Staff(self.ids(), name, role, self.clock.now())
        hired = Hired(staff.id, self.secrets(), self.secrets())
        added = self._added(actor.id, staff, hired.token)
        linked = self._linked(actor.id, staff, hired.link, staff.created_at + LINK_LASTS)
        await self.store.commit(*added, *linked, *also(hired))
        return hired

    async def link(self, actor: Actor, staff: Staff, also: Also[Linked] = nothing) -> Linked:
        """A link to a new passphrase, for who is new or has forgotten theirs; one from before leads nowhere any more."""
        expires_at = self.clock.now() + LINK_LASTS
        secret = self.secrets()
        added, record = self._linked(actor.id, staff, secret, expires_at)
        linked = Linked(added.token.id, secret, expires_at)
        await self.store.commit(added, record, *also(linked))
        return linked

    def _added(self, by: str, staff: Staff, secret: str, *, is_first: bool = False) -> tuple[AddStaff, Record]:
        token = Token(self.ids(), TokenKind.STAFF, token_digest(secret), staff.id, staff.created_at)
        record = Record(staff.created_at, by, "staff.add", staff.id, {"role": staff.role})
        return AddStaff(staff, token, is_first), record

    def _linked(self, by: str, staff: Staff, secret: str, expires_at: datetime) -> tuple[AddToken, Record]:
        now = self.clock.now()
        token = Token(self.ids(), TokenKind.LINK, token_digest(secret), staff.id, now, expires_at=expires_at)
        return AddToken(token), Record(now, by, "link.add", staff.id, {})

    async def dismiss(self, actor: Actor, staff: Staff) -> None:
        """Ends a person's access at once. Raises Conflict for the last owner, Stale when somebody else was faster.

        Keys that they issued stay: they are the company's systems', and are revoked by themselves.
        """
        now = self.clock.now()
        await self.store.commit(RemoveStaff(staff.id, now), Record(now, actor.id, "staff.remove", staff.id, {}))

    async def renew(self, actor: Actor, staff: Staff, also: Also[Credential] = nothing) -> Credential:
        """A new token for a person; the one before stops working."""
        secret = self.secrets()
        now = self.clock.now()
        token = Token(self.ids(), TokenKind.STAFF, token_digest(secret), staff.id, now)
        record = Record(now, actor.id, "staff.token", staff.id, {})
        await self.store.commit(AddToken(token), record, *also((staff.id, secret)))
        return staff.id, secret

    async def issue(
        self, actor: Actor, name: str, scopes: tuple[str, ...], expires_at: datetime | None, *, also: Also[Credential] = nothing
    ) -> Credential:
        """A key for a company system and its token, shown once."""
        now = self.clock.now()
        secret = self.secrets()
        key = Key(self.ids(), name, scopes, actor.id, now, expires_at)
        token = Token(self.ids(), TokenKind.KEY, token_digest(secret), key.id, now, expires_at=expires_at)
        record = Record(now, actor.id, "key.add", key.id, {"scopes": " ".join(scopes)})
        await self.store.commit(AddKey(key, token), record, *self.admit(key, secret), *also((key.id, secret)))
        return key.id, secret

    async def revoke(self, actor: Actor, key: Key) -> None:
        """The key opens nothing any more."""
        now = self.clock.now()
        await self.store.commit(RevokeKey(key.id, now), Record(now, actor.id, "key.revoke", key.id, {}))

    async def looked(self, by: str, action: str, subjects: Iterable[str]) -> None:
        """Writes to the audit log what the one with this id was shown, each thing once an hour.

        A full disk keeps nobody from reading: what could not be written down goes to the log on standard error.
        """
        now = self.clock.now()
        new = self.looks.new(by, action, subjects, now)
        if not new:
            return
        try:
            await self.store.commit(*(Record(now, by, action, subject, {}) for subject in new))
        except Unavailable as problem:
            log.warning("reading not recorded", by=by, action=action, subjects=new, why=problem.detail)
        else:
            self.looks.written(by, action, new, now)
