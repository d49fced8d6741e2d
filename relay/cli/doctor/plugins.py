"""The plugins: each that is switched on loads where it is to run, and those that are shipped keep their own examples.

They are others' code, so a process of its own looks at them: one that hangs, or ends its process, is a finding. What is not
shipped and not trusted is loaded by a worker, as in the relay.
"""

import asyncio
import multiprocessing
import os
from collections.abc import Iterator
from logging import CRITICAL
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NoReturn

import structlog

from relay.cli.doctor.finding import Finding, broken, fail, ok
from relay.cli.doctor.patient import Patient, patient
from relay.compose.moderation import build_pipeline
from relay.configuration import Settings, shipped
from relay.loader import Catalogue, Outside, PluginError, catalogue
from relay.pipeline.pipeline import PluginState
from relay.testing.moderation import unkept_examples

PATIENCE = 20.0  # seconds for one plugin; a start gives it less
MEND = "Mend it, or switch it off: take its table out of [plugins]. Until then the relay does not start."
UNSEEN = "Mend it, or switch it off: take its table out of [plugins]. Until then every message is held for staff."


def plugins(asked: Patient, patience: float = PATIENCE) -> Iterator[Finding]:
    """One line for each that is switched on."""
    if asked.loaded is None:
        return
    here, there = multiprocessing.Pipe(duplex=False)
    looking = multiprocessing.get_context("spawn").Process(
        target=_look, args=(there, asked.config, asked.folder), name="doctor plugins"
    )
    looking.start()
    there.close()
    try:
        yield from _heard(here, patience)
    finally:
        looking.kill()
        looking.join()
        here.close()


def _heard(here: Connection, patience: float) -> Iterator[Finding]:
    """Findings as they come; None is the end. What is said last of is what hung or ended the process."""
    at = ""
    while here.poll(patience):
        try:
            said = here.recv()
        except EOFError:
            yield fail("plugins", f"{at or 'loading'}: ended the process that looked at it", MEND)
            return
        if said is None:
            return
        if isinstance(said, str):
            at = said
        else:
            yield said
    yield fail("plugins", f"{at or 'loading'}: not done after {patience:.0f} seconds", MEND)


def _look(there: Connection, config: Path | None, folder: Path) -> None:
    os.dup2(2, 1)  # what a plugin prints does not belong among the findings
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(CRITICAL))  # what is wrong is a finding already
    try:
        for said in _looked(patient(config, folder, os.environ).settings):
            there.send(said)
    except Exception as error:  # noqa: BLE001  others' code
        there.send(broken("plugins", error))
    there.send(None)


def _looked(settings: Settings) -> Iterator[Finding | str]:
    """Before each its name; at last weights and composites, which may name any plugin's signals."""
    whole = catalogue([shipped("plugins")], Outside([], _nobody))
    for name, options in settings.plugins.items():
        yield name
        yield from _one(settings, name, options, whole)
    yield "weights"
    try:
        asyncio.run(_states(settings.model_copy(update={"plugins": {}})))
    except PluginError as error:
        yield fail("plugins", str(error), f"Mend {error.where}.")


def _one(settings: Settings, name: str, options: dict[str, object], known: Catalogue) -> Iterator[Finding]:
    """As the relay runs it; where it is shipped, its examples as well."""
    alone = settings.moderation.model_copy(update={"weights": {}, "composites": {}})
    try:
        (state,) = asyncio.run(_states(settings.model_copy(update={"plugins": {name: options}, "moderation": alone})))
    except PluginError as error:
        yield fail("plugins", str(error), MEND)
        return
    if state.state != "running":
        yield fail("plugins", f"{name}: {state.state}: {state.note}", UNSEEN)
        return
    shown = f"{name} {state.version}: {state.stage}, {state.mode}"
    if name not in known.plugins:
        yield ok("plugins", f"{shown}, loads")
        return
    plugin = known.plugins[name].plugin
    if plugin.reaches:
        yield ok("plugins", f"{shown}, loads; it asks a service, which is not asked here")
        return
    unkept = list(unkept_examples(plugin, {}))  # with the options that they are written for
    for why in unkept:
        yield fail("plugins", f"{name}: {why}", "Install the relay again: this plugin does not see what it says it sees.")
    if not unkept:
        yield ok("plugins", f"{shown}, {len(plugin.examples)} examples hold")


async def _states(settings: Settings) -> list[PluginState]:
    pipeline = build_pipeline(settings)
    try:
        await pipeline.open()
        return pipeline.describe()
    finally:
        await pipeline.close()


def _nobody(_: object) -> NoReturn:
    """What is not shipped is no matter of this catalogue."""
    raise OSError
