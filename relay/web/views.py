"""What callers get: one value a thing, made from core values; the documents are made from the same definitions."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import orjson

from relay.core.case import CaseState
from relay.core.community import Community
from relay.core.delivery import counts
from relay.core.member import Address, Consent, Member
from relay.core.moment import rfc3339
from relay.core.post import Button, Post
from relay.core.raid import Raid
from relay.core.thread import ThreadState
from relay.core.trust import Trust
from relay.ports import DeliveryView, Numbers, Page

T = TypeVar("T")
V = TypeVar("V")


def dumps(view: object) -> bytes:
    """A view as JSON; times are written as everywhere on the wire."""
    return orjson.dumps(view, _plain, orjson.OPT_PASSTHROUGH_DATETIME)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value).__name__)


@dataclass(frozen=True, slots=True)
class Listed(Generic[V]):
    """A piece of a list; `next` goes into `after`, null at the end."""

    items: tuple[V, ...]
    next: str | None = None


def listed(page: Page[T], view: Callable[[T], V]) -> Listed[V]:
    return Listed(tuple(map(view, page.items)), page.next)


# ---------------------------------------------------------------------------------------------------------- communities


@dataclass(frozen=True, slots=True)
class RulesView:
    """What the community asks of posts; `quiet_hours` holds `from` and `to`, local times of day."""

    quiet_hours: dict[str, str] | None
    posts_per_day: int | None
    retention_days: int | None


@dataclass(frozen=True, slots=True)
class CommunityView:
    """A community."""

    id: str
    slug: str
    name: str
    language: str
    time_zone: str
    imprint: str
    privacy_url: str
    rules: RulesView
    created_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class CommunityBrief:
    """A community in a list."""

    id: str
    slug: str
    name: str
    language: str
    closed_at: datetime | None


def community_view(community: Community) -> CommunityView:
    rules, quiet = community.rules, community.rules.quiet_hours
    span = None if quiet is None else {"from": _clock(quiet.from_minute), "to": _clock(quiet.to_minute)}
    return CommunityView(
        id=community.id,
        slug=community.slug,
        name=community.name,
        language=community.language,
        time_zone=community.time_zone,
        imprint=community.imprint,
        privacy_url=community.privacy_url,
        rules=RulesView(span, rules.posts_per_day, rules.retention_days),
        created_at=community.created_at,
        closed_at=community.closed_at,
    )


def community_brief(community: Community) -> CommunityBrief:
    return CommunityBrief(community.id, community.slug, community.name, community.language, community.closed_at)


@dataclass(frozen=True, slots=True)
class MemberNumbers:
    """How many are in, and how many have left."""

    active: int
    left: int


@dataclass(frozen=True, slots=True)
class ThreadNumbers:
    """Threads by state; `mine` are the caller's own that are not closed."""

    open: int
    waiting: int
    snoozed: int
    closed: int
    mine: int


@dataclass(frozen=True, slots=True)
class CaseNumbers:
    """Cases that wait for a person, for the first time and again because the member asked; measures that were objected to."""

    open: int
    appealed: int
    objected: int


@dataclass(frozen=True, slots=True)
class NumbersView:
    """How much of what a community has."""

    members: MemberNumbers
    threads: ThreadNumbers
    cases: CaseNumbers


def numbers_view(numbers: Numbers) -> NumbersView:
    threads = {state.word: numbers.threads.get(state, 0) for state in ThreadState}
    return NumbersView(
        members=MemberNumbers(numbers.active, numbers.left),
        threads=ThreadNumbers(**threads, mine=numbers.mine),
        cases=CaseNumbers(numbers.cases.get(CaseState.OPEN, 0), numbers.cases.get(CaseState.APPEALED, 0), numbers.objected),
    )


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


# -------------------------------------------------------------------------------------------------------------- members


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member as managers see them, under a pseudonym until it is lifted; standing: active or left."""

    id: str
    pseudonym: str
    has_name: bool
    language: str
    time_zone: str
    tags: tuple[str, ...]
    attributes: dict[str, str | bool | int | float]
    standing: str
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class MemberName:
    """Who a member is; the name is empty where none was given."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class MemberAdded(MemberView):
    """A new member; the token is shown this once."""

    token: str | None


@dataclass(frozen=True, slots=True)
class AddressView:
    """One channel plus one identity there."""

    channel: str
    address: str


