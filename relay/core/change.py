"""What a flow wants written: values that one `commit` takes whole, or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from relay.core.attempt import (
    AddReceipts,
    ClaimAttempts,
    Claimed,
    HearFrom,
    RecoverAttempts,
    ReturnAttempts,
    SetPushed,
    SettleAttempts,
)
from relay.core.case import CaseState
from relay.core.checking import DecideAgain
from relay.core.community import Community, Rules
from relay.core.device import AddDevice, ConfirmDevice, DropDevices
from relay.core.erasure import ConfirmErasures, NoteErasures, PurgeErased
from relay.core.joining import Joining
from relay.core.lease import EndLease, HoldLease
from relay.core.measure import Brought, Concerned, Measuring
from relay.core.member import AddAddress, Address, Consent, Member
from relay.core.model import Learning, Lesson
from relay.core.pause import Pausing, Resumed
from relay.core.post import Post
from relay.core.repeat import Forget, Remember
from relay.core.restore import EndAllTokens, LeapSeqs
from relay.core.run import DropPlans, EndRun, KeepRun, StartRun
from relay.core.session import BeginSession, EndSession, NameStaff, Rehash, SeeSessions, SetPassphrase, UseLink
from relay.core.staff import Key, Staff, Token, TokenKind
from relay.core.thread import Filing, Message, NewThread, Status, ThreadEdit, ThreadRef

Detail = Mapping[str, str | int | bool | None]
NOTHING: Detail = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class AddCommunity:
    """Taken when the slug is in use."""

    community: Community


@dataclass(frozen=True, slots=True)
class EditCommunity:
    """Changes what is given of the community with this key; None leaves it, so that two edits of different things both last.

    `closed` closes it at `at` (closed before, it keeps that time) or opens it again.
    """

    community: int
    at: datetime
    name: str | None = None
    language: str | None = None
    time_zone: str | None = None
    imprint: str | None = None
    privacy_url: str | None = None
    rules: Rules | None = None
    closed: bool | None = None


@dataclass(frozen=True, slots=True)
class AddMember:
    """Outcome: the member's key."""

    member: Member
    consent: Consent
    addresses: tuple[Address, ...]
    token: Token


@dataclass(frozen=True, slots=True)
class EditMember:
    """Changes what is given of the member with this key; None leaves it, so that two edits of different things both last."""

    member: int
    name: str | None = None
    language: str | None = None
    time_zone: str | None = None
    tags: tuple[str, ...] | None = None
    attributes: Mapping[str, str | int | float | bool] | None = None


@dataclass(frozen=True, slots=True)
class Leave:
    """STOP: the consent is withdrawn, posts are suppressed from now on; threads stay."""

    member: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Rejoin:
    """START: a new consent."""

    member: int
    consent: Consent


@dataclass(frozen=True, slots=True)
class Erase:
    """The member is gone for everybody, with everything of theirs; deliveries of posts stay as a count.

    The rows of somebody who has many go after that, by PurgeErased.
    """

    member: int
    id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AddToken:
    """A further credential; an older one of the same subject and device goes with it. Stale when the subject is gone."""

    token: Token


@dataclass(frozen=True, slots=True)
class Credential:
    """One that somebody signed in with, or that a device has for the broker; what it is called may stand on both channels."""

    id: str
    channel: str


@dataclass(frozen=True, slots=True)
class RevokeTokens:
    """Ends credentials at once; None means every device. With `only` it is this one alone, and `device` is its name."""

    kind: TokenKind
    subject: str
    at: datetime
    device: str | None = None
    only: Credential | None = None


@dataclass(frozen=True, slots=True)
class AddStaff:
    """A new person with their first token. Conflict when they are to be the very first and somebody was there before."""

    staff: Staff
    token: Token
    is_first: bool = False


@dataclass(frozen=True, slots=True)
class RemoveStaff:
    """The person may do nothing any more; what they did stays. Conflict when nobody else is an owner."""

    id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AddKey:
    """A new key with its token."""

    key: Key
    token: Token


@dataclass(frozen=True, slots=True)
class RevokeKey:
    """The key opens nothing any more."""

    id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PlanPost:
    """Writes the post invisibly, as a plan of this run. Outcome: its key."""

    post: Post
    run: int


@dataclass(frozen=True, slots=True)
class FreezeAudience:
    """Writes one group of the post's deliveries: active members, keys above `after`. Stale once dropped. Outcome: Frozen."""

    post: int
    community: int
    after: int
    limit: int


@dataclass(frozen=True, slots=True)
class Frozen:
    """How far a group came: the last member's key (None: nobody was left) and how many rows were written."""

    last_member: int | None
    rows: int


@dataclass(frozen=True, slots=True)
class AcceptPost:
    """Makes a planned post and its whole ledger real. Conflict when its community was closed meanwhile, Stale once dropped."""

    post: Post


