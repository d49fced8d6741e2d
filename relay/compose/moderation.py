"""Moderation as configured: plugins of one's own in workers, shipped ones inside and watched; strikes and their measures."""

from collections.abc import Container, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog

from relay.clock import SystemClock
from relay.configuration import LadderSettings, ModerationSettings, Settings, shipped
from relay.core.ladder import Ladder, MeasureKind, Rung
from relay.core.verdict import Rules
from relay.flows.look import Look
from relay.lexicon import load_tables
from relay.loader import Outside, PluginError, assemble
from relay.outbound.client import Client, refusal
from relay.outbound.settings import OutboundSettings
from relay.pipeline.asker import services
from relay.pipeline.forks import Forks
from relay.pipeline.pipeline import Pipeline, Places
from relay.pipeline.source import moved
from relay.pipeline.trace import Trace
from relay.pipeline.watchdog import Watchdog
from relay.plugin import Foreign, Plugin
from relay.ports import Clock, Store
from relay.settings import Loaded

QUARANTINE = "plugins.json"  # which plugins held the loop
SHADOW = "shadow mode is allowed (moderation.allow_shadow): staff may keep a member's messages out of the inbox, untold"
OUTGOING = frozenset({"words"})  # plugins that also look at what staff write

log = structlog.get_logger(__name__)


def build_ladder(settings: LadderSettings) -> Ladder:
    """Strikes and measures as configured."""
    rungs = tuple(
        Rung(kind, getattr(settings, kind.value), timedelta(days=getattr(settings, f"{kind.value}_days")))
        for kind in MeasureKind
        if kind is not MeasureKind.SHADOW
    )
    return Ladder(rungs, settings.strike, timedelta(days=settings.half_life_days))


def rules_of(moderation: ModerationSettings) -> Rules:
    """What the configuration says of scores."""
    return Rules(
        flag=moderation.flag,
        hold=moderation.hold,
        reject=moderation.reject,
        weights=moderation.weights,
        most_statistical=moderation.most_statistical,
        composites=tuple(each.value(name) for name, each in moderation.composites.items()),
        trust=moderation.trust.value(),
        headroom=moderation.headroom.value(),
        raid=moderation.raid.value(),
    )


def build_pipeline(
    settings: Settings,
    *,
    guarded: bool = False,
    clock: Clock | None = None,
    around: Places | None = None,
    alone: bool = False,
) -> Pipeline:
    """Moderation as configured; has to be closed. Raises PluginError.

    It goes on with what is `around` it: the memory of the one before, and the models that are in use. `alone` leaves out the
    plugins that ask services. `guarded` is for a relay that serves: a plugin inside of it that holds its loop for too long ends
    it, and is moved; and plugins may ask the services that their options name.
    """
    moderation, tables = settings.moderation, load_tables()
    rules = rules_of(moderation)
    forks = Forks(tables, moderation.workers, hidden=[settings.store.folder])
    outside = Outside([moderation.folder] if moderation.folder else [], forks.ask)
    try:
        plugins = assemble([shipped("plugins")], settings.plugins, rules.weights, outside, rules.composites)
        _check_services(plugins, moderation.http)
    except PluginError:
        forks.close()
        raise
    quarantine = settings.store.folder / QUARANTINE
    watchdog = Watchdog(quarantine, moderation.longest_hold_s) if guarded else None
    trace = _trace(settings.log.trace_plugins, settings.plugins)
    outbound = Client(moderation.http) if guarded else None
    asked = [plugin for plugin in moved(plugins, quarantine) if not (alone and services(plugin))]
    places = replace(around or Places(), forks=forks, watchdog=watchdog, outbound=outbound, trace=trace)
    return Pipeline(asked, rules, tables, clock or SystemClock(), places)


async def open_look(settings: Settings, store: Store, stack: AsyncExitStack) -> Look:
    """What staff write has a pipeline of its own; what it finds they are asked about, nothing is held. Raises PluginError."""
    tables = load_tables()
    forks = Forks(tables, settings.moderation.workers, hidden=[settings.store.folder])
    switched_on = {name: options for name, options in settings.plugins.items() if name in OUTGOING}
    plugins = assemble([shipped("plugins")], switched_on, {}, Outside([], forks.ask))
    pipeline = Pipeline(plugins, Rules(), tables, SystemClock(), Places(forks))
    stack.push_async_callback(pipeline.close)
    await pipeline.open()
    return Look(store, SystemClock(), tables, pipeline.judge)


def _check_services(plugins: Sequence[Plugin[Any] | Foreign], settings: OutboundSettings) -> None:
    """Raise PluginError for the first service that a plugin could not ask anyway."""
    for plugin in plugins:
        for option, url in services(plugin).items():
            if (why := refusal(url, settings)) is not None:
                name = plugin.label.name if isinstance(plugin, Foreign) else plugin.name
                raise PluginError(f"plugins.{name}", option, why)


def _trace(said: str, switched_on: Container[str]) -> Trace:
    trace = Trace(said)
    for name in sorted(trace.names):
        if name not in switched_on:
            log.warning("plugin to be traced is not switched on", plugin=name)
    return trace


def placed(loaded: Loaded[Settings], error: PluginError) -> str:
    """A fault in options or weights with its file and line; one in the plugin itself names the plugin's own file."""
    table = tuple(error.where.split("."))
    if table[0] == "plugins":
        return str(loaded.wrong((*table, *(error.key.split(".") if error.key else ())), error.what))
    if table[0] == "moderation":
        return str(loaded.wrong((*table, error.key), error.what))
    return str(error)
