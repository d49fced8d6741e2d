"""What happens in a noninterference program: acts of two members and of staff, as values.

LOW is watched. HIGH must not be noticed: whatever HIGH does, and whatever staff do about HIGH alone, LOW sees the same. The
pools (texts, client ids, keys) are tiny on purpose: only where two members say the same can one be taken for the other.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LOUD: Final = "Nobody here can read, you are all blargs"
TEXTS: Final = (
    "Is there a vegetarian menu for Friday?",
    "ok",
    LOUD,
    "STOP",
    "START",
    "Bitte ruft mich zurück, es geht um meine Bestellung",
    LOUD + "!",
    "data",
    " ",
    "x" * 5000,
)
MARKS: Final = ("c1", "c2", "c3")
KEYS: Final = (None, "k1", "k2")
BUTTONS: Final = ("yes", "no", "none")
JUNK: Final = (
    b"{",
    b'{"type":"ack"}',
    b'{"type":"send","client_id":"c1","text":"ok","to":"everybody"}',
    b'{"type":"hello","token":"x","after":0}',
    b'{"type":"read","seq":9007199254740991}',
    b'{"type":"press","client_id":"c2","post":"","button":""}',
)


class Who(StrEnum):
    """LOW and HIGH are members, or whom staff act about; ALL is the community."""

    LOW = "low"
    HIGH = "high"
    ALL = "all"


class Of(StrEnum):
    """Whose things an act names: one's own, or those of the other member."""

    OWN_MESSAGE = "own message"
    OWN_POST = "own post"
    OWN_CASE = "own case"
    THEIR_MESSAGE = "their message"
    THEIR_POST = "their post"
    THEIR_CASE = "their case"
    THEIR_SELF = "their self"
    NOBODYS = "nobody's"


THEIRS: Final = frozenset((Of.THEIR_MESSAGE, Of.THEIR_POST, Of.THEIR_CASE, Of.THEIR_SELF))


@dataclass(frozen=True, slots=True)
class Ref:
    """The k-th such thing, counted from the newest that its owner was shown."""

    of: Of
    k: int = 0


# ------------------------------------------------------------------------------------------- of a member, by WebSocket


@dataclass(frozen=True, slots=True)
class Connect:
    """A new connection of the device, from `back` items before the last it saw."""

    device: int
    back: int


@dataclass(frozen=True, slots=True)
class Drop:
    device: int


@dataclass(frozen=True, slots=True)
class Say:
    device: int
    mark: int
    text: int
    answers: Ref | None


@dataclass(frozen=True, slots=True)
class Flood:
    device: int
    text: int
    count: int


@dataclass(frozen=True, slots=True)
class Press:
    device: int
    mark: int
    post: Ref
    button: int


@dataclass(frozen=True, slots=True)
class Ack:
    """Up to `back` before the last seen; negative: beyond it."""

    device: int
    back: int
    read: bool


@dataclass(frozen=True, slots=True)
class Junk:
    device: int
    n: int


# ------------------------------------------------------------------------------------------------ of a member, by HTTP


class Ask(StrEnum):
    """Reads, and calls without a body."""

    ME = "me"
    ITEMS = "items"
    EXPORT = "export"
    LEAVE = "leave"
    ERASE = "erase"
    STAFF_PAGE = "staff page"
    OWN_PAGE = "own page"
    OWN_SETTINGS = "own settings"


@dataclass(frozen=True, slots=True)
class Call:
    device: int
    ask: Ask


@dataclass(frozen=True, slots=True)
class Write:
    device: int
    mark: int
    text: int
    answers: Ref | None
    key: int


@dataclass(frozen=True, slots=True)
class PressCall:
    device: int
    post: Ref
    button: int
    key: int


@dataclass(frozen=True, slots=True)
class AckCall:
    device: int
    back: int
    read: bool


@dataclass(frozen=True, slots=True)
class AppealCall:
    device: int
    case: Ref
    key: int


# ----------------------------------------------------------------------------------------------------- of staff, of time


@dataclass(frozen=True, slots=True)
class Publish:
    text: int
    buttons: int


@dataclass(frozen=True, slots=True)
class Rename:
    """The community: another name, another imprint."""

    n: int


@dataclass(frozen=True, slots=True)
class Answer:
    """In the member's k-th thread; `note`: for staff alone; without a thread staff write first."""

    k: int
    text: int
    note: bool


@dataclass(frozen=True, slots=True)
class Decide:
    """The member's k-th case, from the newest back; an appeal is decided by somebody else."""

    k: int
    reject: bool


@dataclass(frozen=True, slots=True)
class Close:
    k: int


@dataclass(frozen=True, slots=True)
class NewToken:
    device: int


@dataclass(frozen=True, slots=True)
class Revoke:
    """One device, or all."""

    device: int | None


@dataclass(frozen=True, slots=True)
class Erase:
    """The company erases the member."""


@dataclass(frozen=True, slots=True)
class Tick:
    seconds: int


ByMember = Connect | Drop | Say | Flood | Press | Ack | Junk | Call | Write | PressCall | AckCall | AppealCall
ByStaff = Answer | Decide | Close | NewToken | Revoke | Erase
ForAll = Publish | Rename | Tick
Act = ByMember | ByStaff | ForAll


@dataclass(frozen=True, slots=True)
class Step:
    """`beside`: HIGH's act is still under way while the following step is made."""

    who: Who
    act: Act
    beside: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """`high_first`: who joined before whom."""

    high_first: bool
    steps: tuple[Step, ...]

    def __repr__(self) -> str:
        lines = "".join(f"\n  {each.who:4} {each.act}{' (beside the next)' if each.beside else ''}" for each in self.steps)
        return f"Program, {'HIGH' if self.high_first else 'LOW'} joined first:{lines}"
