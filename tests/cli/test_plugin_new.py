"""`relay plugin new`: what it writes passes as it is, says what comes next, and overwrites nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import CommandLine, plain_environment

WRITTEN = ("my-plugins/shouting.py", "my-plugins/shouting.texts.jsonl", "my-plugins/tests/test_shouting.py")


def test_a_new_plugin_its_texts_and_its_test_pass_as_written(relay: CommandLine) -> None:
    # these would take the name of something that their own file imports, or one of Python's
    names = ("two_words", "plugin", "none")
    for name in names:
        assert relay("plugin", "new", name).code == 0

    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "my-plugins"]
    tested = subprocess.run(
        command, cwd=relay.folder, env=plain_environment(), check=False, capture_output=True, text=True, timeout=120
    )

    assert tested.returncode == 0, tested.stdout
    assert f"{3 * len(names)} passed" in tested.stdout


def test_it_says_what_it_wrote_and_what_comes_next(relay: CommandLine) -> None:
    result = relay("plugin", "new", "shouting")

    assert tuple(result.out.splitlines()) == WRITTEN
    assert "relay plugin test my-plugins/shouting.py" in result.err
    assert 'relay plugin try my-plugins/shouting.py "You won the lottery"' in result.err


def test_the_tables_that_it_shows_switch_it_on(relay: CommandLine) -> None:
    said = relay("plugin", "new", "shouting").err
    tables = said.partition("    [moderation]")[2]
    (relay.folder / "relay.toml").write_text("[moderation]" + tables, "utf-8")

    scored = relay("moderation", "score", "--config", "relay.toml", said='{"text": "You won the lottery, arsehole"}\n')

    assert {signal["name"] for signal in scored.thing["signals"]} == {"shouting.word", "words.insult"}


@pytest.mark.parametrize("there", WRITTEN)
def test_nothing_that_is_there_is_overwritten(there: str, relay: CommandLine) -> None:
    path = relay.folder / there
    path.parent.mkdir(parents=True)
    path.write_text("mine", "utf-8")

    result = relay("plugin", "new", "shouting")

    assert (result.code, result.out, path.read_text("utf-8")) == (2, "", "mine")
    assert f"{there} is there already" in result.err
    assert [file for file in (relay.folder / "my-plugins").rglob("*") if file.is_file()] == [path]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("My-Plugin", "How about my_plugin?"),
        ("../../etc", "How about etc?"),
        ("9", "is no plugin name"),
        ("words", "words is the relay's own"),
        ("core", "is the relay's own: take another name\n"),
    ],
)
def test_a_name_that_cannot_be_is_refused(name: str, why: str, relay: CommandLine) -> None:
    result = relay("plugin", "new", name)

    assert (result.code, result.out) == (2, "")
    assert why in result.err
    assert not (relay.folder / "my-plugins").exists()


def test_a_folder_that_cannot_be_made_is_said(relay: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "a-file").write_text("", "utf-8")

    result = relay("plugin", "new", "shouting", "--folder", "a-file/inside")

    assert (result.code, result.out) == (1, "")
    assert "cannot be written" in result.err
