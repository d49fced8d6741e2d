"""The loader: finds plugins in a folder and among installed packages, checks them, and builds those that are switched on.

A folder's `*.py` files are loaded by path, under private module names; installed packages offer theirs as entry points in the
group `relay.plugins`. Every problem names the file or plugin, the key, and what to do.
"""

import hashlib
import importlib.util
import inspect
import math
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from relay.core.notice import LANGUAGES
from relay.core.verdict import CORE_SIGNALS, OnError
from relay.plugin import API, Mode, Plugin, Stage
from relay.wording import in_words

GROUP = "relay.plugins"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LONGEST_TOLD = 120  # characters: a phrase within a sentence that a member reads
_SIGNAL = re.compile(r"[a-z][a-z0-9_]*\.[a-z0-9_.]{1,60}")


class PluginError(Exception):
    """A plugin cannot be used: `where` is its file or name, `key` the attribute or option, `what` includes what to do."""

    def __init__(self, where: str, key: str, what: str) -> None:
        super().__init__(f"{where}: {key + ': ' if key else ''}{what}")
        self.where = where
        self.key = key
        self.what = what


@dataclass(frozen=True, slots=True)
class Available:
    """A plugin that could be switched on; `schema` is the JSON schema of its options, `description` its module's first line."""

    name: str
    version: str
    source: str
    description: str
    signals: Mapping[str, float]
    schema: Mapping[str, Any]
    plugin: type[Plugin[Any]]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All plugins found, by name, and the problems of files and packages that gave none."""

    plugins: Mapping[str, Available]
    problems: tuple[PluginError, ...] = ()


def catalogue(folders: Sequence[Path]) -> Catalogue:
    """Find every plugin. A broken file is a problem in the list, never the end of the others; a name taken twice is one too."""
    found: dict[str, Available] = {}
    problems: list[PluginError] = []
    for source in _sources(folders):
        try:
            for plugin in _classes(source):
                _check(plugin, source)
                if (first := found.get(plugin.name)) is not None:
                    taken = f"the name {plugin.name!r} is taken by {first.source}: rename one of the two"
                    raise PluginError(str(source), "name", taken)  # noqa: TRY301 - one path for all problems
                found[plugin.name] = _available(plugin, str(source))
        except PluginError as problem:
            problems.append(problem)
    return Catalogue(found, tuple(problems))


def load(
    folders: Sequence[Path],
    switched_on: Mapping[str, Mapping[str, Any]],
    weights: Mapping[str, float] = MappingProxyType({}),
) -> list[Plugin[Any]]:
    """Build the plugins that `switched_on` names, with its options; raise PluginError at the first that cannot be used.

    `weights` by signal are checked alone: each names a signal of a plugin that was found, switched on or not, or of the relay.
    """
    known = catalogue(folders)
    built = [build(known, name, options) for name, options in switched_on.items()]
    defaults = dict(CORE_SIGNALS)
    for available in known.plugins.values():
        defaults.update(available.signals)
    for signal, weight in weights.items():
        _check_weight(signal, weight, defaults)
    return built


def _check_weight(signal: str, weight: float, defaults: Mapping[str, float]) -> None:
    where = "moderation.weights"
    if (default := defaults.get(signal)) is None:
        near = get_close_matches(signal, defaults, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(sorted(defaults))}"
        raise PluginError(where, signal, f"no plugin has such a signal; {hint}")
    if not math.isfinite(weight) or (weight < 0 <= default):
        raise PluginError(where, signal, "the weight must be a number, 0 or more: 0 makes the signal count for nothing")


def build(known: Catalogue, name: str, options: Mapping[str, Any]) -> Plugin[Any]:
    """Build one plugin with checked options."""
    if (available := known.plugins.get(name)) is None:
        raise _unknown(known, name)
    plugin = available.plugin
    try:
        return plugin(_options(plugin, options))
    except PluginError:
        raise
    except Exception as error:
        what = f"{type(error).__name__} while it was built: {error}"
        raise PluginError(available.source, "", what) from error


def _unknown(known: Catalogue, name: str) -> PluginError:
    for problem in known.problems:
        if Path(problem.where).stem == name:
            return problem
    near = get_close_matches(name, known.plugins, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(sorted(known.plugins)) or 'none'}"
    broken = "".join(f"; {problem}" for problem in known.problems)
    return PluginError(f"plugins.{name}", "", f"no plugin has this name; {hint}{broken}")


def _options(plugin: type[Plugin[Any]], options: Mapping[str, Any]) -> BaseModel:
    fields = plugin.options_type.model_fields
    where = f"plugins.{plugin.name}"
    for key in options:
        if key not in fields:
            near = get_close_matches(key, fields, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"it has: {', '.join(fields) or 'none'}"
            raise PluginError(where, key, f"the plugin has no such option; {hint}")
    try:
        return plugin.options_type.model_validate(dict(options))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise PluginError(where, ".".join(map(str, first["loc"])), in_words(first, table="a table")) from None


def _sources(folders: Sequence[Path]) -> Iterator[Path | EntryPoint]:
    for folder in folders:
        yield from sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    yield from entry_points(group=GROUP)


def _classes(source: Path | EntryPoint) -> list[type[Plugin[Any]]]:
    try:
        loaded = _module(source) if isinstance(source, Path) else source.load()
    except (Exception, SystemExit) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise PluginError(str(source), "", f"cannot be loaded: {type(error).__name__}{line}: {error}") from error
    if isinstance(loaded, ModuleType):
        own = [value for value in vars(loaded).values() if _is_plugin(value) and value.__module__ == loaded.__name__]
    else:
        own = [loaded] if _is_plugin(loaded) else []
    if not own:
        raise PluginError(str(source), "", "holds no subclass of relay.plugin.Plugin: write one, or move the file elsewhere")
    return own


def _is_plugin(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Plugin) and value is not Plugin


def _module(path: Path) -> ModuleType:
    """Load a file under a name of its own; it is registered, so that its classes can be pickled and its types resolved."""
    resolved = path.resolve()
    name = f"_relay_plugin_{path.stem}_{hashlib.sha256(str(resolved).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, resolved)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _check(plugin: type[Plugin[Any]], source: Path | EntryPoint) -> None:
    """Raise PluginError for the first thing that is wrong with the class's label."""
    for key, what in label_faults(plugin):
        raise PluginError(str(source), key, what)


