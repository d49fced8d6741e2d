"""make soak: runs row after row in turns, goes on where it was stopped, and writes .soak/report.md."""

import argparse
import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.soak.progress import Progress, Run
from tests.soak.report import write
from tests.soak.rows import Row, rows

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".soak"
LIMIT = 3600  # seconds for one run


def main() -> int:
    """Ends with 1 when something failed."""
    asked = _asked()
    chosen = [row for row in rows() if not asked.only or row.name in asked.only]
    FOLDER.mkdir(exist_ok=True)
    if asked.fresh:
        (FOLDER / "runs.json").unlink(missing_ok=True)
    progress = Progress(FOLDER / "runs.json")
    if asked.list:
        _list(chosen, progress)
        return 0
    end = time.monotonic() + asked.minutes * 60
    try:
        _turns(chosen, progress, end)
    except KeyboardInterrupt:
        print("\nstopped; make soak goes on from here")  # noqa: T201
    print(f"report: {write(FOLDER, rows(), progress)}")  # noqa: T201
    return int(any(not run.passed for run in progress.runs))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make soak",
        description="Runs the long sizes of all promises in pieces. Stopped in any way, it goes on with what is left.",
        epilog='examples: make soak ARGS="--minutes 60" · make soak ARGS="--only kill power-cut" · make soak ARGS=--list',
    )
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin nothing after so long (default: no limit)")
    parser.add_argument("--only", nargs="+", metavar="ROW", choices=[row.name for row in rows()], help="these rows alone")
    parser.add_argument("--list", action="store_true", help="show the rows, and how much of them is done")
    parser.add_argument("--fresh", action="store_true", help="forget what has been run")
    return parser.parse_args()


def _turns(chosen: Sequence[Row], progress: Progress, end: float) -> None:
    """A run of each row that is not done, and again, so that a short time looks at everything."""
    while open_ := [row for row in chosen if progress.done(row) < row.long and not _gave_up(row, progress)]:
        for row in open_:
            if time.monotonic() >= end:
                return
            progress.add(_run(row))
            _say(row, progress)
            write(FOLDER, rows(), progress)


def _gave_up(row: Row, progress: Progress) -> bool:
    """Three failures say what there is to say."""
    return sum(not run.passed for run in progress.of(row)) >= 3


def _run(row: Row) -> Run:
    seed = random.SystemRandom().randrange(2**32)
    given = {**os.environ, "RELAY_SEED": str(seed), "PYTEST_TIMEOUT": "0"}  # a run has its own limit
    given.pop("RELAY_SOAK", None)
    if row.whole:
        given["RELAY_SOAK"] = "1"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *row.test.split()]
    started = time.monotonic()
    try:
        done = subprocess.run(command, cwd=ROOT, env=given, check=False, capture_output=True, text=True, timeout=LIMIT)
        passed, said = done.returncode == 0, done.stdout.strip().rpartition("\n")[2]
    except subprocess.TimeoutExpired:
        passed, said, done = False, f"not done after {LIMIT} s", None
    if not passed and done is not None:
        (FOLDER / f"{row.name}-{seed}.log").write_text(done.stdout + done.stderr, "utf-8")
    return Run(row.name, seed, round(time.monotonic() - started, 1), passed, said)


def _say(row: Row, progress: Progress) -> None:
    run, left = progress.of(row)[-1], progress.left(row) or 0.0
    word = "passed" if run.passed else f"FAILED, again with {row.command(run.seed)}"
    print(  # noqa: T201
        f"{time.strftime('%H:%M:%S')} {row.name:24} {progress.done(row):>10,} of {row.long:>10,} {run.seconds:7.1f} s  {word}"
        f"{f', {left / 60:.0f} min to go' if left else ''}",
        flush=True,
    )


def _list(chosen: Sequence[Row], progress: Progress) -> None:
    for row in chosen:
        print(f"{row.name:24} {progress.done(row):>10,} of {row.long:>10,}  {row.shows}")  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
