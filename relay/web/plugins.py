"""Plugins over HTTP: which moderate, with which options, and how they do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from relay.web.bodies import PagingQuery
from relay.web.communities import community_at
from relay.web.piece import piece
from relay.web.route import StaffCall
from relay.web.views import Listed, listed


@dataclass(frozen=True, slots=True)
class OptionView:
    """`description`, `default` and the name come from the option's JSON schema; a secret's value is masked."""

    name: str
    value: Any
    default: Any
    description: str


@dataclass(frozen=True, slots=True)
class PluginView:
    """Figures are since the relay started: `runs` messages looked at, `hits` with a signal, `errors` at which it failed.

    `mode` is where it runs: inline or worker; `state` is running, starting, waiting (for its next try) or broken. `breaker` is
    closed, open (no message is given to it for now, and each is held) or trial. `mean_us` and `p99_us` are microseconds, the
    latter what 99 of 100 checks took at most, to a fifth. `signals` have their effective weights. `note` is in English.
    """

    name: str
    version: str
    stage: str
    mode: str
    state: str
    breaker: str
    runs: int
    hits: int
    errors: int
    restarts: int
    mean_us: float
    p99_us: float
    deadline_ms: int
    signals: Mapping[str, float]
    options: tuple[OptionView, ...]
    note: str


async def listed_of(call: StaffCall[None, PagingQuery]) -> Listed[PluginView]:
    """All communities are moderated by the same plugins."""
    await community_at(call.parts, call.path["slug"])
    return listed(piece(call.parts.plugins(), call.query, lambda plugin: str(plugin["name"])), _view)


def _view(said: Mapping[str, Any]) -> PluginView:
    options = tuple(OptionView(**option) for option in said["options"])
    return PluginView(**{**said, "options": options})
