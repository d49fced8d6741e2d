"""A thread: the private conversation of one member with staff, and where a reply belongs."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum

from relay.core.case import Case, CaseView
from relay.core.errors import Invalid, Unknown
from relay.core.post import unstorable
from relay.core.trust import earns
from relay.core.verdict import Action, Decision

MAX_TEXT = 4096  # characters, as for posts
POST_ANSWER_WINDOW = timedelta(days=7)  # a reply that names nothing belongs to the last post for so long


class ThreadState(IntEnum):
    """Stored as its number."""

    OPEN = 0
    WAITING = 1
    SNOOZED = 2
    CLOSED = 3

    @property
    def word(self) -> str:
        """As the wire says it."""
        return self.name.lower()


class Role(IntEnum):
    """Who wrote a message; stored as its number."""

    MEMBER = 0
    STAFF = 1
    BOT = 2
    RELAY = 3

    @property
    def word(self) -> str:
        """As the wire says it."""
        return self.name.lower()


class Status(IntEnum):
    """What moderation made of a message; stored as its number."""

    FILED = 0
    HELD = 1
    REJECTED = 2
    DISCARDED = 3

    @property
    def word(self) -> str:
        """As the wire says it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class ThreadRef:
    """What a decision about a thread needs to know of it; `version` makes a stale decision fail."""

    n: int
    id: str
    member: int
    post: int | None
    state: ThreadState
    version: int


@dataclass(frozen=True, slots=True)
class NewThread:
    """A thread that comes into being with its first message; `post` is the store's key of the post that started it."""

    id: str
    post: int | None


@dataclass(frozen=True, slots=True)
class Message:
    """One entry in a thread; `member` and `author` are who it belongs to and who of staff wrote it.

    `checking` is the run that has slow plugins look at it, 0 when none does. `measure` is what keeps it out of the inbox.
    """

    id: str
    member: int
    role: Role
    text: str
    at: datetime
    status: Status = Status.FILED
    author: str = ""
    in_reply_to: str | None = None
    client_id: str | None = None
    internal: bool = False
    case: str | None = None
    channel: str = ""
    checking: int = 0
    measure: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a repeated send is answered with."""

    id: str
    at: datetime
    digest: str


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the store knows around a reply, all of it the member's own.

    `answered` is the thread of the message that is answered, `post` the post that is answered (released to this member) with
    its thread in `post_thread`; `latest` the last thread that is not closed; `last_post` what the member last got.
    """

    stored: Stored | None = None
    answered: ThreadRef | None = None
    post: int | None = None
    post_thread: ThreadRef | None = None
    latest: ThreadRef | None = None
    last_post: int | None = None
    last_post_at: datetime | None = None
    last_post_thread: ThreadRef | None = None


def place(in_reply_to: str | None, around: Surroundings, now: datetime) -> ThreadRef | int | None:
    """The thread a reply belongs to, or the post that starts a new one (None: a new one without a post).

    Raises Unknown when the reply names something that is not this member's.
    """
    if in_reply_to is not None:
        if around.answered is not None:
            return around.answered
        if around.post is None:
            raise Unknown
        return around.post_thread or around.post
    if around.latest is not None:
        return around.latest
    if around.last_post is None or around.last_post_at is None or now - around.last_post_at > POST_ANSWER_WINDOW:
        return None
    return around.last_post_thread or around.last_post


def checked_text(text: str) -> str:
    """The text as it is kept. Raises Invalid for what cannot be stored or shown."""
    if not text.strip():
        raise Invalid("The text is empty.")
    if len(text) > MAX_TEXT:
        raise Invalid(f"The text has {len(text)} characters; at most {MAX_TEXT} are allowed.")
    if flaw := unstorable(text):
        raise Invalid(f"The text {flaw}.")
    return text


@dataclass(frozen=True, slots=True)
class Effect:
    """What a decision does: the message's status, whether its thread opens again, what it adds to the member's `approved`."""

    status: Status
    reopens: bool
    approves: int = 0


_EFFECTS = {
    Action.ALLOW: Effect(Status.FILED, reopens=True),
    Action.FLAG: Effect(Status.FILED, reopens=True),
    Action.NUDGE: Effect(Status.REJECTED, reopens=False),
    Action.HOLD: Effect(Status.HELD, reopens=True),
    Action.REJECT: Effect(Status.REJECTED, reopens=False),
    Action.DISCARD: Effect(Status.DISCARDED, reopens=False),
}


def effect_of(decision: Decision, text: str) -> Effect:
    """What moderation's decision does. A message counts as approved by what it says alone, never by what others wrote.

    A very short one never does.
    """
    return replace(_EFFECTS[decision.action], approves=int(decision.by_itself is Action.ALLOW and earns(text)))


def status_after(decision: Decision) -> Status:
    """What moderation's decision makes of the message."""
    return _EFFECTS[decision.action].status


def effect_of_ruling(before: Status, own: Action, after: Status, text: str) -> Effect:
    """What a person's decision does to a message that moderation, by what it says alone, would have met with `own`."""
    counted = own is Action.ALLOW and before is not Status.REJECTED
    brought_back = after is Status.FILED and before is not Status.FILED
    counts = after is Status.FILED and (counted or brought_back)
    return Effect(after, brought_back, (int(counts) - int(counted)) * earns(text))


@dataclass(frozen=True, slots=True)
class Filing:
    """Everything one reply changes, committed whole."""

    message: Message
    thread: ThreadRef | NewThread
    decision: Decision
    case: Case | None
    notice: Message | None


@dataclass(frozen=True, slots=True)
class Lease:
    """Who is answering right now; runs out by itself."""

    holder: str
    name: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread as staff see it in a list; `preview` is empty while its last message is held back from who reads."""

    id: str
    n: int
    community: int
    member: int
    member_id: str
    pseudonym: str
    state: ThreadState
    assignee: str | None
    labels: tuple[str, ...]
    post: str | None
    snoozed_until: datetime | None
    lease: Lease | None
    version: int
    created_at: datetime
    active_at: datetime

    def state_at(self, now: datetime) -> ThreadState:
        """A snoozed thread is open again from its time on."""
        awake = self.state is ThreadState.SNOOZED and self.snoozed_until is not None and self.snoozed_until <= now
        return ThreadState.OPEN if awake else self.state

    @property
    def ref(self) -> ThreadRef:
        """What a decision needs of it; the post plays no part once the thread is there."""
        return ThreadRef(self.n, self.id, self.member, None, self.state, self.version)


def ref_of(view: CaseView) -> ThreadRef:
    """The same of the thread that a case is in."""
    return ThreadRef(view.thread_n, view.thread, view.member, None, ThreadState(view.thread_state), view.thread_version)


@dataclass(frozen=True, slots=True)
class ThreadEdit:
    """What staff change of a thread; None leaves a value as it is, an empty assignee takes it away."""

    state: ThreadState | None = None
    snoozed_until: datetime | None = None
    assignee: str | None = None
    labels: tuple[str, ...] | None = None


def may_lease(lease: Lease | None, actor_id: str, now: datetime) -> bool:
    """Whether `actor_id` may take the lease: it is free, has run out, or is theirs."""
    return lease is None or lease.holder == actor_id or lease.until <= now
