"""Options of a plugin as people see them: each with its value, its default and what it means, from their JSON schema.

Schema and values are what a plugin says of itself: of what is no JSON that could be sent on, nothing is shown.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from relay.plugin import Foreign, Plugin

MASK = "********"
MOST = 100  # options that are shown: the schema comes from the plugin, and who wrote that we do not know
LONGEST = 1000  # characters of what an option means
_SECRET = re.compile(r"(^|_)(token|secret|password|passphrase|api_key|private_key)s?$")


@dataclass(frozen=True, slots=True)
class Option:
    """`default` is None where there is none; a secret's value is never shown."""

    name: str
    value: Any
    default: Any
    description: str


def options_of_plugin(plugin: Plugin[Any] | Foreign) -> tuple[Option, ...]:
    """Wherever it runs."""
    if isinstance(plugin, Foreign):
        return options_of(plugin.schema, plugin.checked)
    return options_of(plugin.options_type.model_json_schema(), plugin.options.model_dump_json())


def options_of(schema: Mapping[str, Any], checked: str) -> tuple[Option, ...]:
    """In the order of the schema. `checked` are the values as JSON; one that nobody has given has its default."""
    try:
        values = _table(orjson.loads(checked))
    except orjson.JSONDecodeError:
        values = {}
    fields = list(_table(schema.get("properties")).items())[:MOST]
    return tuple(_option(name, _table(field), values) for name, field in fields if str(name).isidentifier())


def _option(name: str, field: Mapping[str, Any], values: Mapping[str, Any]) -> Option:
    default = _plain(field.get("default"))
    value = _plain(values.get(name, default))
    said = _plain(field.get("description"))
    if _is_secret(name, field) and value:
        value = MASK
    return Option(name, value, default, said[:LONGEST] if isinstance(said, str) else "")


def _is_secret(name: str, field: Mapping[str, Any]) -> bool:
    kinds = [field, *(_table(kind) for kind in _list(field.get("anyOf")))]
    return bool(_SECRET.search(name)) or any(kind.get("format") == "password" or kind.get("writeOnly") for kind in kinds)


def _plain(value: object) -> Any:  # noqa: ANN401  JSON of any shape
    """The same when it can travel, else None: halves of characters, numbers of any size, tables without a floor."""
    try:
        orjson.dumps(value)
    except orjson.JSONEncodeError:
        return None
    return value


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
