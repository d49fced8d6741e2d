"""Progress: what has been run of each row, kept in a file that is whole at every moment."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.soak.rows import Row


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a row's test; `tests` is what pytest says it did."""

    row: str
    seed: int
    seconds: float
    passed: bool
    tests: str


class Progress:
    """Runs so far; `add` is on the disk when it returns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        kept = json.loads(path.read_text("utf-8")) if path.exists() else []
        self.runs = [Run(**each) for each in kept]

    def add(self, run: Run) -> None:
        self.runs.append(run)
        part = self._path.with_suffix(".part")
        with part.open("w", encoding="utf-8") as out:
            json.dump([asdict(each) for each in self.runs], out, indent=1)
            out.flush()
            os.fsync(out.fileno())
        part.replace(self._path)

    def of(self, row: Row) -> list[Run]:
        return [run for run in self.runs if run.row == row.name]

    def done(self, row: Row) -> int:
        """What has passed of the row's long size, at most all of it."""
        return min(row.long, row.quick * sum(run.passed for run in self.of(row)))

    def left(self, row: Row) -> float | None:
        """Seconds until the row is done, by what its runs took; None before the first."""
        runs = self.of(row)
        if not runs:
            return None
        return (row.long - self.done(row)) / row.quick * sum(run.seconds for run in runs) / len(runs)
