"""What callers may send: one model a request body or query, checked at the door and turned into core values."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    WithJsonSchema,
    model_validator,
)

from relay.core.case import Ruling
from relay.core.community import SLUG, QuietHours, Rules
from relay.core.delivery import STATE_WORDS
from relay.core.export import ExportKind
from relay.core.identity import MAX_CLIENT_ID, checked_client_id
from relay.core.ladder import MeasureKind
from relay.core.outgoing import REASONS
from relay.core.post import MAX_LABEL, MAX_TEXT, MAX_TITLE, unstorable
from relay.core.staff import SCOPES

MAX_SEQ = 2**53 - 1  # the largest integer that every JSON reader keeps exact
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d")
_WEB = re.compile(r"https?://[^\s<>\"']{1,500}")


def _storable(text: str) -> str:
    if flaw := unstorable(text):
        raise ValueError(flaw)
    return text


def _one_line(text: str) -> str:
    if not _storable(text).isprintable():
        raise ValueError("holds a line break or a control character")
    return text.strip()


def _named(text: str) -> str:
    if not (name := _one_line(text)):
        raise ValueError("is empty")
    return name


def _written_out(value: object) -> object:
    if isinstance(value, datetime) or (isinstance(value, str) and _RFC3339.match(value)):
        return value
    raise ValueError("is no RFC 3339 time such as 2026-11-21T20:15:00Z")


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("lies outside of the calendar") from None


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise ValueError("is no IANA time zone such as Europe/Berlin") from None
    return name


def _web_address(text: str) -> str:
    if text and not _WEB.fullmatch(text):
        raise ValueError("is no web address that begins with https:// or http://")
    return text


def _slug(text: str) -> str:
    if not SLUG.fullmatch(text):
        raise ValueError("needs 1 to 40 small letters, digits and inner hyphens")
    return text


def _plain_number(value: object) -> object:
    if isinstance(value, int | float) and not abs(value) <= MAX_SEQ:  # also catches what is no number
        raise ValueError(f"is a number beyond {MAX_SEQ}")
    return value


def _not_yet(value: object) -> None:
    if value not in (None, [], 0):
        raise ValueError("is not available in this version of the relay")


Storable = AfterValidator(_storable)
Text = Annotated[StrictStr, Field(min_length=1, max_length=MAX_TEXT), AfterValidator(_storable)]
Name = Annotated[StrictStr, Field(max_length=200), AfterValidator(_named)]
Line = Annotated[StrictStr, Field(max_length=200), AfterValidator(_one_line)]
Slug = Annotated[StrictStr, AfterValidator(_slug), Field(json_schema_extra={"pattern": f"^{SLUG.pattern}$"})]
Id = Annotated[StrictStr, Field(pattern="^[A-Za-z0-9_-]{1,40}$")]
ClientId = Annotated[StrictStr, Field(min_length=1, max_length=MAX_CLIENT_ID), AfterValidator(checked_client_id)]
Language = Annotated[StrictStr, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")]
Zone = Annotated[StrictStr, Field(max_length=64), AfterValidator(_known_zone)]
Moment = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_utc)]
Seq = Annotated[StrictInt, Field(ge=0, le=MAX_SEQ)]
Tags = Annotated[list[Annotated[StrictStr, Field(min_length=1, max_length=40), AfterValidator(_named)]], Field(max_length=50)]
Scalar = Annotated[
    Annotated[StrictStr, Field(max_length=500), AfterValidator(_storable)] | StrictBool | StrictInt | StrictFloat,
    BeforeValidator(_plain_number),
]
Attributes = Annotated[dict[Annotated[StrictStr, Field(max_length=40), AfterValidator(_named)], Scalar], Field(max_length=50)]
NotYet = Annotated[
    Any,
    BeforeValidator(_not_yet),
    WithJsonSchema({"type": "null", "description": "Belongs to a later version; refused unless empty."}),
]


class Body(BaseModel):
    """Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def given(self) -> dict[str, Any]:
        """The fields that the caller sent, None left out."""
        return {name: value for name in self.model_fields_set if (value := getattr(self, name)) is not None}


