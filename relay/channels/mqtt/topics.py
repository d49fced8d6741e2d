"""The topics: who speaks is what the topic says, which the broker's access list guards; nothing that is sent says it."""

import re
from dataclasses import dataclass

UPS = "relay/v1/m/+/up"
POSTS = "relay/v1/c/+/+/posts"
FILTERS = (UPS, POSTS)
"""What the relay subscribes to."""

_UP = re.compile(r"relay/v1/m/([A-Za-z0-9_-]{1,40})/up")
_POSTS = re.compile(r"relay/v1/c/([a-z0-9-]{1,40})/([A-Za-z0-9_-]{1,40})/posts")


@dataclass(frozen=True, slots=True)
class FromMember:
    """A member's own topic."""

    member: str

    @property
    def down(self) -> str:
        return down(self.member)


@dataclass(frozen=True, slots=True)
class FromCompany:
    """A company system's own topic: the community's slug and the id of its key."""

    slug: str
    key: str

    @property
    def receipts(self) -> str:
        return f"relay/v1/c/{self.slug}/{self.key}/receipts"


Sender = FromMember | FromCompany


def down(member: str) -> str:
    """Where a member hears the relay."""
    return f"relay/v1/m/{member}/down"


def sender_of(topic: str) -> Sender | None:
    """Whose topic it is; None for any that is not ours."""
    if found := _UP.fullmatch(topic):
        return FromMember(found[1])
    if found := _POSTS.fullmatch(topic):
        return FromCompany(found[1], found[2])
    return None
