"""Where a worker finds a plugin again that this process has built already, and which plugins have to move into one."""

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretBytes, SecretStr, TypeAdapter

from relay.core.label import Label
from relay.pipeline.forks import INSTALLED
from relay.pipeline.watchdog import fingerprint, quarantined
from relay.plugin import Foreign, Plugin

MODULE = "_relay_plugin_{stem}_in_worker"


def foreign(plugin: Plugin[Any], reason: str) -> Foreign:
    """The same plugin for a worker; one that has no file of its own is broken there."""
    module = sys.modules.get(type(plugin).__module__)
    file = getattr(module, "__file__", None)
    label, checked = Label.of(plugin), plugin.options.model_dump_json()
    options = travelling(plugin.options)
    try:
        path = Path(str(file)).resolve(strict=True)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        why = "asks for a worker, and has no file that one could load"
        return Foreign(label, {}, options, checked, reason, why, plugin.options_type.model_json_schema())
    source = {"module": MODULE.format(stem=path.stem), "file": str(path), "digest": digest}
    if set(path.parts) & set(INSTALLED):  # within a package, whose files may need each other
        source = {"module": type(plugin).__module__, "attribute": type(plugin).__qualname__}
    return Foreign(label, source, options, checked, reason, schema=plugin.options_type.model_json_schema())


def in_place(plugin: Plugin[Any]) -> Plugin[Any] | Foreign:
    """Where its class wants it."""
    return foreign(plugin, "its class asks for a worker") if plugin.mode == "worker" else plugin


def travelling(options: BaseModel) -> dict[str, Any]:
    """Options as they go to a worker: plain, and with their secrets, which as text are masked."""
    plain: dict[str, Any] = TypeAdapter(Any).dump_python(_revealed(options.model_dump()), mode="json")
    return plain


def _revealed(value: object) -> object:
    if isinstance(value, SecretStr | SecretBytes):
        return value.get_secret_value()
    if isinstance(value, dict):
        return {key: _revealed(each) for key, each in value.items()}
    return [_revealed(each) for each in value] if isinstance(value, list | tuple | set | frozenset) else value


def moved(plugins: Sequence[Plugin[Any] | Foreign], file: Path) -> list[Plugin[Any] | Foreign]:
    """The same plugins, but those that the guard wrote into `file` are for a worker; until they are changed."""
    known = quarantined(file)
    placed: list[Plugin[Any] | Foreign] = []
    for plugin in plugins:
        found = None if isinstance(plugin, Foreign) else known.get(plugin.name)
        if isinstance(plugin, Foreign) or found is None or found.fingerprint != fingerprint(plugin):
            placed.append(plugin)
        else:
            why = (
                f"held the relay up for {found.held_s:g} s on {found.at}: in a worker until its file, version or options change"
            )
            placed.append(foreign(plugin, why))
    return placed
