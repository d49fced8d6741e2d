"""Restore: what a database that was put back needs before it is served, since the world outside has seen more than it knows."""

from dataclasses import dataclass
from datetime import datetime

from relay.core.change import AddToken, Change, Record
from relay.core.identity import Ids, token_digest
from relay.core.moment import rfc3339
from relay.core.restore import SEQ_LEAP, EndAllTokens, LeapSeqs
from relay.core.staff import RELAY, Role, Staff, Token, TokenKind
from relay.ports import Clock, Store


@dataclass(frozen=True, slots=True)
class Restore:
    """`secrets` makes tokens."""

    store: Store
    clock: Clock
    ids: Ids
    secrets: Ids

    async def settle(self, of: datetime | None, *, end_tokens: bool) -> str | None:
        """`of` is when the backup was made, if that is known. A new token of an owner when all tokens ended."""
        now = self.clock.now()
        owner = await self._owner() if end_tokens else None
        secret = self.secrets() if owner else None
        changes: list[Change] = [LeapSeqs(SEQ_LEAP)]
        if end_tokens:
            changes.append(EndAllTokens(now))
        if owner and secret:
            changes.append(AddToken(Token(self.ids(), TokenKind.STAFF, token_digest(secret), owner.id, now)))
        detail = {"of": None if of is None else rfc3339(of), "tokens_ended": end_tokens}
        await self.store.commit(*changes, Record(now, RELAY, "store.restore", RELAY, detail))
        return secret

    async def _owner(self) -> Staff | None:
        owners = [person for person in await self.store.staff() if person.role is Role.OWNER and person.removed_at is None]
        return owners[0] if owners else None
