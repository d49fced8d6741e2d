"""What flows need from outside: the store, the channels and the clock. Engines and platforms are written against this file."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from relay.core.attempt import Receipt, Sending
from relay.core.case import CaseState, CaseView
from relay.core.change import Change, Outcome
from relay.core.community import Community
from relay.core.delivery import Cursors, DeliveryState
from relay.core.member import Address, Consent, Member
from relay.core.post import Post
from relay.core.rate import Rate
from relay.core.staff import Key, Staff, Token
from relay.core.stream import Item
from relay.core.thread import Message, Surroundings, Thread, ThreadState
from relay.core.verdict import Decision, Submission

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A piece of a list; `next` goes into the following call, None at the end."""

    items: tuple[T, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Paging:
    """Which piece of a list is wanted; `after` is what the piece before gave as `next`."""

    limit: int = 50
    after: str | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A member behind a valid token."""

    token: str
    member: Member
    community: Community
    cursors: Cursors
    device: str = ""


@dataclass(frozen=True, slots=True)
class ThreadFilter:
    """Which threads are listed; None leaves a question out. `post` is a post's id, `text` a full-text search.

    At `now` a snoozed thread whose time has come counts as open.
    """

    state: ThreadState | None = None
    assignee: str | None = None
    label: str | None = None
    post: str | None = None
    text: str | None = None
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """What became of one delivery."""

    member: str
    pseudonym: str
    state: DeliveryState


@dataclass(frozen=True, slots=True)
class Remembered:
    """An earlier answer under an Idempotency-Key; `fingerprint` is the digest of the request."""

    fingerprint: str
    status: int
    body: str


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One row of the audit log."""

    n: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, str | int | bool | None]


class MemberScope(Protocol):
    """Reads on behalf of one member: their key is part of every query, so nothing of another member can come back."""

    async def items(self, after: int, limit: int) -> Sequence[Item]: ...
    async def cursors(self) -> Cursors: ...
    async def surroundings(self, client_id: str | None, in_reply_to: str | None) -> Surroundings: ...
    async def released_post(self, post_id: str) -> Post | None: ...
    async def case(self, case_id: str) -> CaseView | None: ...
    async def export(self) -> Mapping[str, object]: ...


class Store(Protocol):
    """Queries, and one kind of write. What is read is what was committed; None means that it is not there."""

    async def commit(self, *changes: Change) -> tuple[Outcome, ...]:
        """Writes all changes or none, on stable storage when it returns; one outcome each.

        Raises Stale, Taken or Conflict when what the decision rested on has moved, Unavailable when nothing can be written.
        A caller that is cancelled meanwhile changes nothing about the commit.
        """
        ...

    def of(self, member: int) -> MemberScope: ...

    async def fact(self, name: str) -> str | None: ...
    async def remembered(self, caller: str, key: str) -> Remembered | None: ...
    async def audit(self, paging: Paging) -> Page[AuditEntry]: ...

    async def communities(self) -> Sequence[Community]: ...
    async def community(self, slug: str) -> Community | None: ...
    async def community_by_n(self, n: int) -> Community | None: ...

    async def member(self, member_id: str) -> Member | None: ...
    async def members(self, community: int, paging: Paging) -> Page[Member]: ...
    async def consents(self, member: int) -> Sequence[Consent]: ...
    async def addresses(self, member: int) -> Sequence[Address]: ...

    async def token(self, digest: str, now: datetime) -> Token | None: ...
    async def signed_in(self, digest: str, now: datetime) -> SignedIn | None: ...
    async def staff(self) -> Sequence[Staff]: ...
    async def staff_by_id(self, staff_id: str) -> Staff | None: ...
    async def keys(self) -> Sequence[Key]: ...
    async def key_by_id(self, key_id: str) -> Key | None: ...

    async def post(self, post_id: str) -> Post | None: ...
    async def posts(self, community: int, paging: Paging) -> Page[Post]: ...
    async def sending(self) -> Sequence[Post]: ...
    async def post_counts(self, post: Post) -> Mapping[DeliveryState, int]: ...
    async def post_presses(self, post: int) -> Mapping[str, int]: ...
    async def deliveries(self, post: Post, state: DeliveryState | None, paging: Paging) -> Page[DeliveryView]: ...

    async def attempt_due(self, channel: str, now: datetime) -> datetime | None: ...

    async def thread(self, thread_id: str) -> Thread | None: ...
    async def threads(self, community: int, wanted: ThreadFilter, paging: Paging) -> Page[Thread]: ...
    async def messages(self, thread: int, paging: Paging) -> Page[Message]: ...
    async def cases(self, community: int, state: CaseState | None, paging: Paging) -> Page[CaseView]: ...
    async def case(self, case_id: str) -> CaseView | None: ...


class Channel(Protocol):
    """A platform that the relay pushes to, at the members' addresses of the channel's name."""

    @property
    def name(self) -> str: ...
    @property
    def rate(self) -> Rate:
        """How much the platform takes."""
        ...

    async def send(self, sending: Sending) -> Receipt:
        """Hands it over once and returns what the platform said.

        Raises the SendError that says what to do about it; any other exception counts as MayHaveLeft. May be cancelled when it
        takes too long, or when the relay stops.
        """
        ...


class Clock(Protocol):
    """Time comes in from outside, so that tests decide it."""

    def now(self) -> datetime:
        """Aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back."""
        ...


Judge = Callable[[Submission], Awaitable[Decision]]
"""Moderation as flows see it; never raises: what goes wrong inside is a decision to hold."""

Told = Callable[[tuple[Change, ...], tuple[Outcome, ...]], None]
"""Called on the loop after each commit, in their order, whether or not the caller still waits."""

Also = Callable[[T], tuple[Change, ...]]
"""What a door adds to a commit once it knows the result, such as the answer it has to remember."""


def nothing(_: object) -> tuple[Change, ...]:
    """Adds no change."""
    return ()
