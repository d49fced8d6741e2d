"""What the relay says of a request in English, and the German that the console has for it: none is missing, none is made up."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from pydantic import BaseModel, Field, ValidationError

import relay
from relay.core import errors
from relay.web.assets import PAGES
from relay.wording import in_words

ROOT: Final = Path(relay.__file__).parent
FOR_STAFF: Final = (
    "compose/rejudging.py", "core/case.py", "core/measure.py", "core/passphrase.py", "core/post.py", "core/replay_job.py",
    "core/shadow.py",    "flows/answer.py", "flows/publish.py", "flows/rejudge.py",
    "flows/restrain.py", "flows/review.py", "stores/sql/staff.py", "web/threads.py",
)  # fmt: skip
"""Where a person at the console runs into a refusal that they can do something about."""

SAID: Final[dict[str, str]] = json.loads((PAGES / "console/words/said.de.json").read_text("utf-8"))
RAISED: Final = {"Conflict", "Denied", "Fault", "Invalid", "Stale", "Taken"}
NOT_FOR_PEOPLE: Final = {"This relay has staff already."}  # the command line's


def literal(node: ast.expr) -> str | None:
    """A text as it stands in the code, `{}` for what is put into it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


def literals(tree: ast.AST) -> Iterator[str]:
    yield from (text for node in ast.walk(tree) if isinstance(node, ast.expr) and (text := literal(node)))


def refusals(tree: ast.AST) -> Iterator[str]:
    """What an error raised here says, and what a function that finds faults gives."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RAISED:
            yield from (text for given in node.args if (text := literal(given)))
        elif isinstance(node, ast.FunctionDef) and node.name == "weakness":
            yield from (
                text for each in ast.walk(node) if isinstance(each, ast.Return) and each.value and (text := literal(each.value))
            )


class Limits(BaseModel):
    """One of each kind of limit that fields have."""

    one: str = Field("x", min_length=1)
    short: str = Field("xx", min_length=2)
    long: str = Field("", max_length=3)
    small: int = Field(1, le=2)
    large: int = Field(3, ge=3)


def of_fields() -> set[str]:
    """What a wrong field is told, numbers as `{}`."""
    with pytest.raises(ValidationError) as refused:
        Limits.model_validate({"one": "", "short": "", "long": "xxxx", "small": 9, "large": 1})
    return {re.sub(r"\d+", "{}", in_words(dict(fault), table="an object")) for fault in refused.value.errors()}


@pytest.mark.parametrize("name", FOR_STAFF)
def test_what_staff_can_run_into_is_there_in_german(name: str) -> None:
    said = set(refusals(ast.parse((ROOT / name).read_text("utf-8"))))

    assert said - NOT_FOR_PEOPLE - SAID.keys() == set()


def test_nothing_is_translated_that_the_relay_does_not_say() -> None:
    known = {text for path in ROOT.rglob("*.py") for text in literals(ast.parse(path.read_text("utf-8")))} | of_fields()
    documented = {each.__doc__ for each in vars(errors).values() if isinstance(each, type)}

    composed = {"The database was lost. Nothing was changed.", "The body is not valid.", "The query is not valid."}
    assert SAID.keys() - known - documented - composed == set()


def notes(tree: ast.AST) -> Iterator[str]:
    """What a plugin's place says of its trouble, wherever it is handed on or given."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"_failed", "_lost"}:
            yield from (text for given in node.args if (text := literal(given)))
        elif isinstance(node, ast.FunctionDef) and node.name in {"_how", "_fault"}:
            for given in (each.value for each in ast.walk(node) if isinstance(each, ast.Return) and each.value):
                ends = [given.body, given.orelse] if isinstance(given, ast.IfExp) else [given]
                yield from (text for end in ends if (text := literal(end)))


@pytest.mark.parametrize("name", ["seat", "connection"])
def test_what_keeps_a_plugin_from_its_work_is_there_in_german(name: str) -> None:
    said = set(notes(ast.parse((ROOT / f"pipeline/{name}.py").read_text("utf-8"))))

    assert said != set()
    assert {text for text in said if " " in text} - SAID.keys() == set()


def test_what_is_put_in_is_put_in_in_german_too() -> None:
    assert [english for english, german in SAID.items() if english.count("{}") != german.count("{}")] == []