def label_faults(plugin: type[Plugin[Any]]) -> Iterator[tuple[str, str]]:
    """Give (attribute, what is wrong with it and what to do) for everything wrong with a class's label."""
    name = getattr(plugin, "name", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        yield (
            "name",
            f"{name!r} is no plugin name: lower-case letters, digits and _, at most 40, beginning with a letter",
        )
    if not isinstance(getattr(plugin, "version", None), str) or not plugin.version:
        yield "version", 'write the version as text, such as version = "1.0"'
    if plugin.api != API:
        yield "api", f"the plugin speaks version {plugin.api!r} of the interface, this relay speaks {API}"
    yield from _signal_faults(plugin, str(name))
    yield from _told_faults(plugin)
    for key, allowed in (("stage", get_args(Stage)), ("mode", get_args(Mode)), ("on_error", get_args(OnError))):
        if getattr(plugin, key) not in allowed:
            yield key, f"{getattr(plugin, key)!r} is none of {', '.join(allowed)}"
    if type(plugin.deadline_ms) is not int or plugin.deadline_ms <= 0:
        yield "deadline_ms", "write whole milliseconds above 0"
    if not inspect.isasyncgenfunction(plugin.check):
        yield "check", "write it as `async def check(self, incoming, context)` that yields signals"


def _signal_faults(plugin: type[Plugin[Any]], name: str) -> Iterator[tuple[str, str]]:
    signals = getattr(plugin, "signals", None)
    if not isinstance(signals, Mapping) or not signals:
        yield "signals", f'list every signal with its default weight: signals = {{"{name}.what": 1.0}}'
        return
    for signal, weight in signals.items():
        if not isinstance(signal, str) or not _SIGNAL.fullmatch(signal) or not signal.startswith(f"{name}."):
            yield "signals", f"{signal!r} must be {name!r}, a dot, and lower-case letters, digits, _ or dots"
        elif type(weight) not in {int, float} or not math.isfinite(weight) or weight < 0:
            yield (
                "signals",
                f"the weight of {signal!r} must be a number, 0 or more: negative weights are the relay's own",
            )


def _told_faults(plugin: type[Plugin[Any]]) -> Iterator[tuple[str, str]]:
    told: object = plugin.told
    signals = getattr(plugin, "signals", None)
    if not isinstance(signals, Mapping):
        return
    if not isinstance(told, Mapping):
        yield "told", 'write it as {"NAME.what": {"en": "it holds an insult", "de": "sie enthält eine Beleidigung"}}'
        return
    for signal, texts in told.items():
        if signal not in signals:
            yield "told", f"{signal!r} is no signal of this plugin: there are {', '.join(map(str, signals))}"
        elif not isinstance(texts, Mapping) or set(texts) != set(LANGUAGES):
            yield "told", f"{signal!r} needs a phrase in each of {', '.join(LANGUAGES)}, or none at all"
        elif not all(_is_phrase(text) for text in texts.values()):
            yield "told", f"{signal!r} needs phrases of one line, at most {_LONGEST_TOLD} characters, without a full stop"


def _is_phrase(text: object) -> bool:
    return isinstance(text, str) and text.isprintable() and 0 < len(text.strip(" .")) == len(text) <= _LONGEST_TOLD


def _available(plugin: type[Plugin[Any]], source: str) -> Available:
    text = inspect.getdoc(sys.modules[plugin.__module__]) or inspect.getdoc(plugin) or ""
    schema = plugin.options_type.model_json_schema()
    description = text.split("\n", 1)[0]
    return Available(plugin.name, plugin.version, source, description, dict(plugin.signals), schema, plugin)
