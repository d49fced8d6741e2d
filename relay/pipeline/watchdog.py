"""The watchdog over plugins in the relay's own process: says to the guard which one is at work, and reads what the guard wrote.

Entering and leaving a plugin is one store into a shared page each. What the guard wrote down holds until the plugin's file, its
version or its options change.
"""

import hashlib
import json
import mmap
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog

from relay.pipeline import guard
from relay.plugin import Foreign, Plugin

MOST_PLUGINS: Final = 255  # what the lowest byte of the page can name
TIMES_DEADLINE = 10  # a plugin may hold the loop for so many of its deadlines
ENDS_WITHIN = 1.0  # seconds

log = structlog.get_logger(__name__)


class Mark:
    """Says that one plugin is at work; `page` is what the guard looks at."""

    __slots__ = ("_number", "_page", "_step", "_turn")

    def __init__(self, page: memoryview, number: int = 0) -> None:
        self._page = page
        self._number = number
        self._step = guard.OF_LOWEST_BYTE + 1
        self._turn = number + 1

    def enter(self) -> None:
        self._turn += self._step
        self._page[0] = self._turn

    def leave(self) -> None:
        self._page[0] = 0


def unseen() -> Mark:
    """A mark that nobody looks at."""
    return Mark(memoryview(bytearray(8)).cast("Q"))


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A plugin that held the loop: as which `fingerprint`, when, and for how many seconds at least."""

    fingerprint: str
    at: str
    held_s: float


def quarantined(file: Path) -> dict[str, Quarantined]:
    """What the guard wrote down, by plugin; nothing where there is no such file, or none that can be read."""
    try:
        known = json.loads(file.read_text("utf-8"))
        return {name: Quarantined(str(e["fingerprint"]), str(e["at"]), float(e["held_s"])) for name, e in known.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        log.warning("quarantine of plugins not read", file=str(file), error=type(error).__name__)
        return {}


def fingerprint(plugin: Plugin[Any] | Foreign) -> str:
    """Of the plugin's version, its options and its file."""
    if isinstance(plugin, Foreign):
        return _digest(plugin.label.name, plugin.label.version, plugin.checked, repr(sorted(plugin.source.items())))
    file = getattr(sys.modules.get(type(plugin).__module__), "__file__", None)
    code = b""
    with suppress(OSError):
        code = Path(file).read_bytes() if file else b""
    return _digest(plugin.name, plugin.version, plugin.options.model_dump_json(), hashlib.sha256(code).hexdigest())


def _digest(*parts: str) -> str:
    return hashlib.sha256(repr(parts).encode("utf-8", "backslashreplace")).hexdigest()[:32]


class Watchdog:
    """Runs the guard. `file` is where it writes, `least_s` what every plugin may hold the loop at least."""

    def __init__(self, file: Path, least_s: float) -> None:
        self._file = file.resolve()
        self._least_s = least_s
        self._page: mmap.mmap | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    def watch(self, plugins: Sequence[Plugin[Any]]) -> list[Mark]:
        """Start the guard over them; a mark for each, in their order."""
        watched = [
            {
                "name": plugin.name,
                "fingerprint": fingerprint(plugin),
                "limit_s": longest_hold(plugin, self._least_s),
            }
            for plugin in plugins[:MOST_PLUGINS]
        ]
        if not watched:
            return []
        with tempfile.TemporaryFile() as shared:
            shared.truncate(guard.PAGE)
            self._page = mmap.mmap(shared.fileno(), guard.PAGE)
            given = {"page": shared.fileno(), "plugins": watched, "file": str(self._file)}
            command = [sys.executable, "-I", "-S", guard.__file__, json.dumps(given)]
            self._guard = subprocess.Popen(  # noqa: S603 - our own interpreter and our own file
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env={}, cwd="/",
                pass_fds=[shared.fileno()], start_new_session=True,
            )  # fmt: skip
        entered = memoryview(self._page).cast("Q")
        marks = [Mark(entered, number) for number in range(len(watched))]
        return marks + [unseen() for _ in plugins[MOST_PLUGINS:]]

    @property
    def process(self) -> int | None:
        """The guard's process id."""
        return self._guard.pid if self._guard else None

    def close(self) -> None:
        """Let the guard go."""
        guarding, self._guard = self._guard, None
        if guarding is not None and guarding.stdin is not None:
            guarding.stdin.close()
            try:
                guarding.wait(ENDS_WITHIN)
            except subprocess.TimeoutExpired:
                guarding.kill()
                guarding.wait()


def longest_hold(plugin: Plugin[Any], least_s: float) -> float:
    """Seconds for which it may hold the loop. Who asks services has a long deadline for waiting, which holds nothing."""
    return least_s if plugin.reaches else max(least_s, TIMES_DEADLINE * plugin.deadline_ms / 1000)
