"""What all tests share: sizes, the seed, and the rule for servers that are not installed."""

import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# Debian keeps daemons off a user's PATH.
DAEMON_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/usr/lib/postgresql/*/bin", "/opt/homebrew/sbin")

SEED = pytest.StashKey[int]()
MISSING = pytest.StashKey[dict[str, int]]()

# No test depends on how fast the machine is.
settings.register_profile("relay", deadline=None, print_blob=True)
settings.load_profile("relay")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.stash[SEED] = int(os.environ.get("RELAY_SEED") or random.SystemRandom().randrange(2**32))
    config.stash[MISSING] = {}
    if config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = str(config.stash[SEED])


def pytest_report_header(config: pytest.Config) -> str:
    sizes = "long" if is_soak() else "quick"
    return f"relay: {sizes} sizes, RELAY_SEED={config.stash[SEED]} repeats this run"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if is_soak():
        return
    for item in items:
        if item.get_closest_marker("soak"):
            item.add_marker(pytest.mark.skip(reason="long: make soak"))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> Iterator[None]:
    """Say last, where it is seen, what was not tested and how to see a failure again."""
    yield
    if terminalreporter.stats.get("failed") or terminalreporter.stats.get("error"):
        terminalreporter.write_line(f"RELAY_SEED={config.stash[SEED]} repeats this run")
    if missing := config.stash[MISSING]:
        names = ", ".join(f"{name} ({tests} skipped)" for name, tests in sorted(missing.items()))
        terminalreporter.write_line(f"NOT TESTED, not installed: {names}. .ci/run installs them.", red=True, bold=True)


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
        if os.environ.get("RELAY_REQUIRE") == "all":
            pytest.fail(f"{program} is not installed, and RELAY_REQUIRE=all allows no skip")
        missing = request.config.stash[MISSING]
        missing[program] = missing.get(program, 0) + 1
        pytest.skip(f"{program} is not installed")

    return find


def is_soak() -> bool:
    return os.environ.get("RELAY_SOAK") == "1"


def locate(program: str) -> Path | None:
    folders = [str(path) for pattern in DAEMON_FOLDERS for path in sorted(Path("/").glob(pattern[1:]), reverse=True)]
    found = shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", ""), *folders]))
    return Path(found) if found else None
