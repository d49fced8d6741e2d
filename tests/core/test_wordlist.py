"""Word lists: shapes of entries, whole words, allowed words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.text import Tables, Text
from relay.core.wordlist import WordList

LIST = WordList(
    {
        "bad": ["ass", "blockhead*", "*kopf", "shut your mouth", "dussel", "suff*", "staff"],
        "mild": ["dussel", "muh", "stoff", "knödel", "grünspan", "dilettant"],
    },
    allow=["bahnkopf", "ass im ärmel"],
)


def found(raw: str) -> list[tuple[str, str]]:
    return [(hit.group, hit.entry) for hit in LIST.find(Text(raw, Tables()))]


@pytest.mark.parametrize(
    ("raw", "entries"),
    [
        ("an ass", [("bad", "ass")]),
        ("classic assets", []),
        ("as as", []),
        ("blockheads!", [("bad", "blockhead*")]),
        ("Hohlkopf", [("bad", "*kopf")]),
        ("kopfstand", []),
        ("please SHUT your mouth.", [("bad", "shut your mouth")]),
        ("shut your big mouth", []),
        ("Dussel", [("bad", "dussel")]),
        ("am Bahnkopf", []),
        ("das Ass im Ärmel", []),
        ("dus*el", [("bad", "dussel")]),
        ("d*****", []),
        ("d****l", [("bad", "dussel")]),
        ("dus***, oder?", [("bad", "dussel")]),
        ("dussel?!", [("bad", "dussel")]),
        ("du#@el", [("bad", "dussel")]),
        ("blockh**ds", [("bad", "blockhead*")]),
        ("s***f", [("mild", "stoff")]),
        ("knodel", []),
        ("knoedel", [("mild", "knödel")]),
        ("grünspän", [("mild", "grünspan")]),
        ("d1!ettant", [("mild", "dilettant")]),
        ("duussel", [("bad", "dussel")]),
        ("dusel", []),
        ("m u h", []),
    ],
)
def test_entries(raw: str, entries: list[tuple[str, str]]) -> None:
    assert found(raw) == entries


def test_the_place_of_a_phrase_reaches_from_its_first_word_to_its_last() -> None:
    (hit,) = LIST.find(Text("oh shut your  mouth!", Tables()))

    assert (hit.start, hit.end) == (3, 19)


@pytest.mark.parametrize("entry", ["", "***", "ab*", "*xyz"])
def test_an_entry_that_would_match_too_much_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="the entry"):
        WordList({"bad": [entry]})


@given(st.text(st.characters(exclude_categories=()), max_size=200))
def test_finding_never_raises_and_places_lie_inside(raw: str) -> None:
    for hit in LIST.find(Text(raw + " blockhead", Tables())):
        assert hit.start is None or hit.end is None or 0 <= hit.start < hit.end <= len(raw) + len(" blockhead")
