"""Learns models in a process of its own, one after the other, while the relay goes on; texts reach it by a pipe and no disk."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Final

import relay
from relay.core.additive import words_of
from relay.core.model import Content, LearningFailed, Made, Taught, learned_from
from relay.core.text import Tables, fold

WITHIN = 300.0  # seconds: two thousand long texts take ten, on a machine that has nothing else to do
NICE = 10  # whoever writes and reads goes first
_BOOT: Final = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from relay.learner import main
main()
"""


class Learner:
    """Belongs to the loop that it is called in; a process that is not done when its caller is cancelled is killed.

    `load_tables` reads those that texts are folded by, when they are first needed; `python` is the program of the process.
    """

    def __init__(self, load_tables: Callable[[], Tables], python: str = sys.executable) -> None:
        self._load_tables = load_tables
        self._python = python
        self._one_by_one = asyncio.Lock()

    async def __call__(self, lessons: Sequence[Taught]) -> Made | None:
        """None when no word was written by enough members. Raises LearningFailed when the process did not do its work."""
        async with self._one_by_one:
            given = await asyncio.to_thread(self._packed, lessons)
            try:
                async with asyncio.timeout(WITHIN):
                    made = json.loads(await _said(self._python, given))
            except (OSError, TimeoutError, ValueError) as error:
                raise LearningFailed(f"{type(error).__name__} where it is learned") from None
        return None if made is None else Made(Content(**made["content"]), made["figures"])

    @cached_property
    def _tables(self) -> Tables:
        return self._load_tables()

    def _packed(self, lessons: Sequence[Taught]) -> bytes:
        """In words as plugins read them."""
        rows = [(each.member, each.is_spam, words_of(fold(each.text, self._tables))) for each in lessons]
        return json.dumps(rows).encode()


async def _said(python: str, given: bytes) -> bytes:
    """Nothing that it prints beside its answer goes anywhere: a trace could hold words of members."""
    root = str(Path(relay.__file__).parent.parent)
    path = json.dumps([root, *(entry for entry in sys.path if entry and entry != root)])
    process = await asyncio.create_subprocess_exec(
        *(python, "-I", "-c", _BOOT, path),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        said, _ = await process.communicate(given)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    return said


def main() -> None:
    """The process: lessons come in, a model goes out."""
    os.nice(NICE)
    made = learned_from(json.load(sys.stdin))
    json.dump(None if made is None else asdict(made), sys.stdout)
