"""What can be set about scores beside thresholds and weights: composites, trust, headroom, raid mode."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, model_validator

from relay.core.headroom import HeadroomRules
from relay.core.label import is_name, is_phrase
from relay.core.notice import LANGUAGES
from relay.core.raid import RaidRules
from relay.core.trust import TrustRules
from relay.core.verdict import Composite

MOST_WEIGHT = 100.0  # twelve times what rejects: nothing needs more
LONGEST_REASON = 200  # characters: one sentence for staff


def _named(name: str) -> str:
    if not is_name(name):
        raise ValueError("a composite's name has lower-case letters, digits and _, at most 40, and begins with a letter")
    return name


CompositeName = Annotated[str, AfterValidator(_named)]


class CompositeSettings(BaseModel, extra="forbid", frozen=True):
    """Signals that give another one together, `composite.NAME`."""

    weight: float = Field(ge=0, le=MOST_WEIGHT, allow_inf_nan=False, description="what it adds to the score")
    all_of: tuple[str, ...] = Field((), description="signals that all have to be there")
    any_of: tuple[str, ...] = Field((), description="signals of which at least one has to be there")
    none_of: tuple[str, ...] = Field((), description="signals of which none may be there")
    instead: bool = Field(default=False, description="whether the signals of all_of and any_of lose their own weight")
    reason: str = Field("", max_length=LONGEST_REASON, description="one sentence for staff; without it the parts are named")
    told: dict[str, str] = Field(
        default_factory=dict,
        description='what a rejected member reads, { en = "it ...", de = "sie ..." }; without it: a rule of the community',
    )

    @model_validator(mode="after")
    def _can_hold(self) -> "CompositeSettings":
        if not self.all_of and not self.any_of:
            raise ValueError("needs all_of or any_of: signals that have to be there")
        if self.told and (set(self.told) != set(LANGUAGES) or not all(map(is_phrase, self.told.values()))):
            raise ValueError(f"told: write a phrase without a full stop in each of {', '.join(LANGUAGES)}, or leave it out")
        if not self.reason.isprintable():
            raise ValueError("reason: write one line")
        return self

    def value(self, name: str) -> Composite:
        """As the rules have it."""
        return Composite(name, self.weight, self.all_of, self.any_of, self.none_of, self.instead, self.reason, dict(self.told))


class TrustSettings(BaseModel, extra="forbid", frozen=True):
    """How members earn trust: with `core.trusted`, which it grades, their messages are looked at lightly."""

    first: int = Field(
        5, ge=0, le=10_000, description="approved messages of a member that are looked at fully, whatever else is known of them"
    )
    messages: int = Field(20, ge=0, le=10_000, description="approved messages that earn all that messages can: 0.6 of 1")
    days: int = Field(30, ge=0, le=10_000, description="days as a member that earn all that time can: 0.2 of 1")
    lightly_from: float = Field(
        0.5, ge=0, allow_inf_nan=False, description="trust from which a member is looked at lightly; above 1 nobody ever is"
    )

    def value(self) -> TrustRules:
        """As the rules have it."""
        return TrustRules(self.first, self.messages, self.days, self.lightly_from)


class HeadroomSettings(BaseModel, extra="forbid", frozen=True):
    """How much faster or slower than others a member may write, as their own messages have earned it."""

    least: float = Field(0.5, gt=0, le=1, description="what is left at least, as a share of what `flood` allows everybody")
    most: float = Field(2.0, ge=1, le=100, description="what can be earned at most")
    earn: float = Field(0.05, ge=0, le=1, description="what a message below the score of flag adds, once a minute at most")
    lose: float = Field(0.25, ge=0, le=1, description="what a message from the score of hold on takes away")

    def value(self) -> HeadroomRules:
        """As the rules have it."""
        return HeadroomRules(self.least, self.most, self.earn, self.lose)


class RaidSettings(BaseModel, extra="forbid", frozen=True):
    """When plugins that look across members switch on raid mode, in which more of what strangers write is held in silence."""

    members: int = Field(
        2, ge=1, le=1000, description="members with such a signal that begin it: one alone may be chance, each rests on several"
    )
    within_s: float = Field(600.0, gt=0, le=86_400, description="seconds within which that many of them have to come")
    lasts_s: float = Field(1800.0, gt=0, le=604_800, description="seconds after the last of them until it ends by itself")

    def value(self) -> RaidRules:
        """As the rules have it."""
        return RaidRules(self.members, self.within_s, self.lasts_s)
