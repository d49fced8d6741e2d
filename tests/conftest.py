"""What all tests share: sizes, the seed, and the rule for servers that are not installed."""

import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import settings

from tests.servers import mosquitto as brokers
from tests.servers.mosquitto import Mosquitto
from tests.servers.postgres import Postgres, running

# Debian keeps daemons off a user's PATH.
DAEMON_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/usr/lib/postgresql/*/bin", "/opt/homebrew/sbin")

# The same browser without windows takes half the processor time.
BETTER = {"chromium": "chromium-headless-shell"}

# These fill the machine, or measure what others would disturb; `make test` runs them one by one, after all others.
ALONE = ("tests/e2e/test_kill", "tests/faults/", "tests/hostile/", "tests/network/")

LOG_BYTES = 8_000  # of a relay's log that are shown with a failure, from its end

SEED = pytest.StashKey[int]()
MISSING = pytest.StashKey[Counter[str]]()
WORKERS_MISS = "missing"

# No test depends on how fast the machine is.
settings.register_profile("relay", deadline=None, print_blob=True)
settings.load_profile("relay")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.stash[SEED] = int(os.environ.get("RELAY_SEED") or random.SystemRandom().randrange(2**32))
    os.environ["RELAY_SEED"] = str(config.stash[SEED])  # processes of this run share it
    config.stash[MISSING] = Counter()
    _log_plainly()
    if is_soak():
        os.environ.setdefault("PYTEST_TIMEOUT", "0")  # minutes and hours are what they are for
    if config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = str(config.stash[SEED])


def _log_plainly() -> None:
    """Structlog's own way to show an exception prints every local value: seconds of work for a whole relay."""
    *before, _ = structlog.get_config()["processors"]
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*before, plain])


def pytest_report_header(config: pytest.Config) -> str:
    sizes = "long" if is_soak() else "quick"
    return f"relay: {sizes} sizes, RELAY_SEED={config.stash[SEED]} repeats this run"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(ALONE):
            item.add_marker("alone")
    if is_soak():
        return
    for item in items:
        if item.get_closest_marker("soak"):
            item.add_marker(pytest.mark.skip(reason="long: make soak"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under RELAY_REQUIRE=all whatever is skipped has failed, but for long sizes; a failure shows what its relays logged."""
    report = yield
    if report.skipped and os.environ.get("RELAY_REQUIRE") == "all" and not item.get_closest_marker("soak"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and RELAY_REQUIRE=all allows no skip: {report.longrepr}"
    if report.failed and report.when == "call":
        report.sections += [(str(log), _tail(log)) for log in _logs(item)]
    return report


def _logs(item: pytest.Item) -> list[Path]:
    """Of the relays that the test started in its folder."""
    folder = item.funcargs.get("tmp_path") if isinstance(item, pytest.Function) else None
    return sorted(folder.rglob("relay.log")) if isinstance(folder, Path) else []


def _tail(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LOG_BYTES))
        return file.read().decode(errors="replace")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> Iterator[None]:
    """Say last, where it is seen, what was not tested and how to see a failure again."""
    yield
    if terminalreporter.stats.get("failed") or terminalreporter.stats.get("error"):
        terminalreporter.write_line(f"RELAY_SEED={config.stash[SEED]} repeats this run")
    if missing := config.stash[MISSING]:
        names = ", ".join(f"{name} ({tests} skipped)" for name, tests in sorted(missing.items()))
        terminalreporter.write_line(f"NOT TESTED, not installed: {names}. .ci/run installs them.", red=True, bold=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """One of several processes tells the first what it lacked."""
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        missing = session.config.stash[MISSING]
        output[WORKERS_MISS] = dict(missing)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:  # noqa: ANN401  xdist has no types
    missing: Counter[str] = node.config.stash[MISSING]
    missing.update(getattr(node, "workeroutput", {}).get(WORKERS_MISS, {}))


@pytest.fixture
def size() -> Callable[[int, int], int]:
    """`size(quick, long)`: how much to do; long under RELAY_SOAK=1 (make soak)."""
    return lambda quick, long: long if is_soak() else quick


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """The run's seed, printed with whatever fails; RELAY_SEED sets it."""
    seed = request.config.stash[SEED]
    print(f"RELAY_SEED={seed}")  # noqa: T201  pytest shows it with a failure alone
    return seed


@pytest.fixture
def require(request: pytest.FixtureRequest) -> Callable[[str], Path]:
    """`require("mosquitto")`: the program's path, or a skip; under RELAY_REQUIRE=all a failure instead of a skip."""

    def find(program: str) -> Path:
        if path := locate(program):
            return path
        request.config.stash[MISSING][program] += 1
        pytest.skip(f"{program} is not installed")

    return find


@pytest.fixture(scope="session")
def one_postgres() -> Iterator[Postgres]:
    """Ask for `postgres` instead, which skips where there is none."""
    with running(_found) as server:
        yield server


@pytest.fixture
def postgres(require: Callable[[str], Path], request: pytest.FixtureRequest) -> Postgres:
    """A real PostgreSQL, one for the whole run: `await postgres.database()` is the URL of a new database with all tables.

    Whoever stops it starts it again; to be alone with one, use `tests.servers.postgres.running`.
    """
    require("postgres")
    server: Postgres = request.getfixturevalue("one_postgres")
    return server


@pytest.fixture
def mosquitto(require: Callable[[str], Path]) -> Iterator[Mosquitto]:
    """A real mosquitto as the relay ships it, with nobody but its first administrator."""
    with brokers.running(require) as server:
        yield server


def _found(program: str) -> Path:
    path = locate(program)
    assert path is not None
    return path


def is_soak() -> bool:
    return os.environ.get("RELAY_SOAK") == "1"


def locate(program: str) -> Path | None:
    if program in BETTER and (path := locate(BETTER[program])):
        return path
    folders = [str(path) for pattern in DAEMON_FOLDERS for path in sorted(Path("/").glob(pattern[1:]), reverse=True)]
    found = shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", ""), *folders]))
    return Path(found) if found else None
