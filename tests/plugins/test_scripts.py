"""The plugin `scripts`: disguising letters and walls of emoji, and no honest text in any alphabet."""

from collections.abc import Callable
from typing import Any

import pytest

from relay.plugin import Plugin
from relay.testing.moderation import moderate, names

Shipped = Callable[[str], type[Plugin[Any]]]


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        ("das ist gaнz wichtig", "scripts.mixed"),
        ("pαypαl", "scripts.mixed"),
        ("scаm", "scripts.mixed"),
        ("Ꭺbc", "scripts.mixed"),
        ("Z\u0351\u0346\u0357a\u0301\u0302\u0303lgo", "scripts.marks"),
        ("du a\u0336r\u0336s", "scripts.marks"),
        ("a\u0489", "scripts.marks"),
        ("i\u200bd", "scripts.invisible"),
        ("ä\u2060ö", "scripts.invisible"),
        ("abc \u202egpj.exe", "scripts.invisible"),
        ("\U0001f525" * 21, "scripts.emoji"),
        ("\U0001f525 \U0001f389 . " * 20, "scripts.emoji"),
    ],
)
def test_a_trick_is_seen(text: str, signal: str, shipped: Shipped) -> None:
    assert signal in names(moderate(shipped("scripts"), text))


@pytest.mark.parametrize(
    "text",
    [
        "Grüße aus Łódź, liebe Zoë, çok teşekkürler, Việt Nam",
        "Привет, я в Berlin. IT-специалист",
        "10 µm, 5 kΩ, Δt = 3 s, α-Version, πr², 3×4",
        "Καλημέρα σε όλους, από την Αθήνα",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "नमस्ते क\u094d\u200dष, สวัสดี, שָׁלוֹם",
        "東京タワーへようこそ、ABC",
        "Mu\u0308ller und Vie\u0302\u0323t Nam",
        "Silben\u00adtrennung und Auf\u00adlauf\u00adform",
        "Danke \U0001f60d\U0001f60d\U0001f60d bis bald \U0001f469\u200d\U0001f469\u200d\U0001f467",
        "1\ufe0f\u20e3 2\ufe0f\u20e3 3\ufe0f\u20e3",
        "Ein langer Text, der fröhlich ist und endet mit " + "\U0001f389" * 25,
    ],
)
def test_an_honest_text_is_left_alone(text: str, shipped: Shipped) -> None:
    assert moderate(shipped("scripts"), text) == []


def test_one_word_is_a_hint_and_three_have_the_full_weight(shipped: Shipped) -> None:
    factors = [moderate(shipped("scripts"), "gаnz " * count)[0].factor for count in (1, 2, 3, 9)]

    assert factors == [0.5, 0.75, 1.0, 1.0]


def test_how_many_emoji_are_fine_can_be_set(shipped: Shipped) -> None:
    assert names(moderate(shipped("scripts"), "\U0001f525" * 4, most_emoji=3)) == {"scripts.emoji"}
