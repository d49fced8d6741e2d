"""The plugin `words`: disguised words are found, clean text is left alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from relay.plugin import Plugin, Signal
from relay.testing.moderation import moderate, names

Shipped = Callable[[str], type[Plugin[Any]]]
LISTS = sorted((Path(__file__).parent.parent.parent / "plugins").glob("words_*.txt"))


@pytest.mark.parametrize(
    "text",
    [
        "Du Arschloch",
        "DU ARSCHLOCH!!!",
        "du 4rschl0ch",
        "du @rschloch",
        "du ar$chl0ch!",
        "du a r s c h l o c h",
        "du A-R-S-C-H-L-O-C-H",
        "du a.r.s.c.h.l.o.c.h du",
        "du arsch-loch",
        "du arrrschloooch",
        "du arschlooch",
        "du аrsсhlосh",
        "du ａｒｓｃｈｌｏｃｈ",
        "du 𝓪𝓻𝓼𝓬𝓱𝓵𝓸𝓬𝓱",
        "du ar\u200bsch\u00adloch",
        "du a\u0336r\u0336s\u0336c\u0336h\u0336l\u0336o\u0336c\u0336h",
        "du 🅰🆁🆂🅲🅷🅻🅾🅲🅷",
        "du arschl*ch",
        "du arschl**h",
        "du ärschlöch",
        "Arschlochkind",
        "arschloch123",
    ],
)
def test_an_insult_is_found_in_every_disguise(text: str, shipped: Shipped) -> None:
    found = moderate(shipped("words"), text)

    assert "words.insult" in names(found)


@pytest.mark.parametrize(
    "text",
    [
        "Die Klassenfahrt nach Scunthorpe war schön.",
        "Der Massstab der Assistentin passt: Masse, Klasse, Kasse.",
        "Liebe Lehrer*innen und Schüler*innen, **wichtig**: Treffpunkt um 8!",
        "Das Buch ist dick, z. B. 400 S., u. a. m., i. d. R. teurer.",
        "Wir vergaßen die Karten in Den Haag.",
        "I passed the class in Sussex; the assassin's cockpit was in Essex.",
        "Please assess my analysis of the cumulative titles, Mr. Dickens.",
        "a b c d e f g, and 1 2 3 4 5",
        "Mein Tarif: 5$/Monat @ 24 h, s. www.example.com/a-b_c?d=1",
        "Wann beginnt der Kurs für Anfänger? Größe XXL, 100% Baumwolle.",
        "I push it, he hits it, fo shizzle",
    ],
)
def test_clean_text_is_left_alone(text: str, shipped: Shipped) -> None:
    assert moderate(shipped("words"), text) == []


def test_the_place_of_a_word_is_given_in_the_raw_text(shipped: Shipped) -> None:
    text = "Straße, du\u200b Idiot!"

    (signal,) = moderate(shipped("words"), text)

    assert (signal.start, signal.end) == (text.index("Idiot"), text.index("!"))


def test_a_reason_never_quotes_the_message(shipped: Shipped) -> None:
    (signal,) = moderate(shipped("words"), "du id1ot")

    assert signal == Signal("words.insult", reason="an insult, disguised", start=3, end=8)


def test_a_phrase_is_found_in_disguise(shipped: Shipped) -> None:
    found = moderate(shipped("words"), "just k1ll y0urself")

    assert names(found) == {"words.slur"}


def test_an_allowed_word_is_never_found(shipped: Shipped) -> None:
    assert moderate(shipped("words"), "Herr Depp wohnt hier", allow=["depp"]) == []
    assert moderate(shipped("words"), "Der Trottel-Verlag", allow=["trottel verlag"]) == []


def test_an_added_word_is_found_like_the_shipped_ones(shipped: Shipped) -> None:
    found = moderate(shipped("words"), "ihr K0nkurrenzfuzzis", add=["konkurrenzfuzzi*"])

    assert names(found) == {"words.insult"}


def test_a_language_that_is_left_out_is_not_searched(shipped: Shipped) -> None:
    assert moderate(shipped("words"), "Du Arschloch", languages=["en"]) == []


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.name)
def test_a_list_names_each_entry_once(path: Path) -> None:
    entries = [line for line in path.read_text(encoding="utf-8").splitlines() if line and line[0] not in "#["]

    assert sorted({entry for entry in entries if entries.count(entry) > 1}) == []
