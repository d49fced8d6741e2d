"""Who acts for the company: staff with one role each, and keys of company systems with scopes; what each may do."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

RELAY = "relay"  # who acts when nobody does


class Role(StrEnum):
    """The owner may do all; a manager whatever agent and moderator may; an auditor reads."""

    OWNER = "owner"
    MANAGER = "manager"
    AGENT = "agent"
    MODERATOR = "moderator"
    AUDITOR = "auditor"


_INCLUDES = {
    Role.OWNER: frozenset(Role),
    Role.MANAGER: frozenset({Role.MANAGER, Role.AGENT, Role.MODERATOR}),
    Role.AGENT: frozenset({Role.AGENT}),
    Role.MODERATOR: frozenset({Role.MODERATOR}),
    Role.AUDITOR: frozenset({Role.AUDITOR}),
}
_READ_BY_AUDITOR = frozenset({Role.MANAGER, Role.AGENT, Role.MODERATOR, Role.AUDITOR})

SCOPES = (
    "communities:read", "members:read", "members:write", "posts:read", "posts:write",
    "threads:read", "threads:write", "cases:read", "cases:write", "plugins:read",
)  # fmt: skip
"""What a key can hold; staff, keys and the audit log are for people alone."""


@dataclass(frozen=True, slots=True)
class Staff:
    """A person of the company; `n` is the store's own key."""

    id: str
    name: str
    role: Role
    created_at: datetime
    removed_at: datetime | None = None
    n: int = 0


@dataclass(frozen=True, slots=True)
class Key:
    """A credential of a company system; what it may do is the list of its scopes."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created_by: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    n: int = 0


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is asking on the company's side: exactly one of `role` (a person) and `scopes` (a key) decides.

    `created_by` is the id of the person who issued the key, `session` that of the session that a person is signed in by.
    """

    id: str
    name: str
    role: Role | None = None
    scopes: tuple[str, ...] = ()
    created_by: str = ""
    session: str = ""

    @property
    def person(self) -> str:
        """The id of the person behind it: their own, or that of who issued the key."""
        return self.created_by or self.id

    def may(self, least: Role, scope: str | None, *, reading: bool) -> bool:
        """Whether a call is allowed that asks for at least this role, or for this scope of a key (None: no key may)."""
        if self.role is None:
            return scope is not None and scope in self.scopes
        if self.role is Role.AUDITOR:
            return reading and least in _READ_BY_AUDITOR
        return least in _INCLUDES[self.role]


def known_as(name: str) -> str:
    """What two names have in common that people take for the same: case, width and spaces make no other person."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join(folded.split())


class TokenKind(StrEnum):
    """Whose credential a token is. SESSION and LINK are a person's too: a browser that is signed in, and a way in, once."""

    MEMBER = "member"
    STAFF = "staff"
    KEY = "key"
    SESSION = "session"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Token:
    """A credential as it is stored: the digest alone. `subject` is the id of the member, staff or key.

    Of a session `device` is the browser, and `seen_at` when it was used last, None until that was written for the first time.
    """

    id: str
    kind: TokenKind
    digest: str
    subject: str
    created_at: datetime
    device: str = ""
    expires_at: datetime | None = None
    seen_at: datetime | None = None
