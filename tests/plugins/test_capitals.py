"""The plugin `capitals`: texts in capitals, but no short ones."""

from collections.abc import Callable
from typing import Any

import pytest

from relay.plugin import Plugin
from relay.testing.moderation import moderate, names

Shipped = Callable[[str], type[Plugin[Any]]]


@pytest.mark.parametrize(
    "text",
    [
        "WO BLEIBT MEIN PAKET, ICH WARTE SCHON SO LANGE",
        "WHERE IS MY PARCEL??? I am STILL WAITING FOR IT!!!",
        "ÜBER ÄRGER ÖFTER KLAGEN ALS ÜBLICH",
        "ГДЕ МОЯ ПОСЫЛКА, Я ЖДУ УЖЕ НЕДЕЛЮ",
        "Ｗ Ｈ Ｅ Ｒ Ｅ  Ｉ Ｓ  Ｍ Ｙ  Ｐ Ａ Ｒ Ｃ Ｅ Ｌ  Ｔ Ｈ Ｅ Ｒ Ｅ",
    ],
)
def test_a_text_in_capitals_is_seen(text: str, shipped: Shipped) -> None:
    assert names(moderate(shipped("capitals"), text)) == {"capitals.share"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "OK DANKE SUPER!!!",
        "DHL 00340434292135100186 A1B2C3D4E5F6",
        "Wo bleibt mein Paket? ICH WARTE.",
        "我的包裹在哪里我已经等了很久了请尽快告诉我好吗谢谢你们的帮助",
        "12345678901234567890 !!!!!!!!!!!!!!!!!!!!",
    ],
)
def test_what_is_short_or_small_is_left_alone(text: str, shipped: Shipped) -> None:
    assert moderate(shipped("capitals"), text) == []


def test_the_weight_grows_with_the_share(shipped: Shipped) -> None:
    (all_of_it,) = moderate(shipped("capitals"), "A" * 40)
    (most_of_it,) = moderate(shipped("capitals"), "A" * 32 + "a" * 8)

    assert (all_of_it.factor, most_of_it.factor) == (1.0, 0.9)
    assert most_of_it.reason == "80% capitals, 70% are still fine"


def test_the_limits_can_be_set(shipped: Shipped) -> None:
    assert moderate(shipped("capitals"), "A" * 32 + "a" * 8, most_share=0.8) == []
    assert names(moderate(shipped("capitals"), "DANKE", shortest=5)) == {"capitals.share"}
