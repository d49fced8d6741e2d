"""The plugin `links`: where a link leads, and links that do not say so."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from relay.loader import PluginError, load
from relay.plugin import Plugin, Signal
from relay.testing.moderation import moderate, names

Shipped = Callable[[str], type[Plugin[Any]]]
SHIPPED = Path(__file__).parent.parent.parent / "plugins"


@pytest.mark.parametrize(
    "text",
    [
        "Schau auf evil.example nach",
        "https://www.evil.example/a?b#c",
        "HTTP://EVIL.EXAMPLE",
        "https://user@evil.example/",
        "http://bank.example@evil.example:8080/x",
        "mail me: me@evil.example",
        "evil[.]example",
        "evil (dot) example",
        "evil punkt example",
        "evil . example",
        "evil。example",
        "ｅｖｉｌ．ｅｘａｍｐｌｅ",
        "ev\u200bil.exa\u00admple",
        "еvіl.example",
        "hxxp://shop.evil[.]example/now",
    ],
)
def test_a_refused_domain_is_found_however_it_is_spelled(text: str, shipped: Shipped) -> None:
    found = moderate(shipped("links"), text, refuse=["evil.example"])

    assert "links.refused" in names(found)


@pytest.mark.parametrize(
    "text", ["evil.example.org", "devil.example", "evil, example", "die evil-Firma. Example", "evilexample"]
)
def test_another_domain_is_not_the_refused_one(text: str, shipped: Shipped) -> None:
    assert moderate(shipped("links"), text, refuse=["evil.example"]) == []


def test_a_refused_domain_may_be_written_as_the_dns_writes_it(shipped: Shipped) -> None:
    for refused in ("müller.de", "xn--mller-kva.de"):
        for text in ("http://müller.de", "http://xn--mller-kva.de", "http://www.MÜLLER.de/x"):
            assert names(moderate(shipped("links"), text, refuse=[refused])) == {"links.refused"}


@pytest.mark.parametrize(
    "text",
    [
        "http://раураl.com/login",
        "www.аррӏе.com",
        "http://xn--80ak6aa92e.com",
        "http://ɡoogle.com",
        "https://www.bank.example@evil.example/login",
        "http://8.8.8.8/x",
        "http://134744072/",
    ],
)
def test_a_link_that_hides_where_it_leads_is_disguised(text: str, shipped: Shipped) -> None:
    assert names(moderate(shipped("links"), text)) == {"links.disguised"}


@pytest.mark.parametrize(
    "text",
    [
        "www.müller.de, café.fr und łódź.pl",
        "https://москва.рф/",
        "http://192.168.178.1 geht nicht",
        "http://127.0.0.1:8080",
        "Version 1.2.3.4 vom 1.2.2024, 3.50 Euro",
        "anna@example.com",
        "https://t.co/abc",
        "siehe https://example.com/@anna/1",
    ],
)
def test_an_honest_link_is_fine(text: str, shipped: Shipped) -> None:
    assert moderate(shipped("links"), text) == []


def test_an_allowed_domain_is_fine_with_all_below_it(shipped: Shipped) -> None:
    assert moderate(shipped("links"), "https://bit.ly/x http://a.bit.ly", allow=["bit.ly"]) == []
    assert names(moderate(shipped("links"), "https://notbit.ly/x", allow=["bit.ly"], only_allowed=True)) == {"links.foreign"}


def test_with_an_allow_list_alone_every_other_domain_is_foreign(shipped: Shipped) -> None:
    options = {"allow": ["example.com"], "only_allowed": True}

    assert moderate(shipped("links"), "https://shop.example.com/x", **options) == []
    assert names(moderate(shipped("links"), "https://example.org", **options)) == {"links.foreign"}


def test_only_different_links_count_as_many(shipped: Shipped) -> None:
    same = "https://example.com/a " * 9
    different = " ".join(f"https://example.com/{n}" for n in range(6))

    assert moderate(shipped("links"), same) == []
    assert moderate(shipped("links"), different) == [Signal("links.many", reason="6 different links, at most 5 are fine")]


def test_the_place_is_that_of_the_first_such_link(shipped: Shipped) -> None:
    text = "a https://example.com b https://bit.ly/1 c https://bit.ly/2"

    (signal,) = moderate(shipped("links"), text)

    assert text[signal.start : signal.end] == "https://bit.ly/1"
    assert "bit.ly" not in signal.reason


@pytest.mark.parametrize("entry", ["https://example.com", "example.com/x", "example", "", "a b.com"])
def test_what_is_no_domain_is_refused_in_the_configuration(entry: str) -> None:
    with pytest.raises(PluginError, match=r"plugins\.links: refuse: .*should be a domain such as example\.com"):
        load([SHIPPED], {"links": {"refuse": [entry]}})
