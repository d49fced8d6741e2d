"""Settings: a TOML file, the environment and the command line become one checked value, and each fault names its place.

The order, later wins: the model's defaults, the file, `RELAY_SECTION__KEY`, `RELAY_SECTION__KEY_FILE` (the value is what that
file holds, for secrets), the command line. Unknown keys are faults, in the file as in the environment.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError, ValidationInfo

from relay.wording import in_words

M = TypeVar("M", bound=BaseModel)
Key = tuple[str, ...]

PREFIX: Final = "RELAY_"
DEFAULT: Final = "default"
LARGEST_FILE: Final = 1_048_576  # bytes: far more than anybody writes by hand, and read in a moment
MASK: Final = "********"
_ENDS: Final = ("]", '"""', "'''")  # one of these is in the last line of every value that began in an earlier one
# Plugins' options are plain tables until the loader checks them, so there the name alone tells a secret.
_SECRET: Final = re.compile(r"(^|_)(token|secret|password|passphrase|api_key|private_key)s?$")
_SYNTAX_AT: Final = re.compile(r" \(at line (\d+), column \d+\)$")


def beside(path: Path, info: ValidationInfo) -> Path:
    """For validators of paths that belong to the file: a relative one counts from the folder of the file that `read` reads."""
    return info.context["folder"] / path if info.context else path


@dataclass(frozen=True, slots=True)
class Wrong:
    """One fault: `where` is file:line, a variable or an option; `key` is dotted, empty where the file itself is at fault."""

    where: str
    key: str
    why: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.key, self.why) if part)


