"""Every shipped plugin keeps its word, and fits on a screen."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from relay.plugin import Plugin
from relay.testing.moderation import check_plugin

FOLDER = Path(__file__).parent.parent.parent / "plugins"
SCREEN = 90  # lines


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.py")))
def test_a_shipped_plugin_keeps_its_word(name: str, shipped: Callable[[str], type[Plugin[Any]]]) -> None:
    check_plugin(shipped(name))


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_a_shipped_plugin_fits_on_a_screen(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= SCREEN
