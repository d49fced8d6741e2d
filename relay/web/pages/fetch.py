"""Fetches what the pages need of others: `make pages`. By the lock beside it, with npm, into vendor/, licences included.

Nothing of it is committed, and afterwards nothing is asked of any registry. With --tools it also leaves what checks the pages
(tsc, axe) in node_modules/. Where there is no npm, the one in npm.lock is installed beside the interpreter that runs this.
"""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NoReturn

HERE: Final = Path(__file__).parent
MODULES: Final = HERE / "node_modules"
VENDOR: Final = HERE / "vendor"
BESIDE: Final = Path(sys.executable).parent
MINUTES: Final = 10  # that npm or pip may take on a slow line

FILES: Final[Mapping[str, str]] = {
    "preact.js": "preact/dist/preact.mjs",
    "hooks.js": "preact/hooks/dist/hooks.mjs",
    "signals.js": "@preact/signals/dist/signals.mjs",
    "signals-core.js": "@preact/signals-core/dist/signals-core.mjs",
    "htm.js": "htm/dist/htm.mjs",
    "preact.license.txt": "preact/LICENSE",
    "signals.license.txt": "@preact/signals/LICENSE",
    "signals-core.license.txt": "@preact/signals-core/LICENSE",
    "htm.license.txt": "htm/LICENSE",
}
"""Name in vendor/ -> where npm puts it. The import map in console/index.html names the same."""


def main(arguments: list[str]) -> None:
    with_tools = "--tools" in arguments
    print("fetching what the pages need", "and what checks them" if with_tools else "", file=sys.stderr)
    run([npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", *([] if with_tools else ["--omit=dev"])])
    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.mkdir()
    for name, source in FILES.items():
        shutil.copyfile(MODULES / source, VENDOR / name)


def npm() -> str:
    """The machine's, or the one that is installed for this."""
    if (found := shutil.which("npm")) is not None:
        return found
    own = BESIDE / "npm"
    if not own.exists():
        run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes",
             "--requirement", str(HERE / "npm.lock")])  # fmt: skip
    return str(own)


def run(command: list[str]) -> None:
    try:
        subprocess.run(command, cwd=HERE, check=True, timeout=60 * MINUTES)
    except (OSError, subprocess.SubprocessError) as error:
        fail(f"{Path(command[0]).name} could not fetch it: {error}")


def fail(why: str) -> NoReturn:
    """The relay itself runs without; the pages do not."""
    print(
        f"The pages for the browser are not complete. {why}\n"
        "The first set-up needs the registry of npm once, over the network or a mirror that npm is set to; then: make pages",
        file=sys.stderr,
    )
    sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
