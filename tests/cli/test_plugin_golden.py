"""Golden texts beside a plugin: `relay plugin test` holds it to them, `--update` writes them and shows what changes."""

from pathlib import Path

import pytest

from tests.cli.conftest import CommandLine
from tests.cli.test_plugin import PLUGIN

KEPT = '{"text": "GANZ LAUT", "signals": ["shouting.capitals"], "note": "von Ada"}\n\n{"text": "leise ä", "signals": []}\n'


@pytest.fixture
def texts(relay: CommandLine) -> Path:
    (relay.folder / "shouting.py").write_text(PLUGIN, "utf-8")
    path = relay.folder / "shouting.texts.jsonl"
    path.write_text(KEPT, "utf-8")
    return path


def test_a_plugin_that_sees_what_is_written_passes(texts: Path, relay: CommandLine) -> None:
    result = relay("plugin", "test", "shouting.py")

    assert (result.code, texts.read_text("utf-8")) == (0, KEPT)


def test_what_is_seen_otherwise_is_named_with_its_line(texts: Path, relay: CommandLine) -> None:
    texts.write_text(KEPT.replace("leise ä", "WIEDER LAUT"), "utf-8")

    result = relay("plugin", "test", "shouting.py")

    assert result.code == 1
    assert "shouting.texts.jsonl:3: 'WIEDER LAUT': gives ['shouting.capitals'], and [] is written" in result.err


def test_an_update_writes_what_is_seen_and_shows_what_changed(texts: Path, relay: CommandLine) -> None:
    texts.write_text(KEPT.replace("leise ä", "WIEDER LAUT") + '{"text": "neu"}\n', "utf-8")

    result = relay("plugin", "test", "shouting.py", "--update")

    assert result.code == 0, result.err
    assert "shouting.texts.jsonl:3: WIEDER LAUT\n    was: none\n    now: shouting.capitals\n" in result.err
    assert "shouting.texts.jsonl:4: neu\n    was: nothing said\n    now: none\n" in result.err
    assert "2 of 3 lines changed" in result.err
    assert texts.read_text("utf-8").splitlines() == [
        '{"text": "GANZ LAUT", "signals": ["shouting.capitals"], "note": "von Ada"}',
        '{"text": "WIEDER LAUT", "signals": ["shouting.capitals"]}',
        '{"text": "neu", "signals": []}',
    ]


def test_an_update_that_changes_nothing_leaves_the_file_as_it_is(texts: Path, relay: CommandLine) -> None:
    result = relay("plugin", "test", "shouting.py", "--update")

    assert "nothing changed" in result.err
    assert texts.read_text("utf-8") == KEPT


def test_a_line_that_nobody_has_judged_yet_is_asked_for(texts: Path, relay: CommandLine) -> None:
    texts.write_text('{"text": "neu"}\n', "utf-8")

    result = relay("plugin", "test", "shouting.py")

    assert result.code == 1
    assert "nothing is written: relay plugin test --update writes it" in result.err


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("no json", "is no line like"),
        ('{"signals": []}', "is no line like"),
        ('{"text": "x", "signals": "x"}', "signals: write them as a list"),
        ('{"text": "\\ud800", "signals": []}', "holds half of a character"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_and_nothing_is_written(
    line: str, why: str, texts: Path, relay: CommandLine
) -> None:
    texts.write_text(KEPT + line + "\n", "utf-8")

    for words in ((), ("--update",)):
        result = relay("plugin", "test", "shouting.py", *words)

        assert result.code == (2 if words else 1)
        assert f"shouting.texts.jsonl:4: {why}" in result.err or f"shouting.texts.jsonl:4: text: {why}" in result.err
    assert texts.read_text("utf-8") == KEPT + line + "\n"


def test_an_update_at_which_the_plugin_fails_writes_nothing(texts: Path, relay: CommandLine) -> None:
    failing = PLUGIN.replace("if incoming", '1 / ("neu" not in incoming.text.tokens)\n        if incoming')
    (relay.folder / "shouting.py").write_text(failing, "utf-8")
    texts.write_text(KEPT + '{"text": "neu"}\n', "utf-8")

    result = relay("plugin", "test", "shouting.py", "--update")

    assert result.code == 1
    assert "raised ZeroDivisionError" in result.err
    assert texts.read_text("utf-8") == KEPT + '{"text": "neu"}\n'


def test_an_update_without_texts_says_how_to_begin(texts: Path, relay: CommandLine) -> None:
    texts.unlink()

    result = relay("plugin", "test", "shouting.py", "--update")

    assert result.code == 2
    assert 'Write the texts into it, one a line, as {"text": "..."}' in result.err
