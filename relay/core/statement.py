"""What a member is told of a measure, in German and English: what, why, who decided, the effect, until when, how to appeal."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from relay.core.community import Community
from relay.core.ladder import MeasureKind
from relay.core.measure import Measure
from relay.core.member import Member

_MONTHS = {
    "en": "January February March April May June July August September October November December".split(),
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split(),
}
_AT = {"en": "{day} {month} {year}, {time:%H:%M} ({zone})", "de": "{day}. {month} {year}, {time:%H:%M} Uhr ({zone})"}
_EFFECTS = {
    "en": {
        MeasureKind.WARN: "This is a warning. It ends on {until}; more such messages until then limit how you can write here.",
        MeasureKind.SLOW: "Until {until} you can send one message, and the next one only after a while.",
        MeasureKind.PRE_MODERATION: "Until {until} a person looks at each of your messages before the team gets it.",
        MeasureKind.SHADOW: "Until {until} your messages are kept out of the team's inbox.",
        MeasureKind.MUTE: "Until {until} you cannot write to the team. Posts still come to you.",
        MeasureKind.BAN: "Until {until} you cannot write to the team, and no posts come to you.",
    },
    "de": {
        MeasureKind.WARN: (
            "Das ist eine Verwarnung. Sie endet am {until}; weitere solche Nachrichten bis dahin schränken ein, "
            "wie du hier schreiben kannst."
        ),
        MeasureKind.SLOW: "Bis zum {until} kannst du nur ab und zu eine Nachricht schicken.",
        MeasureKind.PRE_MODERATION: (
            "Bis zum {until} sieht sich jemand jede deiner Nachrichten an, bevor das Team sie bekommt."
        ),
        MeasureKind.SHADOW: "Bis zum {until} kommen deine Nachrichten nicht in den Posteingang des Teams.",
        MeasureKind.MUTE: "Bis zum {until} kannst du dem Team nicht schreiben. Posts bekommst du weiter.",
        MeasureKind.BAN: "Bis zum {until} kannst du dem Team nicht schreiben und bekommst keine Posts.",
    },
}
_NAMES = {
    "en": {
        MeasureKind.WARN: "the warning",
        MeasureKind.SLOW: "the slow mode",
        MeasureKind.PRE_MODERATION: "the look at each of your messages beforehand",
        MeasureKind.SHADOW: "the shadow mode",
        MeasureKind.MUTE: "the mute",
        MeasureKind.BAN: "the ban",
    },
    "de": {
        MeasureKind.WARN: "die Verwarnung",
        MeasureKind.SLOW: "der langsame Modus",
        MeasureKind.PRE_MODERATION: "die Prüfung jeder deiner Nachrichten vorab",
        MeasureKind.SHADOW: "der Schattenmodus",
        MeasureKind.MUTE: "die Stummschaltung",
        MeasureKind.BAN: "die Sperre",
    },
}
_BY_LADDER = {
    "en": "{effect} That follows by an automatic rule from the messages of yours that were rejected.",
    "de": "{effect} Das folgt durch eine automatische Regel aus deinen abgelehnten Nachrichten.",
}
_BY_PERSON = {
    "en": (
        "{effect} Reason: “{reason}”. A person of the team of {name} decided this. You can object once: then another look is "
        "taken at it. Leaving, your data and erasing everything stay possible."
    ),
    "de": (
        "{effect} Grund: „{reason}“. Das hat ein Mensch im Team von {name} entschieden. Du kannst einmal widersprechen: Dann "
        "wird noch einmal darauf gesehen. Abmelden, deine Daten und alles löschen bleiben möglich."
    ),
}
_WITH_REJECTION = {
    "en": "{effect} A person decided this with it. It ends when another person finds that your message was fine.",
    "de": (
        "{effect} Das hat ein Mensch mit entschieden. Es endet, wenn ein anderer Mensch findet, dass deine Nachricht in "
        "Ordnung war."
    ),
}
_UPHELD = {
    "en": "Another person of the team of {name} looked at it again, and it stays. Reason: “{reason}”. {effect}",
    "de": "Ein anderer Mensch im Team von {name} hat noch einmal darauf gesehen: Es bleibt dabei. Grund: „{reason}“. {effect}",
}
_LOOKED_AGAIN = {
    "en": "Another person of the team looked at it again. {over}",
    "de": "Ein anderer Mensch im Team hat noch einmal darauf gesehen. {over}",
}
_OVER = {"en": "No longer in force for you: {names}.", "de": "Nicht mehr in Kraft für dich: {names}."}


@dataclass(frozen=True, slots=True)
class Reader:
    """How times and sentences are put for somebody; empty values mean English and UTC."""

    language: str = ""
    time_zone: str = ""

    @property
    def spoken(self) -> str:
        """One of the languages there are sentences in."""
        short = self.language[:2].lower()
        return short if short in _EFFECTS else "en"

    def moment(self, at: datetime) -> str:
        """Such as "21 November 2026, 14:05 (CET)"."""
        local = at.astimezone(self._zone())
        month = _MONTHS[self.spoken][local.month - 1]
        return _AT[self.spoken].format(day=local.day, month=month, year=local.year, time=local, zone=local.tzname())

    def _zone(self) -> tzinfo:
        try:
            return ZoneInfo(self.time_zone or "UTC")
        except (ValueError, OSError, KeyError):
            return UTC


def reader_of(member: Member, community: Community) -> Reader:
    """As the member set it, else as the community is."""
    return Reader(member.language or community.language, member.time_zone or community.time_zone)


def effect(measure: Measure, reader: Reader) -> str:
    """What it means, and until when."""
    return _EFFECTS[reader.spoken][measure.kind].format(until=reader.moment(measure.until))


def by_ladder(measure: Measure, reader: Reader) -> str:
    """What stands behind the notice of the rejection that it comes from."""
    return _BY_LADDER[reader.spoken].format(effect=effect(measure, reader))


def by_person(measure: Measure, reader: Reader, name: str) -> str:
    """The whole notice of what a person of staff imposed."""
    return _BY_PERSON[reader.spoken].format(effect=effect(measure, reader), reason=measure.reason.rstrip(". "), name=name)


def with_rejection(measure: Measure, reader: Reader) -> str:
    """What a person imposed in rejecting a message, behind the notice of that."""
    return _WITH_REJECTION[reader.spoken].format(effect=effect(measure, reader))


def on_objection(measure: Measure, reader: Reader, name: str) -> str:
    """What became of a measure that the member objected to."""
    if measure.ended_at is not None:
        return _LOOKED_AGAIN[reader.spoken].format(over=over([measure], reader))
    reason = measure.answer.rstrip(". ")
    return _UPHELD[reader.spoken].format(name=name, reason=reason, effect=effect(measure, reader))


def over(measures: Iterable[Measure], reader: Reader) -> str:
    """What has ended before its time; empty for nothing."""
    kinds = dict.fromkeys(each.kind for each in measures)
    return _OVER[reader.spoken].format(names=", ".join(_NAMES[reader.spoken][kind] for kind in kinds)) if kinds else ""
