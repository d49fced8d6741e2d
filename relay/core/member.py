"""A member: a person who opted in, with their consent, addresses and the words that steer it."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum


class Standing(IntEnum):
    """Stored as its number. A member who left keeps their threads and gets no posts."""

    ACTIVE = 0
    LEFT = 1


class Lift(StrEnum):
    """Why a pseudonym is lifted. The audit log, which holds no texts, holds one of these words."""

    REQUEST = "request"  # what the member asks for needs their name
    DATA = "data"  # they ask for what is stored of them, or for its end
    HARM = "harm"  # somebody may come to harm
    LAW = "law"  # a law or an authority asks for it


@dataclass(frozen=True, slots=True)
class Consent:
    """The receipt of an opt-in: where it was given, when, and which text was shown; `language` is that text's, where known."""

    channel: str
    source: str
    text_version: str
    at: datetime
    withdrawn_at: datetime | None = None
    language: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    """One channel plus one identity there."""

    channel: str
    address: str


@dataclass(frozen=True, slots=True)
class AddAddress:
    """A further address of a member; nothing happens when it is theirs already, or anybody's."""

    member: int
    address: Address


@dataclass(frozen=True, slots=True)
class Member:
    """`n` is the store's own key (0 until stored) and never leaves the relay; no posts come before `paused_until`."""

    id: str
    community: int
    pseudonym: str
    joined_at: datetime
    name: str = ""
    language: str = ""
    time_zone: str = ""
    tags: tuple[str, ...] = ()
    attributes: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    standing: Standing = Standing.ACTIVE
    approved: int = 0
    paused_until: datetime | None = None
    n: int = 0


class Keyword(StrEnum):
    """Words that are obeyed before anything else looks at a message."""

    STOP = "stop"
    START = "start"
    DATA = "data"
    HELP = "help"


_KEYWORDS = {
    **dict.fromkeys(("stop", "stopp", "abmelden", "unsubscribe", "ende", "quit", "cancel"), Keyword.STOP),
    **dict.fromkeys(("start", "anmelden", "subscribe", "unstop"), Keyword.START),
    **dict.fromkeys(("data", "daten", "meine daten", "my data"), Keyword.DATA),
    **dict.fromkeys(("help", "hilfe"), Keyword.HELP),
}
_LONGEST = 80  # characters: a word, and what phones and signatures put around it
_AROUND = re.compile(r"^[\W_]+|[\W_]+$")


def keyword(text: str) -> Keyword | None:
    """The command a message consists of, if it is nothing else: `STOP!` is one, `stop it` is not."""
    if len(text) > _LONGEST:
        return None
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _KEYWORDS.get(_AROUND.sub("", folded))
