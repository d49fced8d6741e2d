"""Fixtures for pytest, which finds them where the relay is installed: `moderate`. Nothing else here imports pytest.

def test_shouting_sees_capitals(moderate):
    assert names(moderate(SHOUTING, "WO BLEIBT MEIN PAKET")) == {"shouting.capitals"}
"""

from collections.abc import Callable

import pytest

from relay.core.verdict import Signal
from relay.testing.moderation import moderate as moderate_texts

Moderate = Callable[..., list[Signal]]
"""Takes what `relay.testing.moderation.moderate` takes: a plugin's class, texts, and options by name."""


@pytest.fixture
def moderate() -> Moderate:
    """Judge texts of one member with a plugin, and give the signals of the last."""
    return moderate_texts
