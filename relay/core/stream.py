"""A member's stream: the items they get, each under their own gap-free seq."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from relay.core.moment import rfc3339
from relay.core.post import Button
from relay.core.thread import Message, Role


class ItemKind(StrEnum):
    """What an item is."""

    POST = "post"
    MESSAGE = "message"
    NOTICE = "notice"


class Sender(StrEnum):
    """Who an item is from, as its reader sees it."""

    COMPANY = "company"
    STAFF = "staff"
    BOT = "bot"
    RELAY = "relay"
    SELF = "self"


_SENDERS = {Role.MEMBER: Sender.SELF, Role.STAFF: Sender.STAFF, Role.BOT: Sender.BOT, Role.RELAY: Sender.RELAY}


@dataclass(frozen=True, slots=True)
class Item:
    """One item of one member's stream; `case` names the case a notice is about."""

    seq: int
    kind: ItemKind
    id: str
    at: datetime
    sender: Sender
    name: str
    text: str
    title: str | None = None
    buttons: tuple[Button, ...] = ()
    in_reply_to: str | None = None
    case: str | None = None


def message_item(message: Message, seq: int, company: str) -> Item:
    """A message of the member's thread as an item; the relay, bots and staff speak in the company's name."""
    sender = _SENDERS[message.role]
    return Item(
        seq=seq,
        kind=ItemKind.NOTICE if message.role is Role.RELAY else ItemKind.MESSAGE,
        id=message.id,
        at=message.at,
        sender=sender,
        name="" if sender is Sender.SELF else company,
        text=message.text,
        in_reply_to=message.in_reply_to,
        case=message.case,
    )


def wire(item: Item) -> dict[str, object]:
    """An item as every channel writes it, without its seq: the part that all who get it share."""
    shared: dict[str, object] = {
        "kind": item.kind,
        "id": item.id,
        "at": rfc3339(item.at),
        "from": {"role": item.sender, "name": item.name},
        "text": item.text,
        "title": item.title,
        "buttons": [{"id": each.id, "label": each.label, "opens_thread": each.opens_thread} for each in item.buttons],
        "attachments": [],
        "in_reply_to": item.in_reply_to,
    }
    if item.case is not None:
        shared["case"] = item.case
    return shared