class Nothing(Body):
    """An empty body, or {}."""


class PagingQuery(Body):
    """Which piece of a list."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    after: Annotated[str, Field(pattern="^[!-~]{1,400}$")] | None = None


class ExportQuery(PagingQuery):
    """Which piece of which part of a community's export."""

    kind: Literal[tuple(kind.value for kind in ExportKind)] = "members"  # type: ignore[valid-type]


# ---------------------------------------------------------------------------------------------------------- communities


class QuietHoursBody(Body):
    """Local times of day, such as 21:00 to 08:00."""

    from_: Annotated[StrictStr, Field(alias="from", pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    to: Annotated[StrictStr, Field(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")]

    def value(self) -> QuietHours:
        return QuietHours(_minute(self.from_), _minute(self.to))


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


class RulesBody(Body):
    """Stored with the community. This version of the relay does not act on them yet when it delivers."""

    quiet_hours: QuietHoursBody | None = None
    posts_per_day: Annotated[StrictInt, Field(ge=1, le=1000)] | None = None
    retention_days: Annotated[StrictInt, Field(ge=1, le=36500)] | None = None

    def value(self) -> Rules:
        return Rules(self.quiet_hours.value() if self.quiet_hours else None, self.posts_per_day, self.retention_days)


class NewCommunity(Body):
    """A community to found."""

    slug: Slug
    name: Name
    language: Language = "en"
    time_zone: Zone = "UTC"
    imprint: Annotated[StrictStr, Field(max_length=4000), AfterValidator(_storable)] = ""
    privacy_url: Annotated[StrictStr, AfterValidator(_web_address)] = ""
    rules: RulesBody = Field(default_factory=RulesBody)


class CommunityEdit(Body):
    """What changes; what is absent stays. `rules` are replaced whole; `closed` stops posts and new members, or lets them in."""

    name: Name | None = None
    language: Language | None = None
    time_zone: Zone | None = None
    imprint: Annotated[StrictStr, Field(max_length=4000), AfterValidator(_storable)] | None = None
    privacy_url: Annotated[StrictStr, AfterValidator(_web_address)] | None = None
    rules: RulesBody | None = None
    closed: StrictBool | None = None


# -------------------------------------------------------------------------------------------------------------- members


class AddressBody(Body):
    """One channel plus one identity there."""

    channel: Annotated[StrictStr, Field(pattern="^[a-z][a-z0-9-]{0,30}$")]
    address: Annotated[StrictStr, Field(max_length=320), AfterValidator(_named)]


class ConsentBody(Body):
    """Where and when somebody opted in, and which text they saw; `at` is now unless it is given."""

    source: Name
    text_version: Name
    at: Moment | None = None


class NewMember(Body):
    """Somebody who opted in."""

    consent: ConsentBody
    name: Line = ""
    language: Language | None = None
    time_zone: Zone | None = None
    tags: Tags = Field(default_factory=list)
    attributes: Attributes = Field(default_factory=dict)
    addresses: Annotated[list[AddressBody], Field(max_length=20)] = Field(default_factory=list)


class MemberEdit(Body):
    """What changes; what is absent stays."""

    name: Line | None = None
    language: Language | None = None
    time_zone: Zone | None = None
    tags: Tags | None = None
    attributes: Attributes | None = None


class NewToken(Body):
    """A credential for one device; an older one of the same device stops working."""

    kind: Literal["web", "mqtt"]
    device: Annotated[StrictStr, Field(pattern="^[A-Za-z0-9_-]{0,40}$")] = ""


class DeviceQuery(Body):
    """Whose credentials end: those of one device, or all."""

    device: Annotated[str, Field(pattern="^[A-Za-z0-9_-]{0,40}$")] | None = None


class NewText(Body):
    """A text for one member; `despite` says why it goes out though it is doubtful."""

    text: Text
    despite: Literal[REASONS] | None = None  # type: ignore[valid-type]


# ---------------------------------------------------------------------------------------------------------------- posts


class ButtonBody(Body):
    """An answer under a post."""

    id: Id
    label: Annotated[StrictStr, Field(min_length=1, max_length=MAX_LABEL), AfterValidator(_named)]
    opens_thread: StrictBool = False


class NewPost(Body):
    """What everybody in the community gets."""

    text: Text
    despite: Literal[REASONS] | None = None  # type: ignore[valid-type]
    title: Annotated[StrictStr, Field(max_length=MAX_TITLE), AfterValidator(_one_line)] | None = None
    buttons: Annotated[list[ButtonBody], Field(max_length=3)] = Field(default_factory=list)
    expires_at: Moment | None = None
    urgent: StrictBool = False
    segment: NotYet = None
    send_at: NotYet = None
    attachments: NotYet = None
    hold_seconds: NotYet = None
    plan: NotYet = None


class DeliveriesQuery(PagingQuery):
    """Deliveries, perhaps of one state."""

    state: Literal[STATE_WORDS] | None = None  # type: ignore[valid-type]


# -------------------------------------------------------------------------------------------------------------- threads


class ThreadsQuery(PagingQuery):
    """Which threads; `assignee` is an id of staff, or me; `q` looks into the texts, `words` shows the last of each.

    `closed=false` leaves out those that are done, whatever else is asked.
    """

    state: Literal["open", "waiting", "snoozed", "closed"] | None = None
    assignee: Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1,40}$")] | None = None
    label: Annotated[str, Field(min_length=1, max_length=40), AfterValidator(_storable)] | None = None
    post: Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1,40}$")] | None = None
    member: Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1,40}$")] | None = None
    q: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_storable)] | None = None
    closed: bool = True
    words: bool = False


