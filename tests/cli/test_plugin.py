"""`relay plugin test` and `bench`, and one's own plugins in `check` and `score`: without a relay, and in workers."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, CommandLine

PLUGIN = '''
"""Shouting: most letters are capitals."""

from pydantic import BaseModel, Field

from relay.plugin import Plugin, Signal


class Options(BaseModel):
    max_share: float = Field(0.6, ge=0, le=1, description="share of capital letters that is still fine")


class Shouting(Plugin[Options]):
    """Compares the share of capitals with what is fine."""

    name, version, api = "shouting", "1.0", 1
    signals = {"shouting.capitals": 3.0}
    examples = [("HALLO IHR ALLE", {"shouting.capitals"}), ("Hallo", set())]

    async def check(self, incoming, context):
        if incoming.text.upper_share > self.options.max_share:
            yield Signal("shouting.capitals")
'''


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine" / "shouting.py"
    path.parent.mkdir()
    path.write_text(PLUGIN, encoding="utf-8")
    return path


def configured(file: Path, options: str = "") -> str:
    path = file.parent.parent / "relay.toml"
    path.write_text(f'[moderation]\nfolder = "mine"\n[plugins.shouting]\n{options}', encoding="utf-8")
    return str(path)


def test_a_plugin_that_keeps_its_word_is_said_to(file: Path, relay: CommandLine) -> None:
    result = relay.json("plugin", "test", str(file))

    assert (result.code, result.thing["name"], result.thing["examples"]) == (0, "shouting", 2)


def test_what_it_does_not_keep_is_named(file: Path, relay: CommandLine) -> None:
    file.write_text(PLUGIN.replace('("Hallo", set())', '("Hallo", {"shouting.capitals"})'), encoding="utf-8")

    result = relay("plugin", "test", str(file))

    assert (result.code, result.out) == (1, "")
    assert "example 'Hallo': gives [], and ['shouting.capitals'] is written" in result.err


def test_what_cannot_be_loaded_is_a_wrong_usage(file: Path, relay: CommandLine) -> None:
    file.write_text("1 / 0", encoding="utf-8")

    for command in ("test", "bench"):
        result = relay("plugin", command, str(file))

        assert (result.code, result.out) == (2, "")
        assert "ZeroDivisionError" in result.err


def test_its_pace_is_measured_in_both_places(file: Path, relay: CommandLine) -> None:
    rows = relay.json("plugin", "bench", str(file)).things

    assert [row["mode"] for row in rows] == ["inline", "worker"]
    assert all(0 < row["p50_us"] <= row["p99_us"] for row in rows)


def test_ones_own_options_are_checked_with_file_and_line(file: Path, relay: CommandLine) -> None:
    good = relay("check", "--config", configured(file, "max_share = 0.5\ntrusted_inline = false\n"))
    bad = relay("check", "--config", configured(file, "max_share = 7\n"))

    assert good.code == 0
    assert bad.code == 2
    assert "relay.toml:4: plugins.shouting.max_share: should be less than or equal to 1" in bad.err


def test_lines_are_scored_by_ones_own_plugin(file: Path, relay: CommandLine) -> None:
    lines = "".join(json.dumps({"id": n, "text": text}) + "\n" for n, text in enumerate(("HALLO IHR", "Hallo")))

    result = relay("moderation", "score", "--config", configured(file), said=lines)

    assert [json.loads(line)["action"] for line in result.out.splitlines()] == ["flag", "allow"]


def test_one_that_ends_its_process_ends_no_command(file: Path, relay: CommandLine) -> None:
    hostile = (ROOT / "tests/hostile/plugins/exits_at_once.py").read_text("utf-8").replace("exits_at_once", "shouting")
    file.write_text(hostile, encoding="utf-8")
    lines = "".join(json.dumps({"id": n, "text": text}) + "\n" for n, text in enumerate(("hello", "attack")))

    result = relay("moderation", "score", "--config", configured(file), said=lines)

    assert result.code == 0
    assert [json.loads(line)["action"] for line in result.out.splitlines()] == ["allow", "hold"]
    assert "plugin failed" in result.err
