"""The loader: finds plugins in folders and among installed packages, checks them, and builds those that are switched on.

A folder's `*.py` files are loaded by path, under private module names; installed packages offer theirs as entry points in the
group `relay.plugins`. What is not shipped is looked at by a worker process: this one imports none of it, unless the
configuration trusts it. Every problem names the file or plugin, the key, and what to do.
"""

import hashlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from pydantic import BaseModel, ValidationError

from relay.core.label import LABEL, Label, faults
from relay.core.signals import Known
from relay.core.signals import faults as wrong_signals
from relay.core.verdict import CORE, CORE_SIGNALS, Composite
from relay.plugin import Foreign, Plugin
from relay.wording import in_words

GROUP = "relay.plugins"
TRUSTED = "trusted_inline"  # the one key of a plugin's table that is the relay's, not the plugin's
_NO_PLUGIN = "holds no subclass of relay.plugin.Plugin: write one, or move the file elsewhere"


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
class Stranger:
    """A plugin that only workers load: what it says of itself, where they find it, and the names of its options."""

    label: Label
    source: str
    place: Mapping[str, str]
    description: str
    fields: tuple[str, ...]
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All plugins found, by name, and the problems of files and packages that gave none.

    `strangers` are those that this process has not imported; `silent` says why a source told nothing of itself at all.
    """

    plugins: Mapping[str, Available]
    problems: tuple[PluginError, ...] = ()
    strangers: Mapping[str, Stranger] = field(default_factory=dict)
    silent: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outside:
    """What is not shipped: its folders, and who looks into it for us.

    `ask` has a worker load a source and answer; it raises OSError when the worker ends or says nothing. What is `trusted`, by
    name, is imported all the same. Once all that are `wanted` are found, the rest is let be; None wants everything.
    """

    folders: Sequence[Path]
    ask: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    trusted: AbstractSet[str] = frozenset()
    wanted: AbstractSet[str] | None = None


def catalogue(folders: Sequence[Path], outside: Outside | None = None) -> Catalogue:
    """Find every plugin; without `outside`, installed packages are imported too.

    A broken file is a problem in the list, never the end of the others; a name taken twice is one too.
    """
    found: dict[str, Available] = {}
    strangers: dict[str, Stranger] = {}
    problems: list[PluginError] = []
    silent: dict[str, str] = {}
    for source in _sources(folders, packages=outside is None):
        try:
            for plugin in classes_of(source):
                _check(plugin, source)
                _refuse_taken(plugin.name, source, found, strangers)
                found[plugin.name] = _available(plugin, str(source))
        except PluginError as problem:
            problems.append(problem)
    for source in _in_question(outside) if outside else ():
        if outside is None or (outside.wanted is not None and outside.wanted <= {*found, *strangers, *silent}):
            break
        try:
            for stranger in _strangers(source, outside):
                _refuse_taken(stranger.label.name, source, found, strangers)
                if stranger.label.name in outside.trusted:
                    found[stranger.label.name] = _imported(stranger.label.name, source)
                else:
                    strangers[stranger.label.name] = stranger
        except PluginError as problem:
            problems.append(problem)
        except OSError as error:
            silent[_presumed(source)] = str(error)
            problems.append(PluginError(str(source), "", str(error)))
    return Catalogue(found, tuple(problems), strangers, silent)


def load(
    folders: Sequence[Path],
    switched_on: Mapping[str, Mapping[str, Any]],
    weights: Mapping[str, float] = MappingProxyType({}),
) -> list[Plugin[Any]]:
    """Import and build the plugins that `switched_on` names, with its options; raise PluginError at the first that fails.

    `weights` by signal are checked alone: each names a signal of a plugin that was found, switched on or not, or of the relay.
    """
    known = catalogue(folders)
    built = [build(known, name, options) for name, options in switched_on.items()]
    _check_signals(known, weights)
    return built


def assemble(
    folders: Sequence[Path],
    switched_on: Mapping[str, Mapping[str, Any]],
    weights: Mapping[str, float],
    outside: Outside,
    composites: Sequence[Composite] = (),
) -> list[Plugin[Any] | Foreign]:
    """Like `load`, but what lies outside is looked at by workers and stays theirs, unless its table says `trusted_inline`."""
    trusted = {name for name, options in switched_on.items() if _is_trusted(name, options)}
    named = (*weights, *(signal for each in composites for signal in each.signals))
    wanted = {*switched_on, *(signal.partition(".")[0] for signal in named)} - {CORE}
    known = catalogue(folders, replace(outside, trusted=trusted, wanted=wanted))
    built: list[Plugin[Any] | Foreign] = []
    for name, options in switched_on.items():
        if name in known.strangers:
            built.append(_foreign(known.strangers[name], options, outside))
        elif name in known.silent and name not in known.plugins:
            label = Label(name, "?", {})
            built.append(Foreign(label, {}, {}, reason="is not shipped", broken=known.silent[name]))
        else:
            built.append(build(known, name, options))
    _check_signals(known, weights, composites)
    return built


def _check_signals(known: Catalogue, weights: Mapping[str, float], composites: Sequence[Composite] = ()) -> None:
    defaults = dict(CORE_SIGNALS)
    for available in known.plugins.values():
        defaults.update(available.signals)
    for stranger in known.strangers.values():
        defaults.update(stranger.label.signals)
    for where, key, what in wrong_signals(weights, composites, Known(defaults, frozenset(known.silent))):
        raise PluginError(where, key, what)


def build(known: Catalogue, name: str, options: Mapping[str, Any]) -> Plugin[Any]:
    """Build one plugin with checked options."""
    if (available := known.plugins.get(name)) is None:
        raise _unknown(known, name)
    plugin = available.plugin
    try:
        return plugin(_options(plugin, _without_trust(name, options)))
    except PluginError:
        raise
    except Exception as error:
        what = f"{type(error).__name__} while it was built: {error}"
        raise PluginError(available.source, "", what) from error


def _unknown(known: Catalogue, name: str) -> PluginError:
    for problem in known.problems:
        if Path(problem.where).stem == name:
            return problem
    names = [*known.plugins, *known.strangers]
    near = get_close_matches(name, names, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(sorted(names)) or 'none'}"
    broken = "".join(f"; {problem}" for problem in known.problems)
    return PluginError(f"plugins.{name}", "", f"no plugin has this name; {hint}{broken}")


def _options(plugin: type[Plugin[Any]], options: Mapping[str, Any]) -> BaseModel:
    _check_keys(plugin.name, options, list(plugin.options_type.model_fields))
    try:
        return plugin.options_type.model_validate(dict(options))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise PluginError(
            f"plugins.{plugin.name}", ".".join(map(str, first["loc"])), in_words(first, table="a table")
        ) from None


def _check_keys(name: str, options: Mapping[str, Any], fields: Sequence[str]) -> None:
    for key in options:
        if key not in fields:
            near = get_close_matches(key, fields, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"it has: {', '.join(fields) or 'none'}"
            raise PluginError(f"plugins.{name}", key, f"the plugin has no such option; {hint}")


def _is_trusted(name: str, options: Mapping[str, Any]) -> bool:
    trusted = options.get(TRUSTED, False)
    if type(trusted) is not bool:
        raise PluginError(f"plugins.{name}", TRUSTED, "should be true or false: true runs the plugin inside of the relay")
    return trusted


def _without_trust(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    _is_trusted(name, options)
    return {key: value for key, value in options.items() if key != TRUSTED}


def _foreign(stranger: Stranger, options: Mapping[str, Any], outside: Outside) -> Foreign:
    """Has a worker check the options: their classes are not known here."""
    name = stranger.label.name
    own = _without_trust(name, options)
    _check_keys(name, own, stranger.fields)
    try:
        answer = outside.ask({"source": stranger.place, "name": name, "options": own, "serves": False})
    except OSError as error:
        return Foreign(stranger.label, stranger.place, own, reason="is not shipped", broken=str(error))
    if (fault := _said_fault(answer)) is not None:
        raise PluginError(f"plugins.{name}" if fault[0] else stranger.source, *fault)
    told = (str(answer.get("checked", "{}")), "is not shipped")
    return Foreign(stranger.label, stranger.place, own, *told, schema=stranger.schema)


def _said_fault(answer: Mapping[str, Any]) -> tuple[str, str] | None:
    """What the worker says is wrong: (key, what)."""
    match answer.get("fault"):
        case [str(key), str(what)]:
            return key, "".join(char if char.isprintable() else " " for char in what)
        case _:
            return None


def _in_question(outside: Outside) -> list[Path | EntryPoint]:
    """What is named like something that is wanted comes first: a look into a source costs a process."""
    wanted = outside.wanted or frozenset()
    return sorted(_sources(outside.folders, packages=True), key=lambda source: _presumed(source) not in wanted)


def _presumed(source: Path | EntryPoint) -> str:
    """The name of the plugin that is probably inside."""
    return source.stem if isinstance(source, Path) else source.name


def _strangers(source: Path | EntryPoint, outside: Outside) -> Iterator[Stranger]:
    """What a worker finds in a source; nothing of what it says is taken on trust. Raises PluginError, OSError."""
    place = _place(source)
    answer = outside.ask({"source": place, "name": None, "options": {}, "serves": False})
    if (fault := _said_fault(answer)) is not None:
        raise PluginError(str(source), *fault)
    classes = answer.get("classes")
    if type(classes) is not list or not classes:
        raise PluginError(str(source), "", _NO_PLUGIN)
    for said in classes:
        yield _stranger(said, source, place)


def _stranger(said: object, source: Path | EntryPoint, place: Mapping[str, str]) -> Stranger:
    match said:
        case {"label": dict(label), "description": str(description), "fields": list(fields), "schema": dict(schema)}:
            pass
        case _:
            raise PluginError(str(source), "", "says nothing of itself that could be used")
    for key, what in faults(label, yields=label.get("yields") is True):
        raise PluginError(str(source), key, what)
    signals = {name: float(weight) for name, weight in label["signals"].items()}
    return Stranger(
        Label(
            label["name"], label["version"], signals, label["told"], label["stage"],
            label["deadline_ms"], label["on_error"], label["across_members"] is True, tuple(label.get("reaches", ())),
            label["statistical"] is True, label.get("evidence", ""),
        ),
        str(source), place, description, tuple(map(str, fields)), schema,
    )  # fmt: skip


def _place(source: Path | EntryPoint) -> dict[str, str]:
    """Where a worker finds it."""
    if isinstance(source, EntryPoint):
        return {"module": source.module, "attribute": source.attr}
    path = source.resolve()
    return {"module": _module_name(path), "file": str(path), "digest": hashlib.sha256(path.read_bytes()).hexdigest()}


def _imported(name: str, source: Path | EntryPoint) -> Available:
    """A plugin that is trusted."""
    for plugin in classes_of(source):
        _check(plugin, source)
        if plugin.name == name:
            return _available(plugin, str(source))
    raise PluginError(str(source), "name", f"has no plugin {name!r} when it is imported")


def _refuse_taken(
    name: str, source: Path | EntryPoint, found: Mapping[str, Available], strangers: Mapping[str, Stranger]
) -> None:
    first = found.get(name) or strangers.get(name)
    if first is not None:
        raise PluginError(str(source), "name", f"the name {name!r} is taken by {first.source}: rename one of the two")


def _sources(folders: Sequence[Path], *, packages: bool) -> Iterator[Path | EntryPoint]:
    for folder in folders:
        yield from sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    if packages:
        yield from entry_points(group=GROUP)


def classes_of(source: Path | EntryPoint) -> list[type[Plugin[Any]]]:
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
        raise PluginError(str(source), "", _NO_PLUGIN)
    return own


def _is_plugin(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Plugin) and value is not Plugin


def _module(path: Path) -> ModuleType:
    """Load a file under a name of its own; it is registered, so that its classes can be pickled and its types resolved."""
    resolved = path.resolve()
    name = _module_name(resolved)
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


def _module_name(path: Path) -> str:
    return f"_relay_plugin_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"


def _check(plugin: type[Plugin[Any]], source: Path | EntryPoint) -> None:
    """Raise PluginError for the first thing that is wrong with the class's label."""
    for key, what in label_faults(plugin):
        raise PluginError(str(source), key, what)


def label_faults(plugin: type[Plugin[Any]]) -> Iterator[tuple[str, str]]:
    """Give (attribute, what is wrong with it and what to do) for everything wrong with a class's label."""
    said = {key: getattr(plugin, key, None) for key in LABEL}
    yield from faults(said, yields=inspect.isasyncgenfunction(plugin.check))


def _available(plugin: type[Plugin[Any]], source: str) -> Available:
    text = inspect.getdoc(sys.modules[plugin.__module__]) or inspect.getdoc(plugin) or ""
    schema = plugin.options_type.model_json_schema()
    description = text.split("\n", 1)[0]
    return Available(plugin.name, plugin.version, source, description, dict(plugin.signals), schema, plugin)
