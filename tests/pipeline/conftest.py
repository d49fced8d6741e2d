"""Small plugins, good and bad, and a pipeline around them."""

from collections.abc import Callable
from typing import Any

import pytest

from relay.core.text import Tables
from relay.core.verdict import Rules
from relay.pipeline.pipeline import Pipeline
from relay.plugin import Plugin
from relay.testing.moderation import StillClock

Build = Callable[..., Pipeline]


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def build(clock: StillClock) -> Build:
    """`build(PluginA, PluginB, rules=Rules(...))`: a pipeline with their default options."""

    def pipeline(*plugins: type[Plugin[Any]], rules: Rules | None = None) -> Pipeline:
        built = [plugin(plugin.options_type()) for plugin in plugins]
        return Pipeline(built, rules or Rules(), Tables(), clock)

    return pipeline
