"""What goes in and out when people of staff are taken on, sign in, and go: one model a body, one value an answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field, StrictStr

from relay.core.passphrase import MOST
from relay.core.session import Session
from relay.core.staff import Actor, Role, Staff
from relay.flows.govern import Hired, Linked
from relay.web.bodies import Body, Name, Storable

Passphrase = Annotated[StrictStr, Field(min_length=1, max_length=MOST, repr=False), Storable]
Link = Annotated[StrictStr, Field(min_length=1, max_length=200, repr=False)]


class NewStaff(Body):
    """Somebody who works here. They sign in by their name, so it is there once."""

    name: Name
    role: Role


class ByPassphrase(Body):
    """Who signs in."""

    name: Name
    passphrase: Passphrase


class OnlyLink(Body):
    """The secret of a one-time link: what stands behind `#link=`."""

    link: Link


class ByLink(OnlyLink):
    """Uses the link up: the passphrase is set, and the name where it is given."""

    passphrase: Passphrase
    name: Name | None = None


class NewPassphrase(Body):
    """The one they have, and the one that they will have."""

    old: Passphrase
    new: Passphrase


@dataclass(frozen=True, slots=True)
class PersonView:
    """Somebody of staff as they see themselves."""

    id: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class SessionView:
    """Who is signed in, by which session (null: by a token), until when, and how many communities there are."""

    staff: PersonView
    session: str | None
    expires_at: datetime | None
    communities: int


@dataclass(frozen=True, slots=True)
class LinkView:
    """Whose link it is, and whether a passphrase of theirs ends when it is used."""

    staff: PersonView
    has_passphrase: bool


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One browser that is signed in; `seen_at` is up to five minutes old."""

    id: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    browser: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class HiredView:
    """A new person; the token is for the command line and programs, the link opens the console once."""

    id: str
    token: str | None
    link: str | None


@dataclass(frozen=True, slots=True)
class NewLinkView:
    """A one-time link, which is shown this once."""

    id: str
    link: str | None
    expires_at: datetime


def address_of(site: str, link: str) -> str:
    """Where a one-time link leads. Its secret stands behind the #, which no browser sends and no server logs."""
    return f"{site}/console#link={link}"


def person_view(person: Staff) -> PersonView:
    return PersonView(person.id, person.name, person.role.value)


def self_view(actor: Actor) -> PersonView:
    return PersonView(actor.id, actor.name, actor.role.value if actor.role else "")


def session_rows(sessions: Sequence[Session], actor: Actor) -> list[SessionRow]:
    return [
        SessionRow(one.id, one.created_at, one.seen_at, one.expires_at, one.browser, one.id == actor.session)
        for one in sessions
    ]


def hired_view(hired: Hired, site: str) -> HiredView:
    return HiredView(hired.id, hired.token, address_of(site, hired.link))


def new_link_view(linked: Linked, site: str) -> NewLinkView:
    return NewLinkView(linked.id, address_of(site, linked.link), linked.expires_at)