@dataclass(frozen=True, slots=True)
class DropPlan:
    """Takes back a group of what was written of the post with this id, unless it is accepted. Outcome: how much may be left."""

    post: str
    limit: int


@dataclass(frozen=True, slots=True)
class ReleasePost:
    """Gives the next planned deliveries of a post their seq. Outcome: Released."""

    post: Post
    limit: int
    now: datetime


@dataclass(frozen=True, slots=True)
class Released:
    """`seqs` pairs member keys with seqs; `released_to` is the last delivery looked at, `finished` when none is left."""

    seqs: tuple[tuple[int, int], ...]
    released_to: int
    finished: bool


@dataclass(frozen=True, slots=True)
class CancelPost:
    """What has no seq yet gets none."""

    post: Post
    at: datetime


@dataclass(frozen=True, slots=True)
class FileReply:
    """A member's message with its thread, case, decision and notice. Outcome: Filed."""

    filing: Filing
    community: int


@dataclass(frozen=True, slots=True)
class Filed:
    """`seq` is that of the member's own message, `notice_seq` that of the notice if there is one."""

    thread: int
    seq: int
    notice_seq: int | None = None


@dataclass(frozen=True, slots=True)
class SendMessage:
    """Staff, a bot or the relay to one member. Outcome: Filed."""

    message: Message
    thread: ThreadRef | NewThread
    community: int


@dataclass(frozen=True, slots=True)
class AddNote:
    """Something that nobody outside staff sees."""

    message: Message
    thread: ThreadRef


@dataclass(frozen=True, slots=True)
class EditThread:
    """Stale when the thread has moved on from `thread.version`."""

    thread: ThreadRef
    edit: ThreadEdit
    at: datetime


@dataclass(frozen=True, slots=True)
class TakeLease:
    """Conflict when another holds it at `now`."""

    thread: ThreadRef
    holder: str
    name: str
    now: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class FreeLease:
    """Nothing happens unless `holder` holds it."""

    thread: ThreadRef
    holder: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A person's decision in a case: what becomes of the message, and what the member is told. Outcome: Filed or None."""

    case: str
    version: int
    state: CaseState
    status: Status
    by: str
    reason: str
    at: datetime
    thread: ThreadRef
    community: int
    notice: Message | None
    lesson: Lesson = Lesson.NONE


@dataclass(frozen=True, slots=True)
class Appeal:
    """The member asks for another look."""

    case: str
    version: int
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Press:
    """An answer button; a second press changes the answer. `id` is the post's, for the member's other pages."""

    post: int
    member: int
    button: str
    at: datetime
    id: str = ""


@dataclass(frozen=True, slots=True)
class Reached:
    """How far one member's devices have come; cursors never go back."""

    member: int
    sent: int
    delivered: int
    read: int

    def merged(self, other: "Reached") -> "Reached":
        """The further of both, cursor by cursor: devices report in any order."""
        return Reached(
            self.member,
            max(self.sent, other.sent),
            max(self.delivered, other.delivered),
            max(self.read, other.read),
        )


@dataclass(frozen=True, slots=True)
class AdvanceCursors:
    """Many members' acknowledgements in one change."""

    reached: tuple[Reached, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """One row of the audit log: ids and digests, no texts."""

    at: datetime
    actor: str
    action: str
    subject: str
    detail: Detail


@dataclass(frozen=True, slots=True)
class SetFact:
    """A value of the relay's own, such as its pseudonym key; kept as it is when it is there already."""

    name: str
    value: str


Change = (
    AddCommunity | EditCommunity | AddMember | EditMember | Leave | Rejoin | Erase | Joining | Pausing
    | AddToken | RevokeTokens | AddDevice | ConfirmDevice | DropDevices | AddStaff | RemoveStaff | AddKey | RevokeKey
    | BeginSession | EndSession | SeeSessions | UseLink | SetPassphrase | Rehash | NameStaff
    | PlanPost | FreezeAudience | AcceptPost | DropPlan | DropPlans | ReleasePost | CancelPost
    | FileReply | SendMessage | AddNote | EditThread | TakeLease | FreeLease | Rule | DecideAgain | Appeal | Measuring
    | Learning | Press | SetPushed | RecoverAttempts | ClaimAttempts | ReturnAttempts | SettleAttempts | AddReceipts | HearFrom
    | PurgeErased | NoteErasures | ConfirmErasures | LeapSeqs | EndAllTokens
    | StartRun | KeepRun | EndRun | HoldLease | EndLease | AddAddress | AdvanceCursors | Remember | Forget | Record | SetFact
)  # fmt: skip

Outcome = int | Frozen | Released | Filed | Claimed | Resumed | Brought | Concerned | None
