"""Options as people see them: from the schema, with secrets masked, whatever the plugin says of itself."""

from typing import Any

import pytest
from pydantic import BaseModel, Field, SecretStr

from relay.pipeline.options import MASK, MOST, Option, options_of


class Options(BaseModel):
    share: float = Field(0.6, description="how much is fine")
    words: tuple[str, ...] = Field((), description="own words")
    needed: int = Field(description="has no default")
    key: SecretStr = Field(SecretStr(""), description="opens something")
    api_key: str | None = None


def shown(**given: Any) -> dict[str, Option]:  # noqa: ANN401
    options = Options(**given)
    return {each.name: each for each in options_of(Options.model_json_schema(), options.model_dump_json())}


def test_each_has_its_value_its_default_and_what_it_means() -> None:
    options = shown(needed=3, share=0.9, words=("twerp",))

    assert options["share"] == Option("share", 0.9, 0.6, "how much is fine")
    assert options["words"] == Option("words", ["twerp"], [], "own words")
    assert options["needed"] == Option("needed", 3, None, "has no default")


def test_a_secret_is_masked_and_a_missing_one_is_seen_to_be_missing() -> None:
    given, missing = shown(needed=1, key=SecretStr("s3cret"), api_key="s3cret"), shown(needed=1)

    assert (given["key"].value, given["api_key"].value) == (MASK, MASK)
    assert (missing["key"].value, missing["api_key"].value) == ("", None)


@pytest.mark.parametrize(
    "schema", [{}, {"properties": []}, {"properties": {"a": 3}}, {"properties": {"a": {"description": 7}}}]
)
def test_a_schema_that_is_none_breaks_nothing(schema: dict[str, Any]) -> None:
    assert [each.description for each in options_of(schema, '{"a": 1}')] in ([], [""])


def deep() -> list[object]:
    inner: list[object] = []
    for _ in range(500):
        inner = [inner]
    return inner


@pytest.mark.parametrize("said", ["\ud800", 2**70, {"\ud800": 1}, deep()])
def test_what_cannot_travel_is_not_shown(said: object) -> None:
    schema = {"properties": {"a": {"default": said, "description": "\udfff"}, "\ud800": {}, "no name": {}}}

    (shown,) = options_of(schema, "{}")

    assert shown == Option("a", None, None, "")


@pytest.mark.parametrize("checked", ["", "no json", '{"a": "\\ud800"}', "[" * 100_000, '{"a": NaN}', "\ud800"])
def test_values_that_are_no_json_are_not_shown(checked: str) -> None:
    (shown,) = options_of({"properties": {"a": {"default": 3}}}, checked)

    assert shown.value == 3


def test_a_schema_without_end_is_cut() -> None:
    schema = {"properties": {f"o{n}": {"description": "x" * 9999} for n in range(9999)}}

    options = options_of(schema, "[]")

    assert len(options) == MOST
    assert max(len(each.description) for each in options) == 1000