class NewMessage(NewText):
    """A message to the thread's member, or with `internal` a note that nobody outside staff sees."""

    internal: StrictBool = False
    attachments: NotYet = None


class ThreadEditBody(Body):
    """What changes; `version` is the one that was read. An empty assignee takes the thread from whoever has it."""

    version: Annotated[StrictInt, Field(ge=0, le=MAX_SEQ)]
    state: Literal["open", "waiting", "snoozed", "closed"] | None = None
    snoozed_until: Moment | None = None
    assignee: Annotated[StrictStr, Field(pattern="^[A-Za-z0-9_-]{0,40}$")] | None = None
    labels: (
        Annotated[list[Annotated[StrictStr, Field(min_length=1, max_length=40), AfterValidator(_named)]], Field(max_length=20)]
        | None
    ) = None

    @model_validator(mode="after")
    def _snoozed_until_when(self) -> "ThreadEditBody":
        if (self.state == "snoozed") != (self.snoozed_until is not None):
            raise ValueError("snoozed_until has to be given with the state snoozed, and with no other")
        return self


# ---------------------------------------------------------------------------------------------------------------- cases


class CasesQuery(PagingQuery):
    """Which cases."""

    state: Literal["open", "delivered", "rejected", "appealed"] | None = None


class TermBody(Body):
    """What the member of a rejected message is to meet."""

    kind: MeasureKind
    until: Moment


class Decide(Body):
    """A person's decision; the member reads the reason of a rejection. A measure goes with a first rejection alone."""

    action: Ruling
    reason: Annotated[StrictStr, Field(max_length=1000), AfterValidator(_storable)] = ""
    measure: TermBody | None = None


# ----------------------------------------------------------------------------------------------------------------- keys


class NewKey(Body):
    """A credential for a company system."""

    name: Name
    scopes: Annotated[list[Literal[SCOPES]], Field(min_length=1, max_length=len(SCOPES))]  # type: ignore[valid-type]
    expires_at: Moment | None = None
