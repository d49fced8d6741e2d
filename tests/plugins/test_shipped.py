"""Every shipped plugin keeps its word, and fits on two screens."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from relay.plugin import Plugin
from relay.testing.moderation import PluginFaultError, check_plugin
from relay.testing.services import Canned

FOLDER = Path(__file__).parent.parent.parent / "plugins"
SCREENS = 120  # lines: two of them


NEEDED: dict[str, dict[str, object]] = {
    "remote": {
        "url": "https://ask.example/check",
        "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "http": Canned({"signals": []}),
    },
    "llm": {
        "url": "https://llm.example/v1/chat/completions",
        "model": "small",
        "api_key": "hush",
        "per_minute": 1000,
        "http": Canned({"choices": [{"message": {"content": '{"kind": "fine", "certainty": 1}'}}]}),
    },
}
"""Options that a plugin cannot do without, and what answers its questions."""


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.py")))
def test_a_shipped_plugin_keeps_its_word(name: str, shipped: Callable[[str], type[Plugin[Any]]]) -> None:
    check_plugin(shipped(name), **NEEDED.get(name, {}))


def test_a_shipped_plugin_without_words_for_members_is_found(shipped: Callable[[str], type[Plugin[Any]]]) -> None:
    flood = shipped("flood")
    silent = type("Silent", (flood,), {"__doc__": "Says nothing.", "__module__": flood.__module__, "told": {}})

    with pytest.raises(PluginFaultError, match=r"told: nothing for flood\.rate: say in en and de"):
        check_plugin(silent)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_a_shipped_plugin_fits_on_two_screens(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= SCREENS
