"""Wording: what pydantic finds wrong with a value, in words for people who never saw the code."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from pydantic import ValidationError

from relay.core.errors import Fault

MAX_FAULTS: Final = 20  # told in one answer; more would only echo a hostile text's size
MAX_LOC: Final = 64  # characters of a name that the caller chose
_WORDS: Final = {
    "has to be given": ("missing",),
    "is not known here": ("extra_forbidden",),
    "should be text": ("string_type",),
    "should be a path, written as text": ("path_type",),
    "should be a list": ("list_type", "tuple_type", "set_type", "frozen_set_type"),
    "should be a whole number": ("int_type", "int_parsing", "int_from_float", "int_parsing_size"),
    "should be a number": ("float_type", "float_parsing"),
    "should be true or false": ("bool_type", "bool_parsing"),
    "is of no kind that is known here": ("union_tag_invalid",),
    "holds a character that is none (half a surrogate pair)": ("string_unicode",),
    "is no RFC 3339 time such as 2026-11-21T20:15:00Z": (
        "datetime_type",
        "datetime_parsing",
        "datetime_from_date_parsing",
        "datetime_object_invalid",
    ),
    "needs its distance from UTC, such as Z or +02:00": ("timezone_aware",),
}
_BY_TYPE: Final = {kind: words for words, kinds in _WORDS.items() for kind in kinds}
_TABLES: Final = frozenset({"dict_type", "mapping_type", "model_type", "model_attributes_type"})
_SUBJECT: Final = re.compile(r"^(?:Value error, )?(?:(?:Input|String|List|Tuple|Dictionary) (?=should ))?")


def in_words(fault: Mapping[str, Any], *, table: str, forms: Mapping[str, str] = MappingProxyType({})) -> str:
    """A sentence whose subject is the place of the fault.

    `fault` is one of pydantic's `errors()`, with its context; `table` says what a table is called there ("an object");
    `forms` has the words for each pattern.
    """
    kind = fault["type"]
    if kind in _TABLES:
        return f"should be {table}"
    if kind == "string_pattern_mismatch":
        return forms.get(fault["ctx"]["pattern"], "does not have the form that is asked for")
    if kind == "union_tag_not_found":
        return f"needs {fault['ctx']['discriminator']}"
    return _BY_TYPE.get(kind) or _SUBJECT.sub("", fault["msg"]).replace(" after validation", "")


def faults_in(error: ValidationError, *, within: str = "", forms: Mapping[str, str] = MappingProxyType({})) -> list[Fault]:
    """What is wrong with a piece of JSON, without its values; `within` names it where a caller sends more than one."""
    found = error.errors(include_url=False, include_input=False)[:MAX_FAULTS]
    outer = (within,) if within else ()
    return [Fault((*outer, *map(_shown, each["loc"])), in_words(each, table="an object", forms=forms)) for each in found]


def _shown(part: int | str) -> int | str:
    """A name that the caller chose, cut and made fit for JSON."""
    return part if isinstance(part, int) else part[:MAX_LOC].encode("utf-8", "replace").decode()
