"""Sign in: a person of staff comes in by passphrase or by a one-time link, stays by a session, and goes."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import structlog

from relay.core.change import Change, Record, RevokeTokens
from relay.core.errors import Conflict, Fault, Invalid, RelayError, SignedOut, Unknown
from relay.core.identity import Ids, token_digest
from relay.core.passphrase import Fit, prepared, weakness
from relay.core.session import (
    LASTS,
    SEEN_EVERY,
    BeginSession,
    EndSession,
    NameStaff,
    Rehash,
    Seen,
    SeeSessions,
    Session,
    SetPassphrase,
    UseLink,
    surplus,
)
from relay.core.staff import Actor, Staff, Token, TokenKind, known_as
from relay.ports import Clock, Hash, Store, Verify

WRONG = "The name or the passphrase is wrong."
NO_LINK = "This link was used, has expired, or never was one. An owner can make another."
FLUSH_EVERY = 60.0  # seconds between two writes of when sessions were used

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Entered:
    """Somebody is in; `secret` goes into their browser's cookie and nowhere else."""

    staff: Staff
    session: Session
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Arrival:
    """What somebody brings who comes by a link: perhaps a name, a new passphrase, and their browser's label."""

    link: str = field(repr=False)
    passphrase: str = field(repr=False)
    browser: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Entering:
    """A session that is to begin with the passphrase of this hash, what is written before and after it, and recorded beside."""

    person: Staff
    browser: str
    hash: str = field(repr=False)
    before: tuple[Change, ...] = ()
    actions: tuple[str, ...] = ()
    after: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class SignIn:
    """`secrets` makes what cookies hold; `hash` and `verify` take their time on purpose."""

    store: Store
    clock: Clock
    ids: Ids
    secrets: Ids
    hash: Hash
    verify: Verify
    used: dict[str, Seen] = field(default_factory=dict)

    async def enter(self, name: str, passphrase: str, browser: str) -> Entered:
        """By passphrase. Raises SignedOut, after the same work and in the same words whatever was wrong."""
        person = await self._called(name)
        known = await self.store.passphrase(person.id if person else "")
        fit = await self.verify(prepared(passphrase), known)
        if person is None or known is None or fit is Fit.NO:
            raise SignedOut(WRONG)
        entering = Entering(person, browser, known)
        if fit is Fit.OUTDATED:
            anew = await self.hash(prepared(passphrase))
            entering = replace(entering, after=(Rehash(person.id, known, anew),))
        return await self._begin(entering)

    async def look(self, link: str) -> tuple[Staff, bool]:
        """Whose link it is, and whether they have a passphrase already. Raises Unknown."""
        person = await self._behind(link)
        return person, await self.store.passphrase(person.id) is not None

    async def arrive(self, brought: Arrival) -> Entered:
        """By a link, which is used up; other sessions of theirs end. Raises Unknown, Invalid (too weak), Taken (the name)."""
        person = await self._behind(brought.link)
        named = replace(person, name=brought.name or person.name)
        _check(brought.passphrase, named.name, "passphrase")
        hashed = await self.hash(prepared(brought.passphrase))
        now = self.clock.now()
        changes: list[Change] = [UseLink(token_digest(brought.link), person.id, now)]
        if named != person:
            changes.append(NameStaff(person.id, named.name))
        changes += self._renewed(person.id, hashed)
        return await self._begin(Entering(named, brought.browser, hashed, tuple(changes), ("link.use", "passphrase.set")))

    async def change(self, actor: Actor, old: str, new: str, browser: str) -> Entered:
        """Another passphrase; all sessions end, and one begins. Raises Invalid (wrong, too weak), Conflict (by a token)."""
        self.session_of(actor)
        person = await self.store.staff_by_id(actor.id)
        known = await self.store.passphrase(actor.id)
        _check(new, actor.name, "new")
        if await self.verify(prepared(old), known) is Fit.NO or person is None:
            raise Invalid("The body is not valid.", [Fault(("body", "old"), "is not your passphrase")])
        hashed = await self.hash(prepared(new))
        return await self._begin(Entering(person, browser, hashed, self._renewed(actor.id, hashed), ("passphrase.set",)))

    async def sessions(self, actor: Actor) -> Sequence[Session]:
        """Their own that last, the oldest first."""
        return await self.store.sessions(actor.id, self.clock.now())

    async def leave(self, actor: Actor) -> None:
        """Ends the session that they ask by. Raises Conflict when it is none."""
        await self._end(actor, self.session_of(actor), "session.end")

    async def revoke(self, actor: Actor, session_id: str) -> None:
        """Ends one of their own sessions. Raises Unknown."""
        if session_id not in {session.id for session in await self.sessions(actor)}:
            raise Unknown
        await self._end(actor, session_id, "session.revoke")

    def session_of(self, actor: Actor) -> str:
        """The session that they ask by. Raises Conflict when it is a token."""
        if not actor.session:
            raise Conflict("You are signed in by a token; only a browser's session can do this.")
        return actor.session

    # ------------------------------------------------------------------------------------------- when it was last used

    def seen(self, token: Token) -> bool:
        """Notes that a session is used; whether that is to be written, and its cookie given anew: once in five minutes."""
        now = self.clock.now()
        if token.id in self.used or now - (token.seen_at or token.created_at) < SEEN_EVERY:
            return False
        self.used[token.id] = Seen(token.id, token.subject, now)
        return True

    async def flush(self) -> None:
        """Writes down what was noted, all at once."""
        if not self.used:
            return
        seen = tuple(self.used.values())
        await self.store.commit(SeeSessions(seen))
        for one in seen:
            del self.used[one.id]

    async def run(self) -> None:
        """Flushes again and again; what goes wrong once is written the next time."""
        while True:
            await asyncio.sleep(FLUSH_EVERY)
            try:
                await self.flush()
            except RelayError as problem:
                log.warning("use of sessions stays unwritten for now", why=problem.detail)

    # ------------------------------------------------------------------------------------------------------------ parts

    async def _called(self, name: str) -> Staff | None:
        wanted = known_as(name)
        people = [person for person in await self.store.staff() if person.removed_at is None]
        return next((person for person in people if known_as(person.name) == wanted), None)

    async def _behind(self, link: str) -> Staff:
        token = await self.store.token(token_digest(link), self.clock.now())
        person = await self.store.staff_by_id(token.subject) if token and token.kind is TokenKind.LINK else None
        if person is None or person.removed_at is not None:
            raise Unknown(NO_LINK)
        return person

    def _renewed(self, staff_id: str, hashed: str) -> tuple[Change, ...]:
        """A new passphrase, and the end of all that the one before had opened or could still open."""
        now = self.clock.now()
        return (
            SetPassphrase(staff_id, hashed, now),
            RevokeTokens(TokenKind.SESSION, staff_id, now),
            RevokeTokens(TokenKind.LINK, staff_id, now),
        )

    async def _begin(self, entering: Entering) -> Entered:
        """All in one commit; the passphrase is looked at once more there, so that no session begins with one of before."""
        who, secret, now = entering.person.id, self.secrets(), self.clock.now()
        session = Session(self.ids(), who, entering.browser, now, now, now + LASTS)
        token = Token(session.id, TokenKind.SESSION, token_digest(secret), who, now, session.browser, session.expires_at)
        ended = [EndSession(one.id, who, now) for one in surplus(await self.store.sessions(who, now))]
        records = [Record(now, who, action, who, {}) for action in entering.actions]
        began = Record(now, who, "session.begin", session.id, {})
        begin = BeginSession(token, entering.hash)
        await self.store.commit(*entering.before, *ended, begin, *entering.after, *records, began)
        return Entered(entering.person, session, secret)

    async def _end(self, actor: Actor, session_id: str, action: str) -> None:
        now = self.clock.now()
        await self.store.commit(EndSession(session_id, actor.id, now), Record(now, actor.id, action, session_id, {}))


def _check(passphrase: str, name: str, field_: str) -> None:
    if why := weakness(prepared(passphrase), name):
        raise Invalid("The body is not valid.", [Fault(("body", field_), why)])
