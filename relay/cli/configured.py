"""The configuration as commands take it: --config and --data, checked, or a failure that names file, line and key."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click

from relay.cli.shape import Exit, Failure
from relay.compose.moderation import build_pipeline, placed
from relay.configuration import Settings
from relay.loader import PluginError
from relay.observe import set_up_logs
from relay.pipeline.pipeline import Pipeline
from relay.ports import Clock
from relay.settings import Loaded, SettingsError, read

config_option = click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="RELAY_CONFIG",
    show_envvar=True,
    help="configuration, a TOML file; without it the defaults hold",
)


def data_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """--data, which goes over what the configuration says."""
    kind = click.Path(path_type=Path, file_okay=False)
    return click.option("--data", "data", type=kind, help="data folder  [default: data]")(function)


def settings_of(config: Path | None, options: Mapping[str, object] = MappingProxyType({})) -> Loaded[Settings]:
    """The checked settings. Raises Failure."""
    try:
        return read(Settings, config, os.environ, options)
    except SettingsError as error:
        raise Failure(f"The configuration cannot be used.\n{error}", Exit.USAGE) from None


def pipeline_of(loaded: Loaded[Settings], clock: Clock | None = None) -> Pipeline:
    """The moderation that is configured; has to be closed. Raises Failure at the first plugin that cannot be used.

    What goes wrong later is said on standard error: standard output is for what the command answers.
    """
    set_up_logs(sys.stderr, loaded.values.log.model_copy(update={"level": "warning"}))
    try:
        return build_pipeline(loaded.values, clock=clock, alone=clock is not None)
    except PluginError as error:
        raise Failure(f"The configuration cannot be used.\n{placed(loaded, error)}", Exit.USAGE) from None
