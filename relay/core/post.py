"""A post: what the company says to everyone who opted in."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from relay.core.errors import Conflict, Fault, Invalid, Unknown

MAX_TEXT = 4096  # characters; what WhatsApp and Telegram carry in one message
MAX_TITLE = 200
MAX_LABEL = 40
MAX_BUTTONS = 3  # WhatsApp's limit for reply buttons


class PostState(IntEnum):
    """Stored as its number; `PLANNING` is invisible: its audience is still being written down."""

    PLANNING = 0
    SENDING = 1
    SENT = 2
    CANCELLED = 3

    @property
    def word(self) -> str:
        """As the wire says it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Button:
    """An answer under a post; one that opens a thread invites a question instead of being counted."""

    id: str
    label: str
    opens_thread: bool = False


@dataclass(frozen=True, slots=True)
class Post:
    """Its deliveries have keys from `first_delivery` to `last_delivery`; `released_to` is the last one looked at."""

    id: str
    community: int
    author: str
    text: str
    created_at: datetime
    title: str | None = None
    buttons: tuple[Button, ...] = ()
    urgent: bool = False
    expires_at: datetime | None = None
    state: PostState = PostState.PLANNING
    audience: int = 0
    accepted_at: datetime | None = None
    first_delivery: int = 0
    last_delivery: int = 0
    released_to: int = 0
    n: int = 0


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants posted."""

    text: str
    title: str | None = None
    buttons: tuple[Button, ...] = ()
    urgent: bool = False
    expires_at: datetime | None = None


def checked(draft: Draft, now: datetime) -> Draft:
    """The draft as it may be posted. Raises Invalid with every fault found."""
    faults = [*_text_faults(draft), *_button_faults(draft.buttons)]
    if draft.expires_at is not None and draft.expires_at <= now:
        faults.append(Fault(("body", "expires_at"), "lies in the past"))
    if faults:
        raise Invalid("The post is not valid.", faults)
    return draft


def _text_faults(draft: Draft) -> Iterator[Fault]:
    for field, text, longest in (("text", draft.text, MAX_TEXT), ("title", draft.title or "", MAX_TITLE)):
        if len(text) > longest:
            yield Fault(("body", field), f"has {len(text)} characters, at most {longest} are allowed")
        if flaw := unstorable(text):
            yield Fault(("body", field), flaw)
    if not draft.text.strip():
        yield Fault(("body", "text"), "is empty")


def _button_faults(buttons: tuple[Button, ...]) -> Iterator[Fault]:
    if len(buttons) > MAX_BUTTONS:
        yield Fault(("body", "buttons"), f"has {len(buttons)} entries, at most {MAX_BUTTONS} are allowed")
    if len({button.id for button in buttons}) != len(buttons):
        yield Fault(("body", "buttons"), "two buttons have the same id")
    for place, button in enumerate(buttons):
        if not button.label.strip() or len(button.label) > MAX_LABEL or unstorable(button.label):
            yield Fault(("body", "buttons", place, "label"), f"needs 1 to {MAX_LABEL} characters")


def unstorable(text: str) -> str | None:
    """Why a text cannot be stored or shown; None when it can."""
    if "\x00" in text:
        return "holds a NUL character"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds half of a surrogate pair, which is no character"
    return None


def button_of(post: Post, button_id: str, now: datetime) -> Button:
    """The button a member pressed. Raises Unknown when the post has no such button, Conflict when the post has expired."""
    if post.expires_at is not None and post.expires_at <= now:
        raise Conflict("The post has expired; its buttons are closed.")
    for button in post.buttons:
        if button.id == button_id:
            return button
    raise Unknown
