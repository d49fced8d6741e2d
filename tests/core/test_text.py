"""Text views: what is folded, unmasked and found, and that nothing ever raises."""

from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.links import MOST_LINKS, registrable
from relay.core.text import Tables, Text, fold
from relay.core.unmask import MOST_MASKS
from relay.lexicon import load_tables

TABLES = load_tables()
ANYTHING = st.text(st.characters(exclude_categories=()), max_size=300)


def view(raw: str) -> Text:
    return Text(raw, TABLES)


@pytest.mark.parametrize(
    ("raw", "folded"),
    [
        ("Straße nach KÖLN", "strasse nach köln"),
        ("ｆｕｌｌ ｗｉｄｔｈ", "full width"),
        ("раураl", "paypal"),
        ("ΙDΙΟΤ", "idiot"),
        ("so\u00adft\u200b hy\ufeffphen", "soft hyphen"),
        ("a\u0308pfel", "äpfel"),
        ("z\u0335a\u0489lgo", "zalgo"),
        ("ᴄᴀᴘꜱ", "caps"),
        ("🅱🅾🅾", "boo"),
        ("ﬁn ½", "fin 1⁄2"),
        ("čěský jazyk łódź", "cesky jazyk lodz"),
        ("N\x00U\x07L", "nul"),
        ("۱۲٣", "123"),
        ("", ""),
    ],
)
def test_folding(raw: str, folded: str) -> None:
    assert view(raw).folded == folded


def test_german_letters_stay_apart_from_plain_ones() -> None:
    assert view("schwül Äpfel hören").tokens == ("schwül", "äpfel", "hören")


def test_text_that_needs_no_folding_comes_back_in_lower_case() -> None:
    assert fold("Guten Morgen, 5 € – „ja“! 😀", Tables()) == "guten morgen, 5 € – „ja“! 😀"


@pytest.mark.parametrize(
    ("raw", "unmasked"),
    [
        ("sh1t h@ppens", "shit happens"),
        ("i d i o t", "idiot"),
        ("i.d.i.o.t und i-d-i-o-t", "idiot und idiot"),
        ("i - d - i - o - t", "idiot"),
        ("sooooo gut", "so gut"),
        ("ganz normal, ja?", "ganz normal, ja?"),
    ],
)
def test_unmasking(raw: str, unmasked: str) -> None:
    assert view(raw).unmasked == unmasked


def test_both_readings_of_a_one_are_given() -> None:
    (mask,) = view("1mage").masks

    assert {"image", "lmage"} <= set(mask.words)


def test_stars_become_unknown_letters() -> None:
    assert [mask.pattern for mask in view("f**k die Lehrer*innen").masks if mask.pattern] == ["f??k", "lehrer?innen"]


def test_clean_text_has_no_masks() -> None:
    assert view("Guten Morgen, liebes Team! Wann (ungefähr) kommt das Paket?").masks == ()


@pytest.mark.parametrize(
    ("raw", "links"),
    [
        ("see https://www.shop.example.co.uk/x?y=1.", [("https://www.shop.example.co.uk/x?y=1", "example.co.uk", True)]),
        ("auf www.müller.de!", [("www.müller.de", "müller.de", True)]),
        ("geh auf beispiel.de, jetzt", [("beispiel.de", "beispiel.de", False)]),
        ("http://192.168.0.1:8080/a", [("http://192.168.0.1:8080/a", "192.168.0.1", True)]),
        ("http://intern/x", [("http://intern/x", "intern", True)]),
        ("Ende.Dann weiter, 3.50 Euro, a@mail.com, Version 1.2.3.4", []),
        ("HTTPS://EXAMPLE.COM", [("HTTPS://EXAMPLE.COM", "example.com", True)]),
        ("https://bank.com:x@example.com/a", [("https://bank.com:x@example.com/a", "example.com", True)]),
        ("http://www。example。com", [("http://www。example。com", "example.com", True)]),
        ("ｅｘａｍｐｌｅ．ｃｏｍ", [("ｅｘａｍｐｌｅ．ｃｏｍ", "example.com", False)]),
        (
            "http://xn--mller-kva.de http://xn--99999999.de",
            [
                ("http://xn--mller-kva.de", "müller.de", True),
                ("http://xn--99999999.de", "xn--99999999.de", True),
            ],
        ),
    ],
)
def test_links(raw: str, links: list[tuple[str, str, bool]]) -> None:
    assert [(link.url, link.domain, link.explicit) for link in view(raw).links] == links


@pytest.mark.parametrize(
    ("raw", "host", "reads_as", "user"),
    [
        ("https://example.com/@anna", "example.com", "example.com", ""),
        ("https://bank.com@example.com", "example.com", "example.com", "bank.com"),
        ("http://раураl.com", "раураl.com", "paypal.com", ""),
        ("http://xn--80ak6aa92e.com", "аррӏе.com", "appie.com", ""),
        ("http://müller.de", "müller.de", "müller.de", ""),
    ],
)
def test_a_link_tells_how_its_host_reads(raw: str, host: str, reads_as: str, user: str) -> None:
    (link,) = view(raw).links

    assert (link.host, link.reads_as, link.user) == (host, reads_as, user)


def test_the_place_of_a_link_is_its_url() -> None:
    raw = "hier: www.example.com/a."

    (link,) = view(raw).links

    assert raw[link.start : link.end] == link.url


@pytest.mark.parametrize(
    ("host", "domain"),
    [("a.b.example.com", "example.com"), ("co.uk", None), ("x.foo.ck", "x.foo.ck"), ("www.ck", "www.ck"), ("nothing", None)],
)
def test_the_registrable_domain_follows_the_public_suffix_list(host: str, domain: str | None) -> None:
    assert registrable(host, frozenset({"com", "uk", "co.uk", "ck", "*.ck", "!www.ck"})) == domain


def test_shares() -> None:
    assert view("ABcd").upper_share == 0.5
    assert view("ÄÖ").upper_share == 1.0
    assert view("123").upper_share == 0.0
    assert view("ab 😀😀").emoji_share == 0.5
    assert view("").emoji_share == 0.0
    assert view("аб ab").scripts == {"CYRILLIC": 0.5, "LATIN": 0.5}


@given(ANYTHING)
def test_the_share_of_capitals_is_that_of_the_letters(raw: str) -> None:
    letters = list(filter(str.isalpha, raw))

    assert view(raw).upper_share == (sum(map(str.isupper, letters)) / len(letters) if letters else 0.0)


@given(ANYTHING)
def test_no_view_ever_raises(raw: str) -> None:
    text = view(raw)

    assert text.folded == fold(raw, TABLES)
    assert len(text.squeezed) == len(text.tokens)
    assert isinstance(text.unmasked, str)
    assert all(raw[link.start : link.end] == link.url for link in text.links)
    assert 0 <= text.upper_share <= 1
    assert 0 <= text.emoji_share <= 1
    assert sum(text.scripts.values()) == pytest.approx(1 if text.scripts else 0)


@given(ANYTHING, st.integers(0, 400), st.integers(0, 400))
def test_a_place_lies_inside_the_raw_text(raw: str, start: int, length: int) -> None:
    first, last = view(raw).place(start, start + length)

    assert first is None or last is None or (first <= last and (not raw or first <= start + len(raw)))


@given(ANYTHING)
def test_views_work_without_tables(raw: str) -> None:
    assert isinstance(Text(raw, Tables(MappingProxyType({}), frozenset())).unmasked, str)


def test_walls_of_signs_stay_bounded() -> None:
    assert len(view("1a " * 5000).masks) == MOST_MASKS
    assert len(view("www.example.com " * 5000).links) == MOST_LINKS
