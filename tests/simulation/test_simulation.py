"""Flows over a store with everything going wrong: every promise is kept in every seed, and a seed is one run."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
QUICK, LONG = 2000, 100_000
AT_ONCE = 2  # processes; more would only share the processors
FEWER = os.environ.get("RELAY_EXAMPLES")
"""So many seeds are enough for a planted fault to show."""


def test_every_promise_is_kept_whatever_goes_wrong(size: Callable[[int, int], int], seed: int) -> None:
    count = min(size(QUICK, LONG), int(FEWER or LONG))
    share = -(-count // AT_ONCE)
    firsts = [seed * LONG + n * share for n in range(AT_ONCE)]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        ends = list(pool.map(lambda first: played(first, first + share), firsts))

    assert [end for end in ends if "broken" in end] == [], f"{sys.executable} -m tests.simulation.play SEED shows one of them"


def test_a_seed_is_one_run_wherever_it_is_played() -> None:
    among_others = played(0, 8, hash_seed="1")
    alone = played(7, 8, hash_seed="2")

    assert alone["digest"] == among_others["digest"]


def played(first: int, last: int, hash_seed: str = "0") -> dict[str, Any]:
    """What a process says that plays these seeds."""
    command = [sys.executable, "-m", "tests.simulation.play", str(first), str(last)]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": hash_seed}, capture_output=True, text=True, check=False
    )
    lines = done.stdout.splitlines()
    assert lines, done.stderr[-4000:]
    said: dict[str, Any] = json.loads(lines[-1])
    return said
