"""Commands that are killed in the middle of what they do."""

import subprocess
import sys
from pathlib import Path
from random import Random

from tests.cli.conftest import plain_environment

SOONEST, LATEST = 0.3, 2.0  # seconds: from before it has begun to after its end


def kill_within(folder: Path, random: Random, *words: str) -> None:
    """Runs `relay` until it ends or a random moment has come, whichever is first."""
    process = subprocess.Popen(
        [sys.executable, "-m", "relay", *words],
        cwd=folder,
        env=plain_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        process.wait(random.uniform(SOONEST, LATEST))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
