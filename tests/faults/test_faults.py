"""Every planted fault is found: applied to a copy of the project it turns exactly its test red, which is green without it."""

import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.faults.tree import PLANTED, ROOT, UNHARMED, Fault, PatchError, Verdict, copied, plant, run

AT_ONCE = 2  # processes; more would only share the processors
TRIES = 3  # seeds for a fault that shows by chance, such as a race or a rare program
FAULTS = [Fault.read(path) for path in sorted(Path(__file__).parent.glob("*.patch"))]
REDS = sorted({fault.red for fault in FAULTS})


def name_of(fault: Fault) -> str:
    return fault.path.stem


class Runs:
    """Runs under way: started together, so that two share the machine while the first is waited for."""

    def __init__(self, pool: ThreadPoolExecutor, folder: Path, seed: int) -> None:
        self._pool = pool
        self._folder = folder
        self._seed = seed
        self._under_way: dict[str, Future[Verdict]] = {}

    def start(self, name: str, test: str, fault: Fault | None) -> None:
        self._under_way[name] = self._pool.submit(self._run, name, test, fault)

    def verdict(self, name: str) -> Verdict:
        return self._under_way[name].result()

    def _run(self, name: str, test: str, fault: Fault | None) -> Verdict:
        with TemporaryDirectory(dir=self._folder, ignore_cleanup_errors=True) as folder:
            tree = copied(Path(folder) / "tree")
            if fault is None:
                return run(tree, test, self._seed, UNHARMED)
            plant(fault, tree)
            verdicts = (run(tree, test, self._seed + n, PLANTED) for n in range(TRIES))
            *_, last = until_red(verdicts)
            return last


def until_red(verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    """Up to the first that is red."""
    for verdict in verdicts:
        yield verdict
        if verdict.is_red:
            return


@pytest.fixture(scope="session")
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        started = Runs(pool, tmp_path_factory.mktemp("trees"), int(request.config.option.hypothesis_seed))
        for item in request.session.items:
            params = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
            if isinstance(fault := params.get("fault"), Fault):
                started.start(fault.path.name, fault.red, fault)
            elif isinstance(red := params.get("red"), str):
                started.start(red, red, None)
        yield started


@pytest.mark.parametrize("red", REDS)
def test_without_a_fault_it_is_green(red: str, runs: Runs) -> None:
    verdict = runs.verdict(red)

    assert verdict.is_green, verdict.output


@pytest.mark.parametrize("fault", FAULTS, ids=name_of)
def test_it_turns_its_test_red(fault: Fault, runs: Runs) -> None:
    verdict = runs.verdict(fault.path.name)

    assert verdict.is_red, f"{fault.breaks}\n{fault.red} did not fail by an assertion: {verdict.outcomes}\n{verdict.output}"


def test_all_patches_fit(tmp_path: Path) -> None:
    """Also those that this run does not plant."""
    for fault in FAULTS:
        tree = tmp_path / fault.path.stem
        for name in fault.changes:
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tree / name)

        plant(fault, tree)


def test_every_test_that_must_turn_red_is_there() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", *REDS], cwd=ROOT, check=False, capture_output=True, text=True
    )

    assert [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("ERROR")] == []


def test_a_patch_that_fits_no_more_is_refused(tmp_path: Path) -> None:
    old = tmp_path / "old.patch"
    old.write_text(
        "# breaks: nothing\n# red: tests/x.py::test_x\n--- a/relay/x.py\n+++ b/relay/x.py\n@@ -1 +1 @@\n-gone\n+new\n", "utf-8"
    )
    (tmp_path / "relay").mkdir()
    (tmp_path / "relay/x.py").write_text("here\n", "utf-8")

    with pytest.raises(PatchError, match="0 times"):
        plant(Fault.read(old), tmp_path)


def test_a_patch_without_its_head_is_refused(tmp_path: Path) -> None:
    headless = tmp_path / "headless.patch"
    headless.write_text("--- a/x\n+++ b/x\n", "utf-8")

    with pytest.raises(PatchError, match="must begin with"):
        Fault.read(headless)
