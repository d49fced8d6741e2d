"""What the forms and addresses of the member's pages hold; a page ignores what others hang onto its address."""

from datetime import UTC, date, datetime, time
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, ConfigDict, Field, StrictStr

from relay.core.errors import Fault, Invalid
from relay.core.post import MAX_TEXT
from relay.web.bodies import MAX_SEQ, Body, Id, Line, Name, Text
from relay.web.member.words import LANGUAGES

Mark = Annotated[StrictStr, Field(pattern="^[A-Za-z0-9_-]{16,40}$")]
"""The form's own, drawn for each page: what a member sends twice by the same form counts once."""

ACCESS = 400  # characters of a token


class PageQuery(Body):
    """Which language is asked for."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    language: Annotated[StrictStr, Field(max_length=20)] = ""


class StreamQuery(PageQuery):
    """Items before a seq; the post that an answer is to."""

    before: Annotated[int, Field(ge=1, le=MAX_SEQ)] | None = None
    to: Id | None = None


class SeenQuery(Body):
    """Up to which seq the page was shown, and the page's own mark of it."""

    seq: Annotated[int, Field(ge=0, le=MAX_SEQ)]
    mark: Id


class NoForm(Body):
    """A button alone."""


class JoinForm(Body):
    """What somebody enters who wants to join."""

    text_version: Name
    language: Literal[LANGUAGES]  # type: ignore[valid-type]
    name: Line = ""
    time_zone: Annotated[StrictStr, Field(max_length=64)] = ""


class EnterForm(Body):
    """An access code that staff handed out."""

    token: Annotated[StrictStr, Field(max_length=ACCESS), AfterValidator(str.strip)]


class SayForm(Body):
    """A message to the team."""

    mark: Mark
    text: Annotated[StrictStr, Field(max_length=MAX_TEXT)]
    to: Annotated[StrictStr, Field(pattern="^[A-Za-z0-9_-]{0,40}$")] = ""


class PressForm(Body):
    """An answer button."""

    post: Id
    button: Id


class AppealForm(Body):
    """Why another person should look."""

    case: Id
    text: Text


class PauseForm(Body):
    """For how long, or until which day."""

    span: Literal["day", "week", "date", "end"]
    day: Annotated[StrictStr, Field(max_length=10)] = ""

    def begins_at(self, zone: ZoneInfo) -> datetime:
        """When that day begins there. Raises Invalid when it is no day, or lies outside of the calendar."""
        try:
            return datetime.combine(date.fromisoformat(self.day), time(), zone).astimezone(UTC)
        except (ValueError, OverflowError):
            raise Invalid("The form is not valid.", [Fault(("form", "day"), "is no date")]) from None


class BackForm(Body):
    """Which text they read who come back."""

    text_version: Name


class LanguageForm(Body):
    """Which language the pages speak."""

    language: Literal[LANGUAGES]  # type: ignore[valid-type]


class DeviceForm(Body):
    """Which device is signed out."""

    device: Id