class SettingsError(Exception):
    """The settings cannot be used; one line for each fault."""

    def __init__(self, faults: tuple[Wrong, ...]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Loaded(Generic[M]):
    """Checked values, and where each and each table of the file came from."""

    values: M
    origins: Mapping[Key, str]
    tables: Mapping[Key, str] = field(default_factory=dict)

    def origin(self, key: Key) -> str:
        """Where a value comes from: file:line, a variable, an option; `default` when nobody gave it."""
        parts = (key[:length] for length in range(len(key), 0, -1))
        return next((self.origins[part] for part in parts if part in self.origins), DEFAULT)

    def place(self, key: Key) -> str:
        """Where to mend a value: its origin, or the nearest table of the file that it would stand in."""
        parts = (key[:length] for length in range(len(key), 0, -1))
        places = {**self.tables, **self.origins}
        return next((places[part] for part in parts if part in places), DEFAULT)

    def shown(self) -> Iterator[tuple[str, object, str]]:
        """(dotted key, value, origin) of every setting, secrets masked."""
        for key, value in _leaves(self.values.model_dump()):
            yield ".".join(key), _masked(key, value), self.origin(key)

    def wrong(self, key: Key, why: str) -> SettingsError:
        """A fault that somebody else found in a value, such as a plugin in its options."""
        return SettingsError((Wrong(self.place(key), ".".join(key), why),))


def load(model: type[M], path: Path | None, environ: Mapping[str, str]) -> M:
    """The checked values alone; see `read`."""
    return read(model, path, environ).values


def read(
    model: type[M],
    path: Path | None,
    environ: Mapping[str, str],
    options: Mapping[str, object] = MappingProxyType({}),
) -> Loaded[M]:
    """Read and check everything. `options` are dotted keys from the command line; None among them means: not given.

    Raises SettingsError with every fault found; no message ever holds a value.
    """
    values: dict[str, Any] = {}
    origins: dict[Key, str] = {}
    tables: dict[Key, str] = {}
    if path is not None:
        values, origins, tables = _from_file(path)
    faults: list[Wrong] = []
    for key, text, origin in _from_environment(model, environ, faults):
        _put(values, key, text)
        origins[key] = origin
    for dotted, value in options.items():
        if value is not None:
            _put(values, tuple(dotted.split(".")), value)
            origins[tuple(dotted.split("."))] = f"--{dotted.rpartition('.')[2].replace('_', '-')}"
    context = {"folder": path.parent if path else Path()}
    try:
        loaded = Loaded(model.model_validate(values, context=context), MappingProxyType(origins), MappingProxyType(tables))
    except ValidationError as error:
        blank = Loaded(model.model_construct(), origins, tables)
        faults += _faults(model, error, blank, str(path or ""))
    else:
        if not faults:
            return loaded
    raise SettingsError(tuple(faults))


def names_at(model: type[BaseModel], key: Key) -> list[str] | None:
    """The keys that a table may have; None where any is allowed, or where there is no table."""
    here: Any = model
    for part in key:
        here = _inside(here, part)
    table = _model_in(here)
    return None if table is None else list(table.model_fields)


# ------------------------------------------------------------------------------------------------------------ the file


def _from_file(path: Path) -> tuple[dict[str, Any], dict[Key, str], dict[Key, str]]:
    try:
        text = _text_of(path)
        values = tomllib.loads(text)
    except OSError as error:
        raise SettingsError((Wrong(str(path), "", f"cannot be read: {error.strerror}"),)) from None
    except UnicodeDecodeError:
        raise SettingsError((Wrong(str(path), "", "is not UTF-8"),)) from None
    except tomllib.TOMLDecodeError as error:
        found = _SYNTAX_AT.search(str(error))
        where = f"{path}:{found[1]}" if found else str(path)
        raise SettingsError((Wrong(where, "", f"is not TOML: {_SYNTAX_AT.sub('', str(error))}"),)) from None
    except RecursionError:
        raise SettingsError((Wrong(str(path), "", "is nested too deeply"),)) from None
    lines, tables = lines_of(text)
    return values, _placed(path, lines), _placed(path, tables)


def _text_of(path: Path) -> str:
    """Without the mark that some editors put before the first byte. No more is read than may be: it could be any file."""
    with path.open("rb") as file:
        content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise SettingsError((Wrong(str(path), "", f"is larger than {LARGEST_FILE} bytes: is it a configuration?"),))
    return content.decode("utf-8-sig")


def _placed(path: Path, lines: Mapping[Key, int]) -> dict[Key, str]:
    return {key: f"{path}:{line}" for key, line in lines.items()}


def lines_of(text: str) -> tuple[dict[Key, int], dict[Key, int]]:
    """The line at which each value and each table of a valid TOML text begins."""
    found: dict[Key, int] = {}
    tables: dict[Key, int] = {}
    table: Key = ()
    chunk, start = "", 1
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        chunk += line
        if start < number and not any(end in line for end in _ENDS):
            continue  # so that a long list is not read anew with each of its lines
        try:
            piece = tomllib.loads(chunk)
        except tomllib.TOMLDecodeError:
            continue  # a value that goes on in the next line
        if chunk.lstrip().startswith("["):
            table = next(_paths(piece), ())
            tables.setdefault(table, start)
        else:
            for key in _paths(piece):
                found[table + key] = start
        chunk, start = "", number + 1
    return found, tables


def _paths(piece: object) -> Iterator[Key]:
    """The deepest paths of what one header or one assignment says."""
    if isinstance(piece, list) and piece and isinstance(piece[-1], dict):
        piece = piece[-1]
    if not isinstance(piece, dict) or not piece:
        return
    for name, value in piece.items():
        yield from ((name, *rest) for rest in list(_paths(value)) or [()])


# ----------------------------------------------------------------------------------------------------- the environment


def _from_environment(
    model: type[BaseModel], environ: Mapping[str, str], faults: list[Wrong]
) -> Iterator[tuple[Key, object, str]]:
    """What the variables say, those that name files last."""
    found: list[tuple[bool, Key, object, str]] = []
    for variable, text in environ.items():
        if not variable.startswith(PREFIX):
            continue
        key = tuple(part.lower() for part in variable.removeprefix(PREFIX).split("__"))
        if len(key) == 1 and not _takes_text(model, key) and not _takes_text(model, _without_file(key)):
            continue  # RELAY_TOKEN and its kin are no settings
        if is_file := _is_file(model, key):
            key = _without_file(key)
        value = _content(variable, text, key, faults) if is_file else text
        found.append((is_file, key, _parsed(model, key, value), variable))
    found.sort(key=lambda one: one[0])
    yield from ((key, value, variable) for _, key, value, variable in found)


def _is_file(model: type[BaseModel], key: Key) -> bool:
    if not key[-1].endswith("_file"):
        return False
    names = names_at(model, key[:-1])
    return names is None or (key[-1] not in names and _without_file(key)[-1] in names)


def _without_file(key: Key) -> Key:
    return (*key[:-1], key[-1].removesuffix("_file"))


def _content(variable: str, path: str, key: Key, faults: list[Wrong]) -> str:
    try:
        return Path(path).read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        faults.append(Wrong(variable, ".".join(key), f"its file cannot be read: {why}"))
        return ""


def _takes_text(model: type[BaseModel], key: Key) -> bool:
    field = model.model_fields.get(key[0])
    return field is not None and _model_in(field.annotation) is None and get_origin(field.annotation) is not dict


def _parsed(model: type[BaseModel], key: Key, text: str) -> object:
    """Lists and tables are written as JSON; all else is left to the model, which reads numbers and yes or no from text."""
    here: Any = model
    for part in key:
        here = _inside(here, part)
    if here in {str, SecretStr, Path} or not text.startswith(("[", "{")):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _put(values: dict[str, Any], key: Key, value: object) -> None:
    for part in key[:-1]:
        inner = values.get(part)
        if not isinstance(inner, dict):
            inner = values[part] = {}
        values = inner
    values[key[-1]] = value


# ---------------------------------------------------------------------------------------------------- faults and models


def _faults(model: type[BaseModel], error: ValidationError, loaded: Loaded[Any], file: str) -> Iterator[Wrong]:
    for fault in error.errors(include_url=False, include_input=False):
        loc = tuple(str(part) for part in fault["loc"] if part != "[key]")  # pydantic's word for a name that people chose
        where = loaded.place(loc)
        yield Wrong(file if where == DEFAULT else where, ".".join(loc), _why(model, fault, loc))


def _why(model: type[BaseModel], fault: Mapping[str, Any], loc: Key) -> str:
    if fault["type"] != "extra_forbidden":
        return in_words(fault, table="a table")
    names = names_at(model, loc[:-1]) or []
    close = get_close_matches(loc[-1], names, n=1)
    known = f"did you mean {close[0]}?" if close else f"known here: {', '.join(sorted(names)) or 'nothing'}"
    return f"unknown key; {known}"


def _inside(annotation: Any, part: str) -> Any:  # noqa: ANN401  annotations are anything
    """The type of what stands under a key: a field of a model, a value of a dict, None for anything else."""
    table = _model_in(annotation)
    if table is not None:
        field = table.model_fields.get(part)
        return None if field is None else field.annotation
    if get_origin(annotation) is dict:
        return get_args(annotation)[1]
    return next((_inside(one, part) for one in get_args(annotation) if get_origin(one) is dict), None)


def _model_in(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401  annotations are anything
    """The model of a field, also of an optional one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) is dict:
        return None
    return next((found for one in get_args(annotation) if (found := _model_in(one)) is not None), None)


def _leaves(value: object, key: Key = ()) -> Iterator[tuple[Key, object]]:
    if isinstance(value, Mapping) and (value or not key):
        for name, inner in value.items():
            yield from _leaves(inner, (*key, str(name)))
    else:
        yield key, value


def _masked(key: Key, value: object) -> object:
    if isinstance(value, SecretStr):
        return MASK if value.get_secret_value() else ""
    if _SECRET.search(key[-1].lower()) and value not in {None, ""}:
        return MASK
    return value
