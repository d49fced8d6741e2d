"""Plugins over HTTP: what callers get of each, with its options."""

from dataclasses import asdict

from relay.pipeline.options import Option
from relay.pipeline.pipeline import PluginState
from tests.web.conftest import Relay


async def test_a_plugin_is_shown_with_figures_and_options(relay: Relay) -> None:
    await relay.community()
    options = (Option("max_share", 0.7, 0.6, "share that is fine"), Option("words", ["a", "b"], [], "own words"))
    state = PluginState(
        "shouting", "1.0", "content", "worker", {"shouting.capitals": 2.5}, 7, 2, 1, 61.5, "is not shipped", "waiting", 3,
        "open", 120.4, 50, options,
    )  # fmt: skip
    relay.plugins[:] = [asdict(state)]

    (shown,) = (await relay.owner("GET", "/v1/communities/bad/plugins")).body["items"]

    assert shown == {
        "name": "shouting",
        "version": "1.0",
        "stage": "content",
        "mode": "worker",
        "state": "waiting",
        "breaker": "open",
        "runs": 7,
        "hits": 2,
        "errors": 1,
        "restarts": 3,
        "mean_us": 61.5,
        "p99_us": 120.4,
        "deadline_ms": 50,
        "signals": {"shouting.capitals": 2.5},
        "options": [
            {"name": "max_share", "value": 0.7, "default": 0.6, "description": "share that is fine"},
            {"name": "words", "value": ["a", "b"], "default": [], "description": "own words"},
        ],
        "note": "is not shipped",
    }
