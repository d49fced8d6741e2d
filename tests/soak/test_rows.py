"""The table of long sizes names tests that are there, and progress is kept whatever happens."""

from pathlib import Path

import pytest

from tests.soak.progress import Progress, Run
from tests.soak.report import write
from tests.soak.rows import Row, rows

ROOT = Path(__file__).parents[2]
SHORT = Row("kill", "kills", "tests/e2e/test_kill.py", 30, 1000)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_each_row_names_tests_that_are_there(row: Row) -> None:
    assert all((ROOT / path).exists() for path in row.test.split())
    assert 0 < row.quick <= row.long


def test_runs_add_up_to_the_long_size_and_no_further(tmp_path: Path) -> None:
    progress = Progress(tmp_path / "runs.json")

    for seed in range(40):
        progress.add(Run("kill", seed, 60.0, passed=seed % 10 != 0, tests="1 passed"))

    assert progress.done(SHORT) == 1000
    assert progress.left(SHORT) == 0


def test_another_start_goes_on_where_the_last_one_stopped(tmp_path: Path) -> None:
    Progress(tmp_path / "runs.json").add(Run("kill", 1, 60.0, passed=True, tests="1 passed"))
    (tmp_path / "runs.part").write_text("[{", "utf-8")

    again = Progress(tmp_path / "runs.json")

    assert again.done(SHORT) == 30
    assert again.left(SHORT) == pytest.approx(970 / 30 * 60)


def test_the_report_says_how_a_failure_is_seen_again(tmp_path: Path) -> None:
    progress = Progress(tmp_path / "runs.json")
    progress.add(Run("kill", 7, 60.0, passed=False, tests="1 failed"))

    text = write(tmp_path, [SHORT], progress).read_text("utf-8")

    assert "| kill | kills | 0 | 1,000 | 1 | 1 | 1.0 |" in text
    assert 'RELAY_SEED=7 make test ARGS="tests/e2e/test_kill.py -x"' in text
