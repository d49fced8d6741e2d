"""The example package of docs/examples: built, installed into an environment of its own, found by the relay, and tested."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
EXAMPLE: Final = ROOT / "docs/examples/shouting"
LIMIT: Final = 120.0  # seconds for any of its steps
CONFIG: Final = "[plugins.words]\n[plugins.shouting]\nmax_share = {share}\n"


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment that holds the package; it finds what that depends on in this one, and the relay in the checkout."""

    python: Path
    folder: Path

    def runs(self, *words: str, said: str = "") -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("RELAY_", "PYTHON"))}
        return subprocess.run(
            [str(self.python), *words], cwd=self.folder, env=kept, input=said, check=False, capture_output=True, text=True,
            timeout=LIMIT,
        )  # fmt: skip


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("example")
    copy = folder / "shouting"
    shutil.copytree(EXAMPLE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    here = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(here)], check=True, timeout=LIMIT)
    install = [
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--no-build-isolation",
        "--disable-pip-version-check",
        str(copy),
    ]
    (own,) = here.glob("lib/python*/site-packages")
    # A folder named in a .pth file is no site folder: what is installed there for editing does not come along.
    (own / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n{ROOT}\n", "utf-8")
    subprocess.run([sys.executable, "-m", "pip", "--python", str(here), *install], check=True, timeout=LIMIT)
    shutil.rmtree(copy / "foureyes_shouting")  # so that what is tried is what was installed
    return Installed(here / "bin/python", folder)


def test_it_is_built_and_installed_with_its_texts(installed: Installed) -> None:
    code = "import foureyes_shouting as it; print(it.__file__); print(*__import__('os').listdir(it.__path__[0]))"

    where, files = installed.runs("-c", code).stdout.splitlines()

    assert Path(where).is_relative_to(installed.folder / "environment")
    assert "shouting.texts.jsonl" in files.split()


def test_its_own_tests_pass(installed: Installed) -> None:
    ended = installed.runs("-m", "pytest", "-q", "-p", "no:cacheprovider", "shouting/tests")

    assert ended.returncode == 0, ended.stdout
    assert "3 passed" in ended.stdout


def test_the_relay_finds_it_by_its_entry_point(installed: Installed) -> None:
    (installed.folder / "relay.toml").write_text(CONFIG.format(share=0.5), "utf-8")
    said = json.dumps({"text": "WHY IS IT CLOSED, YOU ARSEHOLE"})

    scored = installed.runs("-m", "relay", "moderation", "score", "--config", "relay.toml", said=said)

    assert scored.returncode == 0, scored.stderr
    assert {one["name"] for one in json.loads(scored.stdout)["signals"]} == {"words.insult", "shouting.capitals"}


def test_its_options_are_checked_with_file_and_line(installed: Installed) -> None:
    (installed.folder / "relay.toml").write_text(CONFIG.format(share=7), "utf-8")

    checked = installed.runs("-m", "relay", "check", "--config", "relay.toml")

    assert checked.returncode == 2
    assert "relay.toml:3: plugins.shouting.max_share: should be less than or equal to 1" in checked.stderr
