"""Who may do what at the broker: roles of literal rules, one a member; whatever no rule allows is denied."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from relay.core.device import Device
from relay.core.staff import TokenKind

ROOT: Final = "relay/v1"
CONTROL: Final = "$CONTROL/dynamic-security/v1"
RESPONSE: Final = f"{CONTROL}/response"
STREAM: Final = "relay-stream"
ADMIN: Final = "relay-admin"
BOOTSTRAP: Final = "relay-bootstrap"
OF_MEMBER: Final = "relay-m-"  # and the member's id
OF_KEY: Final = "relay-k-"


class Act(StrEnum):
    """What a rule allows, as dynamic security calls it."""

    SEND = "publishClientSend"
    RECEIVE = "publishClientReceive"
    SUBSCRIBE = "subscribeLiteral"
    SUBSCRIBE_ANY = "subscribePattern"


DEFAULTS: Final = ("publishClientSend", "publishClientReceive", "subscribe", "unsubscribe")
"""What is decided for whatever no rule names: all of it is denied."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that is allowed on a topic; only the relay's own rules and those of keys hold wildcards."""

    act: Act
    topic: str


@dataclass(frozen=True, slots=True)
class Role:
    """A name and all that it allows."""

    name: str
    rules: tuple[Rule, ...]


def member_role(member: str) -> Role:
    """Three literal rules: send up, receive down, subscribe to down."""
    up, down = f"{ROOT}/m/{member}/up", f"{ROOT}/m/{member}/down"
    return Role(f"{OF_MEMBER}{member}", (Rule(Act.SEND, up), Rule(Act.RECEIVE, down), Rule(Act.SUBSCRIBE, down)))


def key_role(key: str) -> Role:
    """Posts out and receipts in, in whatever community: a key is the company's, not one community's."""
    posts, receipts = f"{ROOT}/c/+/{key}/posts", f"{ROOT}/c/+/{key}/receipts/#"  # itself, or one below that was asked for
    return Role(f"{OF_KEY}{key}", (Rule(Act.SEND, posts), Rule(Act.RECEIVE, receipts), Rule(Act.SUBSCRIBE_ANY, receipts)))


STREAM_ROLE: Final = Role(
    STREAM,
    (
        Rule(Act.SEND, f"{ROOT}/m/+/down"),
        Rule(Act.SEND, f"{ROOT}/c/+/+/receipts/#"),
        *(Rule(act, f"{ROOT}/m/+/up") for act in (Act.RECEIVE, Act.SUBSCRIBE_ANY)),
        *(Rule(act, f"{ROOT}/c/+/+/posts") for act in (Act.RECEIVE, Act.SUBSCRIBE_ANY)),
    ),
)
ADMIN_ROLE: Final = Role(ADMIN, (Rule(Act.SEND, CONTROL), Rule(Act.RECEIVE, RESPONSE), Rule(Act.SUBSCRIBE, RESPONSE)))
BOOTSTRAP_ROLE: Final = Role(BOOTSTRAP, ADMIN_ROLE.rules)
OWN_ROLES: Final = (STREAM_ROLE, ADMIN_ROLE)


def role_of(device: Device) -> Role:
    return member_role(device.subject) if device.kind is TokenKind.MEMBER else key_role(device.subject)
