"""A copy of the project with one fault in it, and a test that is run there in a process of its own."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.servers.engines import POSTGRESQL, SQLITE

ROOT: Final = Path(__file__).parent.parent.parent
CARRIED: Final = ("relay", "plugins", "config", "tests", "pyproject.toml", "run.py")
LEFT: Final = shutil.ignore_patterns(
    "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", "faults", "typescript", "@typescript"
)
WITNESS: Final = "tests.faults.witness"
LIMIT: Final = 180  # seconds for one test
PLANTED: Final = 500  # examples of a property test: a fault is mostly found within a hundred
UNHARMED: Final = 40  # enough to show that the copy works; the test itself runs in its full size elsewhere


class PatchError(ValueError):
    """The patch does not fit the tree any more; mend the patch."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A planted fault: what it breaks, and the test that must turn red."""

    path: Path
    breaks: str
    red: str

    @property
    def changes(self) -> tuple[str, ...]:
        """The files that it changes."""
        lines = self.path.read_text("utf-8").splitlines()
        return tuple(line[4:].split("\t")[0].removeprefix("b/") for line in lines if line.startswith("+++ "))

    @classmethod
    def read(cls, path: Path) -> "Fault":
        head: dict[str, str] = {}
        for line in path.read_text("utf-8").splitlines():
            if not line.startswith("# "):
                break
            name, _, value = line[2:].partition(": ")
            head[name] = value.strip()
        if not head.get("breaks") or "::" not in head.get("red", ""):
            raise PatchError(f"{path.name} must begin with `# breaks: ...` and `# red: tests/...::test_name`")
        return cls(path, head["breaks"], head["red"])


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the test ended: `outcomes` has (phase, outcome, the exception is an assertion) of every report."""

    outcomes: tuple[tuple[str, str, bool], ...]
    output: str

    @property
    def is_green(self) -> bool:
        return bool(self.outcomes) and all(outcome == "passed" for _, outcome, _ in self.outcomes)

    @property
    def is_red(self) -> bool:
        """The test itself failed, by what it asserts; a broken import or fixture is not what a fault is for."""
        failed = [(phase, by_assertion) for phase, outcome, by_assertion in self.outcomes if outcome == "failed"]
        return bool(failed) and all(phase == "call" and by_assertion for phase, by_assertion in failed)


def copied(into: Path) -> Path:
    """The project without what tools made, and without the faults; their witness comes along."""
    for name in CARRIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, into / name, ignore=LEFT)
        elif source.is_file():
            into.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, into / name)
    (into / "tests/faults").mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("witness.py"), into / "tests/faults")
    return into


def plant(fault: Fault, tree: Path) -> None:
    """Applies the patch. Lines may have moved; what stands around the change must be there, once. Raises PatchError."""
    target: Path | None = None
    old: list[str] = []
    new: list[str] = []
    for line in [*fault.path.read_text("utf-8").splitlines(), "@@"]:
        if line.startswith(("@@", "--- ", "diff ")) and (old or new):
            _replace(fault, target, old, new)
            old, new = [], []
        if line.startswith("+++ "):
            target = tree / line[4:].split("\t")[0].removeprefix("b/")
        elif target is not None and line.startswith((" ", "-", "+")) and not line.startswith("--- "):
            old += [line[1:]] if line[0] in " -" else []
            new += [line[1:]] if line[0] in " +" else []
    if target is None:
        raise PatchError(f"{fault.path.name} changes no file")


def _replace(fault: Fault, target: Path | None, old: list[str], new: list[str]) -> None:
    if target is None or not target.is_file():
        raise PatchError(f"{fault.path.name}: there is no file {target and target.name}")
    text, before, after = target.read_text("utf-8"), "\n".join(old) + "\n", "\n".join(new) + "\n"
    places = f"\n{text}".count(f"\n{before}")
    if places != 1:
        raise PatchError(f"{fault.path.name}: in {target.name} these lines are there {places} times, not once:\n{before}")
    target.write_text(f"\n{text}".replace(f"\n{before}", f"\n{after}")[1:], "utf-8")


def run(tree: Path, test: str, seed: int, examples: int) -> Verdict:
    """Runs the one test in the tree; `examples` is for property tests."""
    witness = tree / "witness.jsonl"
    witness.unlink(missing_ok=True)  # how an earlier try ended says nothing of this one
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", WITNESS, test]
    given = {**os.environ, "RELAY_SEED": str(seed), "RELAY_EXAMPLES": str(examples), "RELAY_WITNESS": str(witness)}
    given["RELAY_ENGINES"] = POSTGRESQL if "postgres" in test else SQLITE
    given.pop("RELAY_SOAK", None)
    try:
        done = subprocess.run(command, cwd=tree, env=given, check=False, capture_output=True, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired as late:
        return Verdict((), f"not done after {LIMIT} s\n{late.stdout!r}")
    lines = witness.read_text("utf-8").splitlines() if witness.exists() else []
    outcomes = tuple((phase, outcome, by_assertion) for phase, outcome, by_assertion in map(json.loads, lines))
    return Verdict(outcomes, done.stdout[-6000:] + done.stderr[-2000:])
