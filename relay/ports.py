"""What flows and plugins need from outside: the store, the channels, HTTP and the clock.

Engines and platforms are written against this file.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from relay.core.asking import Reply, Request
from relay.core.attempt import Receipt, Sending
from relay.core.case import CaseState, CaseView
from relay.core.change import Change, Outcome
from relay.core.checking import Unchecked
from relay.core.community import Community
from relay.core.delivery import Cursors, DeliveryState
from relay.core.device import Device
from relay.core.erasure import Erasure
from relay.core.export import ExportKind
from relay.core.joining import ConsentText, Invite
from relay.core.measure import Measure, Past
from relay.core.member import Address, Consent, Member
from relay.core.model import Content, Lessons, Model, Taught
from relay.core.passphrase import Fit
from relay.core.post import Post
from relay.core.rate import Rate
from relay.core.replay import Event, Span
from relay.core.session import Session
from relay.core.shadow import Kept
from relay.core.staff import Key, Staff, Token
from relay.core.stream import Item
from relay.core.thread import Message, Role, Surroundings, Thread, ThreadState
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
class Reachable:
    """A member who has an address on a channel, and how far their stream is."""

    n: int
    id: str
    community: int
    cursors: Cursors


@dataclass(frozen=True, slots=True)
class OwnDevice:
    """One that a member is signed in on; `id` is that of its credential on that channel."""

    id: str
    name: str
    since: datetime
    channel: str


@dataclass(frozen=True, slots=True)
class ThreadFilter:
    """Which threads are listed; None leaves a question out. `post` and `member` are ids, `text` is a full-text search.

    At `now` a snoozed thread whose time has come counts as open.
    """

    state: ThreadState | None = None
    assignee: str | None = None
    label: str | None = None
    post: str | None = None
    member: str | None = None
    text: str | None = None
    with_closed: bool = True
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class Numbers:
    """How much of what a community has: members, threads by state, `mine` of one person, what waits for people."""

    active: int
    left: int
    threads: Mapping[ThreadState, int]
    mine: int
    cases: Mapping[CaseState, int]
    objected: int


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """What became of one delivery."""

    member: str
    pseudonym: str
    state: DeliveryState


@dataclass(frozen=True, slots=True)
class OfMember:
    """A measure, and who it is against as staff see them."""

    measure: Measure
    member: str
    pseudonym: str


@dataclass(frozen=True, slots=True)
class Objection:
    """What a member says against a measure, and the id of the thread in which it stands: None where that was not kept yet."""

    found: OfMember
    text: str | None
    thread: str | None


@dataclass(frozen=True, slots=True)
class Remembered:
    """An earlier answer under an Idempotency-Key; `fingerprint` is the digest of the request."""

    fingerprint: str
    status: int
    body: str


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One row of the audit log; `digest` is empty in rows older than its chain."""

    n: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, str | int | bool | None]
    digest: str = ""


