"""The plugin `personal`: numbers and addresses that prove right, told without being repeated."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from relay.core.verdict import Action, Rules
from relay.lexicon import load_tables
from relay.loader import PluginError, load
from relay.pipeline.pipeline import Pipeline
from relay.plugin import Plugin
from relay.testing.moderation import StillClock, moderate, names, submission

Shipped = Callable[[str], type[Plugin[Any]]]
SHIPPED = Path(__file__).parent.parent.parent / "plugins"
ALL = "Konto DE89370400440532013000, Tel. 030 901820, Musterstraße 5, anna@example.com"


@pytest.mark.parametrize(
    "text",
    [
        "030 901820",
        "030/90 18 20",
        "(030) 901820!",
        "+49 30 901820",
        "0049-30-901820",
        "+49 (0)30 901820",
        "+1 650-253-0000",
        "0151.23456789",
        "0 1 5 1 2 3 4 5 6 7 8 9",
        "０３０９０１８２０",
        "0️⃣1️⃣5️⃣1️⃣23456789",
        "030\u200b901820",
    ],
)
def test_a_phone_number_is_found(text: str, shipped: Shipped) -> None:
    assert names(moderate(shipped("personal"), f"ruf an: {text}")) == {"personal.phone"}


@pytest.mark.parametrize(
    "text",
    [
        "DE89370400440532013000",
        "de89 3704 0044 0532 0130 00 an mich",
        "DE89-3704-0044-0532-0130-00.",
        "GB82 WEST 1234 5698 7654 32",
        "AT61 1904 3002 3457 3201",
        "ＤＥ８９３７０４００４４０５３２０１３０００",
    ],
)
def test_a_bank_account_is_found(text: str, shipped: Shipped) -> None:
    assert "personal.iban" in names(moderate(shipped("personal"), f"auf {text}"))


@pytest.mark.parametrize(
    "text",
    [
        "Musterstraße 5",
        "Lange Straße 12 b",
        "Hauptstr. 7",
        "in der Berggasse 19",
        "Am Birkenweg 3, 12345 Stadt",
        "221 Baker Street",
    ],
)
def test_a_street_address_is_found(text: str, shipped: Shipped) -> None:
    assert names(moderate(shipped("personal"), text)) == {"personal.address"}


@pytest.mark.parametrize("text", ["anna.b+c@mail.example.com", "anna (at) example.com", "ANNA[at]EXAMPLE.COM"])
def test_an_email_address_is_found(text: str, shipped: Shipped) -> None:
    assert names(moderate(shipped("personal"), text)) == {"personal.email"}
    assert moderate(shipped("personal"), text, allow=["example.com", "mail.example.com"]) == []


@pytest.mark.parametrize(
    "text",
    [
        "Bestellung 0815-4711 vom 12.03.2024, 14:30 Uhr, 1.234,56 Euro",
        "Sendung 00340434292135100186",
        "DE89 3704 0044 0532 0130 01",
        "USt-ID DE123456789, HRB 12345, ISBN 978-3-16-148410-0",
        "0,0000000001 und 10000000 Schritte, 2024-03-12 08:00",
        "Wir sind weg 20 Minuten, auf Platz 3, im Ring 2, Straße gesperrt",
        "@anna schreibt um 8 @ Halle 3",
        "5 minutes down the road",
    ],
)
def test_other_numbers_are_left_alone(text: str, shipped: Shipped) -> None:
    assert moderate(shipped("personal"), text) == []


async def test_everything_together_is_flagged_and_never_held(shipped: Shipped) -> None:
    personal = shipped("personal")
    pipeline = Pipeline([personal(personal.options_type())], Rules(), load_tables(), StillClock())

    decision = await pipeline.judge(submission(ALL))

    assert len(decision.signals) == 4
    assert decision.action is Action.FLAG


def test_a_callback_number_alone_is_no_flag(shipped: Shipped) -> None:
    assert shipped("personal").signals["personal.phone"] < Rules().flag


def test_what_was_found_is_never_repeated(shipped: Shipped) -> None:
    found = moderate(shipped("personal"), ALL)

    assert [ALL[signal.start : signal.end] for signal in found][1:] == ["030 901820", "Musterstraße 5", "anna@example.com"]
    assert not any(char.isdigit() or char == "@" for signal in found for char in signal.reason)


def test_a_national_number_is_read_in_its_region(shipped: Shipped) -> None:
    assert names(moderate(shipped("personal"), "020 7946 0958", region="GB")) == {"personal.phone"}


@pytest.mark.parametrize("region", ["Germany", "de", "ZZ", ""])
def test_a_region_that_does_not_exist_is_refused(region: str) -> None:
    with pytest.raises(PluginError, match=r"plugins\.personal: region: .*two capital letters of a country"):
        load([SHIPPED], {"personal": {"region": region}})
