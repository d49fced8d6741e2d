"""The report: what was promised, what was run, what failed and how to see it again."""

import json
import os
import platform
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import relay
from tests.soak.progress import Progress
from tests.soak.rows import Row


def write(folder: Path, rows: Sequence[Row], progress: Progress) -> Path:
    """report.md for people, report.json for machines; the former's path."""
    made = folder / "report.md"
    made.write_text(_markdown(rows, progress), "utf-8")
    plain = {
        "rows": [{**asdict(row), "done": progress.done(row)} for row in rows],
        "runs": [asdict(run) for run in progress.runs],
    }
    (folder / "report.json").write_text(json.dumps(plain, indent=1), "utf-8")
    return made


def _markdown(rows: Sequence[Row], progress: Progress) -> str:
    seconds = sum(run.seconds for run in progress.runs)
    lines = [
        "# Soak",
        "",
        (
            f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, relay {relay.__version__}, Python {platform.python_version()}, "
            f"SQLite {sqlite3.sqlite_version} beside the bundled one, {platform.system()} on {platform.machine()}, "
            f"{os.cpu_count()} processors. {len(progress.runs)} runs in {seconds / 60:.0f} minutes."
        ),
        "",
        "| row | shows | done | of | runs | failed | minutes |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        runs = progress.of(row)
        failed = sum(not run.passed for run in runs)
        minutes = sum(run.seconds for run in runs) / 60
        lines.append(
            f"| {row.name} | {row.shows} | {progress.done(row):,} | {row.long:,} | {len(runs)} | {failed} | {minutes:.1f} |"
        )
    by_name = {row.name: row for row in rows}
    failures = [f"- {run.row}: `{by_name[run.row].command(run.seed)}` ({run.tests})" for run in progress.runs
                if not run.passed and run.row in by_name]  # fmt: skip
    return "\n".join([*lines, "", "## Failures", "", *(failures or ["None."]), ""])
