"""`relay plugin try`: what a plugin sees in a text by itself, and what comes of it beside the shipped ones."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import CommandLine

PLUGIN = '''
"""Lottery: a message holds a word of a list."""

from pydantic import BaseModel, Field

from relay.plugin import Plugin, Signal, WordList


class Options(BaseModel):
    words: tuple[str, ...] = Field(("lottery",), description="what is looked for")
    most: int = Field(5, ge=1, description="signals of one message")


class Lottery(Plugin[Options]):
    """Looks the words up."""

    name, version, api = "lottery", "1.0", 1
    signals = {"lottery.word": 1.0}

    async def check(self, incoming, context):
        if "fail" in incoming.text.tokens:
            raise ValueError("secret")
        for hit in WordList({"word": self.options.words}).find(incoming.text)[:self.options.most]:
            yield Signal("lottery.word", reason="on the list", start=hit.start, end=hit.end)
'''


@pytest.fixture
def file(relay: CommandLine) -> str:
    (relay.folder / "lottery.py").write_text(PLUGIN, "utf-8")
    return "lottery.py"


def test_people_see_the_places_the_reasons_and_both_decisions(file: str, relay: CommandLine) -> None:
    result = relay("plugin", "try", file, "You won the l0ttery, you arsehole", "Hello")

    first, second = result.out.split("Hello\n")
    assert result.code == 0, result.err
    assert first.startswith("You won the ⟦l0ttery⟧, you arsehole\n    lottery.word  1  on the list\n    alone: allow at 1, ")
    assert first.endswith("\n    with the shipped ones: flag at 4, through words.insult\n")
    assert second.startswith("    alone: allow at 0, ")


def test_scripts_get_an_object_for_each_text(file: str, relay: CommandLine) -> None:
    result = relay("plugin", "try", file, "lottery", "--json")

    thing = result.thing
    assert thing.pop("us") > 0
    decided = {"action": "allow", "score": 1.0, "signals": ["lottery.word"], "failures": []}
    assert thing == {
        "text": "lottery",
        "plugin": "lottery",
        "signals": [
            {
                "name": "lottery.word", "weight": 1.0, "factor": 1.0, "reason": "on the list",
                "start": 0, "end": 7, "hard": False,
            }
        ],
        "failure": None,
        "alone": decided,
        "together": decided,
    }  # fmt: skip


def test_without_words_each_line_of_the_input_is_a_text(file: str, relay: CommandLine) -> None:
    result = relay("plugin", "try", file, "--json", said="the lottery\n\nhello there\n")

    assert [(one["text"], len(one["signals"])) for one in result.things] == [("the lottery", 1), ("hello there", 0)]


def test_json_lines_are_texts_as_well(file: str, relay: CommandLine) -> None:
    lines = [{"text": "a\nlottery", "signals": [], "id": 7}, {"text": "ein Lötterie"}]
    (relay.folder / "lines.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines), "utf-8")

    result = relay("plugin", "try", file, "--lines", "lines.jsonl", "--json")

    assert [one["text"] for one in result.things] == ["a\nlottery", "ein Lötterie"]


def test_options_are_given_as_in_their_table(file: str, relay: CommandLine) -> None:
    options = ("--option", 'words=["jackpot", "casino"]', "--option", "most=1")

    result = relay("plugin", "try", file, "lottery, casino and jackpot", *options)

    assert result.out.startswith("lottery, ⟦casino⟧ and jackpot\n")


def test_a_failure_is_shown_without_its_words_and_ends_in_an_exit_code(file: str, relay: CommandLine) -> None:
    result = relay("plugin", "try", file, "fail", "lottery")

    assert result.code == 1
    assert "failed: raised ValueError at lottery.py, line 22" in result.out
    assert ": hold at 0\n" in result.out
    assert "⟦lottery⟧" in result.out
    assert "secret" not in result.out + result.err


def test_what_a_text_holds_steers_no_terminal(file: str, relay: CommandLine) -> None:
    result = relay("plugin", "try", file, "\x1b[2J lottery\u202e")

    assert result.out.startswith(" [2J ⟦lottery⟧ \n")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("text", "--option", "mots=3"), "plugins.lottery: mots: the plugin has no such option; did you mean 'most'?"),
        (("text", "--option", "most=0"), "plugins.lottery: most: should be greater than or equal to 1"),
        (("text", "--option", "most"), "write key=value"),
        (("text", "--lines", "lottery.py"), "Give either texts or --lines, not both."),
        (("--lines", "lottery.py"), "line 2: Invalid JSON"),
    ],
)
def test_a_wrong_use_is_named(words: tuple[str, ...], why: str, file: str, relay: CommandLine) -> None:
    result = relay("plugin", "try", file, *words)

    assert (result.code, result.out) == (2, "")
    assert why in result.err


def test_a_shipped_one_is_tried_beside_the_others(relay: CommandLine) -> None:
    shipped = Path(__file__).parents[2] / "plugins" / "words.py"

    result = relay("plugin", "try", str(shipped), "Du Arschloch")

    assert result.out.startswith("Du ⟦Arschloch⟧\n    words.insult  3  an insult\n    alone: flag at 3, ")
    assert "\n    with the shipped ones: flag at 3\n" in result.out