class MemberScope(Protocol):
    """Reads on behalf of one member: their key is part of every query, so nothing of another member can come back."""

    async def items(self, after: int, limit: int) -> Sequence[Item]: ...
    async def cursors(self) -> Cursors: ...
    async def surroundings(self, client_id: str | None, in_reply_to: str | None) -> Surroundings: ...
    async def released_post(self, post_id: str) -> Post | None: ...
    async def case(self, case_id: str) -> CaseView | None: ...
    async def past(self) -> Past: ...
    async def measures(self) -> Sequence[Measure]: ...
    async def presses(self) -> Mapping[str, str]: ...
    async def devices(self) -> Sequence[OwnDevice]: ...
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
    async def exported(self, community: int, kind: ExportKind, paging: Paging) -> Page[Mapping[str, object]]: ...

    async def member(self, member_id: str) -> Member | None: ...
    async def members(self, community: int, paging: Paging) -> Page[Member]: ...
    async def reached_by(self, channel: str, after: int, limit: int) -> Sequence[Reachable]: ...
    async def consents(self, member: int) -> Sequence[Consent]: ...
    async def addresses(self, member: int) -> Sequence[Address]: ...

    async def invite_by_code(self, code: str) -> Invite | None: ...
    async def invite(self, invite_id: str) -> Invite | None: ...
    async def invites(self, community: int, paging: Paging) -> Page[Invite]: ...
    async def consent_texts(self, community: int, *, past: bool = False) -> Sequence[ConsentText]: ...
    async def deferral_due(self) -> datetime | None: ...

    async def erasure(self, member_id: str) -> Erasure | None: ...
    async def erasures(self, *, unconfirmed: bool = False) -> Sequence[Erasure]: ...
    async def erasure_count(self) -> int: ...

    async def devices(self, now: datetime, paging: Paging) -> Page[Device]: ...
    async def devices_of(self, subject: str) -> Sequence[Device]: ...
    async def ended_devices(self, now: datetime) -> Sequence[Device]: ...
    async def sealed_devices(self, now: datetime, limit: int) -> Sequence[Device]: ...

    async def token(self, digest: str, now: datetime) -> Token | None: ...
    async def signed_in(self, digest: str, now: datetime) -> SignedIn | None: ...
    async def sessions(self, staff_id: str, now: datetime) -> Sequence[Session]: ...
    async def passphrase(self, staff_id: str) -> str | None: ...
    async def signed_member(self, member_id: str) -> SignedIn | None: ...
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
    async def measure(self, measure_id: str) -> OfMember | None: ...
    async def proposals(self, community: int, paging: Paging) -> Page[OfMember]: ...
    async def kept(self, member: int, paging: Paging) -> Page[Kept]: ...
    async def kept_counts(self, member: int) -> Mapping[str, int]: ...
    async def model(self, model_id: str) -> Model | None: ...
    async def models(self, community: int, paging: Paging) -> Page[Model]: ...
    async def model_in_use(self, community: int) -> Model | None: ...
    async def model_content(self, model_id: str) -> Content | None: ...
    async def lessons(self, community: int) -> Lessons: ...
    async def taught(self, community: int, upto: datetime | None, most: int) -> Sequence[Taught]: ...
    async def objections(self, community: int, now: datetime, paging: Paging) -> Page[Objection]: ...
    async def numbers(self, community: int, staff: str, now: datetime) -> Numbers: ...
    async def last_messages(self, threads: Sequence[int]) -> Mapping[int, Message]: ...
    async def lately(self, community: int, member: int | None) -> Sequence[tuple[int, Role, str]]: ...
    async def unchecked(self, run: int, now: datetime, limit: int) -> Sequence[Unchecked]: ...


class Engine(Store, Protocol):
    """A store as the app opens it. When `broken` is set, `why_broken` says why, and the process has to end and recover.

    `grouped` hears how many commits became durable at once, and after how many seconds; `is_shared` says that other processes
    may be at work on it.
    """

    broken: asyncio.Event
    why_broken: str
    is_shared: bool
    grouped: Callable[[int, float], None]

    def why_away(self) -> str | None:
        """Why nothing can be read or written for the moment; None while it can."""
        ...

    def why_read_only(self) -> str | None:
        """Why nothing that adds data is taken; None while it is."""
        ...

    async def purged(self) -> None:
        """Returns when what was deleted before is gone from where the engine lets the relay see to it. Raises Unavailable."""
        ...

    async def close(self) -> None:
        """Writes what waits, then ends; a second call does nothing."""
        ...


class History(Protocol):
    """What was decided about members' messages, in its order, for who may not write."""

    async def span(self, since: datetime, community: str | None = None) -> Span: ...
    async def events(self, after: int, last: int, limit: int, community: str | None = None) -> Sequence[Event]: ...
    async def approved_before(self, member: int, n: int) -> int: ...


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


class Outbound(Protocol):
    """Asks HTTP services on behalf of plugins, within what the operator allows."""

    async def ask(self, request: Request) -> Reply:
        """Raises AskingError. May be cancelled."""
        ...

    async def close(self) -> None:
        """Lets go of what it holds open."""
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

JudgeAgain = Callable[[Submission, Decision], Awaitable[Decision]]
"""The same for slow plugins: takes what was decided at first, gives the decision that counts."""

Hash = Callable[[str], Awaitable[str]]
"""Makes what is stored of a passphrase; takes a while on purpose. Raises Unavailable when too many wait already."""

Verify = Callable[[str, str | None], Awaitable[Fit]]
"""Whether it is the passphrase that was hashed. Without a hash the answer is NO, after the same work. Raises Unavailable."""

EnterErasures = Callable[[Sequence[Erasure]], Awaitable[None]]
"""Puts those that are not there yet on the list outside the database; on stable storage when it returns. Raises Unavailable."""

Told = Callable[[tuple[Change, ...], tuple[Outcome, ...]], None]
"""Called on the loop after each commit, in their order, whether or not the caller still waits."""

Run = Callable[[], int | None]
"""The epoch of this process's run while it is sure; None: others may have taken over what was begun under it."""

Also = Callable[[T], tuple[Change, ...]]
"""What a door adds to a commit once it knows the result, such as the answer it has to remember."""


def nothing(_: object) -> tuple[Change, ...]:
    """Adds no change."""
    return ()
