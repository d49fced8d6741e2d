"""The tutorial "your first plugin" does what it says: each command and file in its order, and what it shows is shown."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.cli.conftest import OWNER, PATIENCE, ROOT, Served, plain_environment

TUTORIAL: Final = ROOT / "docs/tutorial/your-first-plugin.md"
FENCE: Final = re.compile(r"^```(?P<language>\w+)(?P<rest>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
INTO: Final = re.compile(r"Put this\s+into\s+`(?P<file>[^`]+)`[^`]*:$")
OF_THE_MACHINE: Final = re.compile(r"\d+ µs")


@dataclass(frozen=True, slots=True)
class Step:
    """A fence: `file` is where its text goes, `is_left_running` marks a command that does not end."""

    language: str
    text: str
    file: str
    is_left_running: bool


def steps(page: str) -> Iterator[Step]:
    for found in FENCE.finditer(page):
        into = INTO.search(page[: found.start()].rstrip())
        yield Step(found["language"], found["text"], into["file"] if into else "", "terminal" in found["rest"])


def typed(text: str, folder: Path) -> str:
    """What the terminal shows. Every command has to go well."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text], cwd=folder, env={**plain_environment(), "PATH": path}, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert ended.returncode == 0, f"{text}\n{ended.stdout}"
    return ended.stdout


def test_a_reader_who_does_what_it_says_has_a_plugin_that_moderates(tmp_path: Path) -> None:
    shown = ""
    done = []
    for step in steps(TUTORIAL.read_text("utf-8")):
        done.append(step.language)
        if step.file:
            assert (tmp_path / step.file).parent.is_dir(), f"{step.file}: the folder is there by then"
            (tmp_path / step.file).write_text(step.text, "utf-8")
        elif step.language == "text":
            assert OF_THE_MACHINE.sub("… µs", step.text) in OF_THE_MACHINE.sub("… µs", shown)
        elif step.is_left_running:
            assert serves(step.text, tmp_path)
        else:
            shown = typed(step.text, tmp_path)
            if "moderation score" in step.text:
                assert '"action": "flag"' in shown
                assert "shouting.capitals" in shown
    assert [done.count(language) for language in ("sh", "text", "python", "jsonl", "toml")] == [9, 3, 2, 1, 1]


def serves(command: str, folder: Path) -> bool:
    """Whether the relay says that it is ready; on a free port, since 8080 may be somebody's."""
    settings, _, words = command.strip().partition("relay serve ")
    environ = {"RELAY_OWNER_TOKEN": OWNER, **dict(one.split("=") for one in settings.split())}
    running = Served(folder, *words.split(), **environ)
    try:
        return running.ready.startswith("ready ")
    finally:
        running.stop()