@dataclass(frozen=True, slots=True)
class ConsentView:
    """The receipt of an opt-in."""

    channel: str
    source: str
    text_version: str
    language: str
    at: datetime
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class TrustView:
    """How far a member's past speaks for them, 0 to 1, and what it is made of; `lightly`: messages are weighed lighter.

    It is 0 before the first few approved messages. `of_messages`, `of_time` and `of_being_known` add up to `value`.
    """

    value: float
    lightly: bool
    approved: int
    days: int
    known: bool
    of_messages: float
    of_time: float
    of_being_known: float


@dataclass(frozen=True, slots=True)
class MemberDetail(MemberView):
    """A member with their addresses, receipts, and how far moderation trusts them."""

    addresses: tuple[AddressView, ...]
    consents: tuple[ConsentView, ...]
    trust: TrustView


@dataclass(frozen=True, slots=True)
class RaidView:
    """Whether raid mode is on, since when, and when it ends unless more comes; `members` drew evidence lately."""

    is_on: bool
    began_at: datetime | None = None
    ends_at: datetime | None = None
    members: int = 0


def raid_view(raid: Raid | None) -> RaidView:
    return RaidView(is_on=False) if raid is None else RaidView(is_on=True, **asdict(raid))


@dataclass(frozen=True, slots=True)
class TokenAdded:
    """A credential; the token is shown this once."""

    kind: str
    device: str
    token: str | None


def member_view(member: Member) -> MemberView:
    return MemberView(**_member(member))


def member_added(member: Member, token: str) -> MemberAdded:
    return MemberAdded(**_member(member), token=token)


def _consent(consent: Consent) -> ConsentView:
    return ConsentView(
        consent.channel, consent.source, consent.text_version, consent.language, consent.at, consent.withdrawn_at
    )


def member_detail(member: Member, addresses: Iterable[Address], consents: Iterable[Consent], trust: Trust) -> MemberDetail:
    return MemberDetail(
        **_member(member),
        addresses=tuple(AddressView(one.channel, one.address) for one in addresses),
        consents=tuple(_consent(one) for one in consents),
        trust=TrustView(**asdict(trust)),
    )


def _member(member: Member) -> dict[str, Any]:
    return {
        "id": member.id,
        "pseudonym": member.pseudonym,
        "has_name": member.name != "",
        "language": member.language,
        "time_zone": member.time_zone,
        "tags": member.tags,
        "attributes": dict(member.attributes),
        "standing": member.standing.name.lower(),
        "joined_at": member.joined_at,
    }


# ---------------------------------------------------------------------------------------------------------------- posts


@dataclass(frozen=True, slots=True)
class ButtonView:
    """An answer under a post."""

    id: str
    label: str
    opens_thread: bool


@dataclass(frozen=True, slots=True)
class PostBrief:
    """A post in a list; state: sending, sent or cancelled."""

    id: str
    state: str
    text: str
    title: str | None
    buttons: tuple[ButtonView, ...]
    urgent: bool
    author: str
    audience: int
    created_at: datetime
    accepted_at: datetime | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class PostView(PostBrief):
    """A post and what became of it. `counts` has all twelve states and sums to `audience`."""

    counts: dict[str, int]
    presses: dict[str, int] | None = None


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """What became of one member's delivery."""

    member: str
    pseudonym: str
    state: str


def post_brief(post: Post) -> PostBrief:
    return PostBrief(**_post(post))


def post_view(post: Post, found: Mapping[Any, int], presses: Mapping[str, int] | None = None) -> PostView:
    return PostView(**_post(post), counts=counts(found), presses=dict(presses) if presses is not None else None)


def _post(post: Post) -> dict[str, Any]:
    return {
        "id": post.id,
        "state": post.state.word,
        "text": post.text,
        "title": post.title,
        "buttons": tuple(map(button_view, post.buttons)),
        "urgent": post.urgent,
        "author": post.author,
        "audience": post.audience,
        "created_at": post.created_at,
        "accepted_at": post.accepted_at,
        "expires_at": post.expires_at,
    }


def button_view(button: Button) -> ButtonView:
    return ButtonView(button.id, button.label, button.opens_thread)


def delivery_row(row: DeliveryView) -> DeliveryRow:
    return DeliveryRow(row.member, row.pseudonym, row.state.word)
