"""What the relay itself says to a member, in German and English: what happened, why, who decided, what can be done."""

from enum import StrEnum

from relay.core.verdict import Decision, Seen


class Occasion(StrEnum):
    """When the relay speaks."""

    REJECTED_BY_RULE = "rejected_by_rule"
    REJECTED_BY_PERSON = "rejected_by_person"
    DELIVERED_AFTER_APPEAL = "delivered_after_appeal"
    LEFT = "left"
    BACK = "back"
    DATA = "data"
    HELP = "help"


_TEXTS: dict[str, dict[Occasion, str]] = {
    "en": {
        Occasion.REJECTED_BY_RULE: (
            "The team of {name} did not get your message. Reason: “{reason}”. An automatic rule decided this. "
            "You can ask for a person to look at it."
        ),
        Occasion.REJECTED_BY_PERSON: (
            "The team of {name} did not accept your message. Reason: “{reason}”. A person decided this. "
            "You can ask for another person to look at it."
        ),
        Occasion.DELIVERED_AFTER_APPEAL: "A person looked at your message again. The team of {name} has it now.",
        Occasion.LEFT: "Posts from {name} no longer come to you. Send START to get them again.",
        Occasion.BACK: "Posts from {name} come to you again. Send STOP to leave.",
        Occasion.DATA: "You can get a copy of your data or have it erased. Write it here, the team of {name} will help.",
        Occasion.HELP: "Only the team of {name} reads what you write here. STOP: no more posts. DATA: your data.",
    },
    "de": {
        Occasion.REJECTED_BY_RULE: (
            "Das Team von {name} hat deine Nachricht nicht bekommen. Grund: „{reason}“. Das hat eine automatische Regel "
            "entschieden. Du kannst verlangen, dass ein Mensch sich deine Nachricht ansieht."
        ),
        Occasion.REJECTED_BY_PERSON: (
            "Das Team von {name} hat deine Nachricht nicht angenommen. Grund: „{reason}“. Das hat ein Mensch entschieden. "
            "Du kannst verlangen, dass ein anderer Mensch sich deine Nachricht ansieht."
        ),
        Occasion.DELIVERED_AFTER_APPEAL: "Jemand hat deine Nachricht noch einmal geprüft. Das Team von {name} hat sie jetzt.",
        Occasion.LEFT: "Du bekommst keine Posts von {name} mehr. Mit START bist du wieder dabei.",
        Occasion.BACK: "Du bekommst die Posts von {name} wieder. Mit STOP meldest du dich ab.",
        Occasion.DATA: "Du kannst deine Daten einsehen und löschen lassen. Schreib es hier, das Team von {name} hilft dir.",
        Occasion.HELP: "Nur das Team von {name} liest, was du hier schreibst. STOP: keine Posts mehr. DATEN: deine Daten.",
    },
}

_RULE = {"en": "a rule of this community", "de": "eine Regel dieser Community"}

LANGUAGES = tuple(_TEXTS)
MOST_REASONS = 3  # told of one rejection: more explains nothing


def notice(occasion: Occasion, *, language: str, name: str, reason: str = "") -> str:
    """The text in the member's language, English where there is none."""
    texts = _TEXTS.get(language[:2].lower(), _TEXTS["en"])
    return texts[occasion].format(name=name, reason=reason.rstrip(". "))


def stated(decision: Decision, language: str) -> str:
    """What a member reads of an automatic decision, in their language or English: strongest first, at most three, each once.

    Evidence that lies with other members is never among it, and what a plugin does not put in words is told as a rule.
    """
    spoken = language[:2].lower() if language[:2].lower() in _RULE else "en"
    own = [seen for seen in _strongest_first(decision) if not seen.across]
    told = [seen.told.get(spoken) or _RULE[spoken] for seen in own] or [_RULE[spoken]]
    return "; ".join([*dict.fromkeys(told)][:MOST_REASONS])


def reasons_for_staff(decision: Decision) -> str:
    """All that moderation saw, strongest first and each once, evidence that lies with other members included."""
    told = [seen.signal.reason or seen.signal.name for seen in _strongest_first(decision)]
    told += ["slow plugins are still looking"] if decision.checking else []
    return "; ".join(dict.fromkeys(told)) or "it could not be checked"


def _strongest_first(decision: Decision) -> list[Seen]:
    return sorted((seen for seen in decision.signals if seen.weight > 0), key=lambda seen: -seen.weight)
