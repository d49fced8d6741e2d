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
from relay.web.parts import Library, Parts, RawHandler
from relay.web.settings import HttpSettings

B_co = TypeVar("B_co", covariant=True)
Q_co = TypeVar("Q_co", covariant=True)

PARAMETERS = {"id": "[A-Za-z0-9_-]{1,40}", "slug": "[a-z0-9-]{1,40}"}
"""What may stand in a path; anything else is not there."""

_PARAMETER = re.compile(r"{(\w+)}")


class Who(StrEnum):
    """Who may call a route; PUBLIC means everybody."""

    PUBLIC = "public"
    MEMBER = "member"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class StaffCall(Generic[B_co, Q_co]):
    """One request of staff or of a key. `also(render)` is what a creating flow adds to its commit."""

    parts: Parts
    actor: Actor
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
class PublicCall:
    """One request of anybody; its handler makes the whole response."""

    parts: Parts
    settings: HttpSettings
    request: web.Request
    documents: Library
    staff_stream: RawHandler


Handler = Callable[[Any], Awaitable[Any]]
"""Takes the call that fits `Route.who`, gives a view (None: nothing to show) or, where public, a response."""


@dataclass(frozen=True, slots=True)
class Route:
    """`roles`: any of these least roles opens it. `scope`: what a key needs, None: no key may. `secret`: a field shown once."""

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
    secret: str | None = None
    kind: Literal["json", "page", "socket"] = "json"
    media: str = "application/json"

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
        return any(actor.may(role, self.scope, reading=self.is_reading) for role in self.roles)
