"""How people come in by themselves: invites, the text they agree to, and what a redeemed invite writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from relay.core.community import Community
from relay.core.errors import Fault, Invalid

STEP = timedelta(hours=1)  # between asking to join and confirming it; also how long a confirmation may be repeated
MAX_USES = 1_000_000
DEFAULT_VERSION = "default-1"


@dataclass(frozen=True, slots=True)
class Invite:
    """A way in that hangs on a wall or is handed round; `uses` is how many it takes in at most, None: all who come.

    The code lies in the store as it is, since the link and its picture are shown again whenever staff ask for them, and since
    it opens nothing but a page on which one may join: 128 random bits, but no credential.
    """

    id: str
    community: int
    code: str
    created_by: str
    created_at: datetime
    label: str = ""
    expires_at: datetime | None = None
    uses: int | None = None
    used: int = 0
    revoked_at: datetime | None = None
    n: int = 0

    def is_open(self, community: Community, now: datetime) -> bool:
        """Whether somebody may come in by it now; why not is told to nobody, since it may be others who used it up."""
        return (
            self.revoked_at is None
            and (self.expires_at is None or now < self.expires_at)
            and (self.uses is None or self.used < self.uses)
            and community.closed_at is None
        )


@dataclass(frozen=True, slots=True)
class ConsentText:
    """What people agree to, as they read it. A version is never edited: a receipt names it together with its language."""

    language: str
    version: str
    text: str
    created_by: str = ""
    created_at: datetime | None = None


_DEFAULTS = {
    "en": (
        "I want to get the posts of {name} here. {name} stores what I enter here, the posts I get and what I write back, until "
        "I erase it. Only the team of {name} reads my answers; no other member sees that I am here. I can leave at any time, "
        "with one click or by writing STOP, get a copy of my data and erase it."
    ),
    "de": (
        "Ich möchte hier die Posts von {name} bekommen. {name} speichert, was ich hier angebe, die Posts, die ich bekomme, und "
        "was ich antworte, bis ich es lösche. Nur das Team von {name} liest meine Antworten; kein anderes Mitglied sieht, dass "
        "ich dabei bin. Ich kann jederzeit gehen, mit einem Klick oder dem Wort STOP, eine Kopie meiner Daten bekommen und sie "
        "löschen."
    ),
}
LANGUAGES = tuple(_DEFAULTS)


def text_for(own: Sequence[ConsentText], community: Community, language: str) -> ConsentText:
    """What somebody of that language agrees to: the company's text in it, else in its own language, else any it has.

    A default stands in only for a company that wrote none: half a company's text and half a default would be two contracts.
    """
    by_language = {text.language: text for text in own}
    for wanted in (language, language[:2], community.language, community.language[:2]):
        if wanted in by_language:
            return by_language[wanted]
    if own:
        return own[0]
    spoken = language[:2] if language[:2] in _DEFAULTS else "en"
    return ConsentText(spoken, DEFAULT_VERSION, _DEFAULTS[spoken].format(name=community.name))


def seen(own: Sequence[ConsentText], community: Community, language: str, version: str) -> ConsentText:
    """The text that somebody says they read. Raises Invalid unless it is the one that counts now."""
    text = text_for(own, community, language)
    if version != text.version:
        raise Invalid("The text has changed.", [Fault(("body", "text_version"), f"is not the present one, {text.version}")])
    return text


# ------------------------------------------------------------------------------------------------------------- changes


@dataclass(frozen=True, slots=True)
class AddInvite:
    """A further way in."""

    invite: Invite


@dataclass(frozen=True, slots=True)
class RevokeInvite:
    """Nobody comes in by it any more; who is in stays. Revoked before, it keeps that time."""

    id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AddConsentText:
    """The next version of the text in its language, whatever `text.version` says. Outcome: its number."""

    community: int
    text: ConsentText


@dataclass(frozen=True, slots=True)
class Redeem:
    """One use of an invite; stands in the commit with whom it brings in.

    Taken when the step with this mark was taken before, Stale when the invite is used up, revoked, expired, or the community
    closed. `until` is when the mark may be forgotten.
    """

    invite: str
    mark: str
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class ForgetJoins:
    """Drops the marks of steps that cannot be repeated any more."""

    before: datetime


Joining = AddInvite | RevokeInvite | AddConsentText | Redeem | ForgetJoins
