"""Govern: communities, the people who work for them, the keys of company systems, and the record of what they look at."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from relay.core.audit import Looks
from relay.core.change import AddCommunity, AddKey, AddStaff, AddToken, EditCommunity, Record, RemoveStaff, RevokeKey
from relay.core.community import Community
from relay.core.errors import Unavailable, Unknown
from relay.core.identity import Ids, token_digest
from relay.core.staff import Actor, Key, Role, Staff, Token, TokenKind
from relay.ports import Also, Clock, Store, nothing

Credential = tuple[str, str]
"""(id, token): the token is shown once."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Govern:
    """What owners do. `secrets` makes tokens."""

    store: Store
    clock: Clock
    ids: Ids
    secrets: Ids
    looks: Looks = field(default_factory=Looks)

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

    async def first_owner(self, secret: str) -> Staff:
        """The owner of a fresh relay, with a token that comes from outside or was just made."""
        return await self._hire("relay", "Owner", Role.OWNER, secret, nothing)

    async def hire(self, actor: Actor, name: str, role: Role, also: Also[Credential] = nothing) -> Credential:
        """A new person and the token that is shown once."""
        secret = self.secrets()
        staff = await self._hire(actor.id, name, role, secret, also)
        return staff.id, secret

    async def _hire(self, by: str, name: str, role: Role, secret: str, also: Also[Credential]) -> Staff:
        now = self.clock.now()
        staff = Staff(self.ids(), name, role, now)
        token = Token(self.ids(), TokenKind.STAFF, token_digest(secret), staff.id, now)
        record = Record(now, by, "staff.add", staff.id, {"role": role})
        await self.store.commit(AddStaff(staff, token), record, *also((staff.id, secret)))
        return staff

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
        await self.store.commit(AddKey(key, token), record, *also((key.id, secret)))
        return key.id, secret

    async def revoke(self, actor: Actor, key: Key) -> None:
        """The key opens nothing any more."""
        now = self.clock.now()
        await self.store.commit(RevokeKey(key.id, now), Record(now, actor.id, "key.revoke", key.id, {}))

    async def looked(self, actor: Actor, action: str, subjects: Iterable[str]) -> None:
        """Writes to the audit log whose words somebody was shown, each thing once an hour.

        A full disk keeps nobody from reading.
        """
        now = self.clock.now()
        new = self.looks.new(actor.id, subjects, now)
        if not new:
            return
        try:
            await self.store.commit(*(Record(now, actor.id, action, subject, {}) for subject in new))
        except Unavailable as problem:
            log.warning("reading not recorded", action=action, subjects=new, why=problem.detail)
        else:
            self.looks.written(actor.id, new, now)
