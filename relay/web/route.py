"""A route: one row of the table that routing, authorisation, documents and the role matrix are made from."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, Literal, TypeVar

from aiohttp import web
from pydantic import BaseModel

from relay.core.staff import Actor, Role
from relay.ports import Also, SignedIn
from relay.web.assets import Assets
from relay.web.auth import Gate
from relay.web.parts import Library, Parts, RawHandler
from relay.web.settings import HttpSettings
from relay.web.tries import Tries

B_co = TypeVar("B_co", covariant=True)
Q_co = TypeVar("Q_co", covariant=True)

PARAMETERS = {
    "id": "[A-Za-z0-9_-]{1,40}",
    "slug": "[a-z0-9-]{1,40}",
    "code": "[A-Za-z0-9_-]{1,64}",
    "area": "[a-z]{1,20}",
    "file": "[a-z0-9_-]+(?:[./][a-z0-9_-]+)*",
}
"""What may stand in a path; anything else is not there."""

_PARAMETER = re.compile(r"{(\w+)}")


class Who(StrEnum):
    """Who may call a route; PUBLIC means everybody."""

    PUBLIC = "public"
    MEMBER = "member"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Visit:
    """Whence a request comes: the relay's own address as its browser has it, the browser's label, and what may be tried."""

    site: str
    browser: str
    tries: Tries


@dataclass(frozen=True, slots=True)
class StaffCall(Generic[B_co, Q_co]):
    """One request of staff or of a key. `also(render)` is what a creating flow adds to its commit."""

    parts: Parts
    actor: Actor
    visit: Visit
    path: Mapping[str, str]
    body: B_co
    query: Q_co
    also: Callable[[Callable[[Any], object]], Also[Any]]


@dataclass(frozen=True, slots=True)
class MemberCall(Generic[B_co, Q_co]):
    """One request of a member."""

    parts: Parts
    signed: SignedIn
    body: B_co
    query: Q_co
    also: Callable[[Callable[[Any], object]], Also[Any]]


@dataclass(frozen=True, slots=True)
class VisitorCall(Generic[B_co]):
    """One request of somebody who has not signed in."""

    parts: Parts
    visit: Visit
    path: Mapping[str, str]
    body: B_co


@dataclass(frozen=True, slots=True)
class PublicCall:
    """One request of anybody; its handler makes the whole response. `gate.known(request)` tells who is signed in."""

    parts: Parts
    settings: HttpSettings
    gate: Gate
    request: web.Request
    documents: Library
    assets: Assets
    staff_stream: RawHandler
    query: Any = None


Told = Callable[[web.Request, web.Response], web.Response]
"""Says to a person in a browser what a problem says to a program."""

Handler = Callable[[Any], Awaitable[Any]]
"""Takes the call that fits `Route.who`, gives a view (None: nothing to show) or, where public, a response."""


@dataclass(frozen=True, slots=True)
class Route:
    """`roles`: any of these least roles opens it. `scope`: what a key needs, None: no key may. `secret`: fields shown once.

    `is_own`: about the caller's own sign-in, so that every person may call it, auditors too, and no key. `is_entrance`: leads
    to a session, so that it is called from the relay's own pages, or by no browser, and never in the clear. `kind`: a page is
    what a browser goes to, and an own one is a member's, which signs them in by cookie and counts them itself; an asset belongs
    to one, lies in memory, and is given to everybody uncounted. `told` makes a page of what went wrong.
    """

    method: str
    path: str
    who: Who
    summary: str
    handler: Handler
    roles: tuple[Role, ...] = ()
    scope: str | None = None
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    answer: Any = None
    status: int = 200
    is_creating: bool = False
    secret: tuple[str, ...] = ()
    is_own: bool = False
    is_entrance: bool = False
    kind: Literal["json", "page", "own", "asset", "socket"] = "json"
    media: str = "application/json"
    told: Told | None = None

    @property
    def is_page(self) -> bool:
        """Whether a browser goes there by itself, so that a link of another site may lead to it."""
        return self.kind in {"page", "own"}

    @property
    def is_reading(self) -> bool:
        return self.method == "GET"

    @property
    def noun(self) -> str:
        """The group it stands in."""
        parts = [part for part in self.path.split("/") if part and "{" not in part and part != "v1"]
        noun = parts[1] if len(parts) > 1 and parts[0] == "communities" else parts[0] if parts else "relay"
        return noun.partition(":")[0] if self.path.startswith("/v1") else "relay"

    @property
    def pattern(self) -> str:
        """The path as aiohttp's router reads it."""
        return _PARAMETER.sub(lambda found: f"{{{found[1]}:{PARAMETERS[found[1]]}}}", self.path)

    @property
    def expression(self) -> re.Pattern[str]:
        """The path as a regular expression."""
        pieces = enumerate(_PARAMETER.split(self.path))
        return re.compile("".join(PARAMETERS[piece] if n % 2 else re.escape(piece) for n, piece in pieces))

    def admits(self, actor: Actor) -> bool:
        """Whether this person or key may call it."""
        if self.is_own:
            return actor.role is not None
        return any(actor.may(role, self.scope, reading=self.is_reading) for role in self.roles)
