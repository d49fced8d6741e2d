"""Plugins as the relay loads them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from relay.loader import catalogue
from relay.plugin import Plugin

SHIPPED = Path(__file__).parent.parent.parent / "plugins"


@pytest.fixture(scope="session")
def shipped() -> Callable[[str], type[Plugin[Any]]]:
    """`shipped("words")`: the class in that file of the plugins folder."""
    found = catalogue([SHIPPED])
    assert found.problems == ()
    return lambda name: found.plugins[name].plugin
