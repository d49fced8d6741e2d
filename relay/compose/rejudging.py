"""Rejudging: a replay in a process of its own, which runs `relay moderation replay` beside the relay and behind its work.

What staff give is a text: it names no database, no folder and no service; these are the relay's own.
"""

import asyncio
import json
import os
import re
import signal
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from relay.clock import SystemClock
from relay.compose.reload import RELOADED
from relay.configuration import Settings
from relay.core.errors import Fault, Invalid
from relay.core.identity import Ids
from relay.core.moment import rfc3339
from relay.core.replay_job import MOST_MESSAGES, Wanted
from relay.flows.rejudge import Rejudge, Tell
from relay.ports import Store
from relay.settings import SettingsError, lines_of, read

FILE = "moderation.toml"
NONE = "none"  # an empty folder: plugins of one's own, where there are none
SAMPLES = 5  # texts of each kind that flips
LONGEST_S = 1800.0  # until it is stopped, with what is done by then
GRACE_S = 10.0  # seconds from being asked to end until it is made to
MOST_BYTES = 4 * 1024 * 1024  # of what it found: 30 kinds of 5 texts, each of 4,096 characters, are 2 MiB
LONGEST_LINE = 65_536  # bytes
LAST_LINES = 20  # of what it says before it fails
NICE = 19  # the least that a process can claim
_BOOT: Final = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
del sys.argv[1]
from relay.cli import main
main(prog_name="relay")
"""
_PLACE: Final = re.compile(rf"(?:\S*/)?{re.escape(FILE)}(?::(\d+))?")
_PARTLY = 3  # how the command ends when it was stopped


def _refused(why: str) -> Invalid:
    return Invalid("The configuration cannot be used.", [Fault(("body", "config"), why)])


@contextmanager
def _folder_of(config: str) -> Iterator[Path]:
    """For this user alone, gone afterwards."""
    with TemporaryDirectory(prefix="relay-replay-") as name:
        folder = Path(name)
        (folder / NONE).mkdir()
        (folder / FILE).write_text(config, "utf-8")
        yield folder


def _check(config: str, file: Path, environ: Mapping[str, str]) -> None:
    try:
        tables = tomllib.loads(config)
        found, headers = lines_of(config)
    except (tomllib.TOMLDecodeError, RecursionError):
        tables, found, headers = {}, {}, {}  # `read` says it, with its line
    lines = {**found, **headers}
    for name in (name for name in tables if name not in RELOADED):
        line = min((line for key, line in lines.items() if key[:1] == (name,)), default=1)
        raise _refused(f"line {line}: {name}: belongs to another part; only moderation and plugins are read here")
    for key, line in lines.items():
        if key[:1] == ("plugins",) and key[2:] == ("trusted_inline",):
            raise _refused(f"line {line}: {'.'.join(key)}: leave it out; in a replay such a plugin runs in a worker")
    try:
        read(Settings, file, environ)
    except SettingsError as error:
        raise _refused(_as_lines(str(error))) from None


def _as_lines(said: str) -> str:
    """The places of the file as those of a text that has no name."""
    return _PLACE.sub(lambda found: f"line {found[1]}" if found[1] else "the text", said)


def open_rejudge(rejudging: "Rejudging", store: Store, ids: Ids, stack: AsyncExitStack) -> Rejudge:
    """The flow, which ends what runs when the relay does."""
    rejudge = Rejudge(store, SystemClock(), ids, rejudging.check, rejudging)
    stack.push_async_callback(rejudge.close)
    return rejudge


class Rejudging:
    """`moderation` is what holds of what a text may not decide."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.moderation = settings.moderation

    async def check(self, config: str) -> None:
        """Raises Invalid for a text that is no TOML, has other tables, or does not fit; with the line."""
        with _folder_of(config) as folder:
            await asyncio.to_thread(_check, config, folder / FILE, self._environment(folder))

    async def __call__(self, wanted: Wanted, tell: Tell, stop: asyncio.Event) -> Mapping[str, Any]:
        """Until it is done or `stop` is set. Raises Invalid with what the command said where it failed."""
        with _folder_of(wanted.config) as folder:
            process = await asyncio.create_subprocess_exec(
                *self._command(wanted), cwd=folder, env=self._environment(folder), limit=LONGEST_LINE,
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )  # fmt: skip
            ending = asyncio.create_task(_end(process, stop), name="replay's end")
            try:
                with suppress(ProcessLookupError):
                    os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
                output, said = await asyncio.gather(_output(process), _said(process, tell))
                code = await process.wait()
            finally:
                ending.cancel()
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        return _found(code, output, said)

    def _command(self, wanted: Wanted) -> list[str]:
        places = [str(Path(place).absolute()) for place in sys.path]
        return [
            sys.executable, "-c", _BOOT, json.dumps(places), "moderation", "replay", "--config", FILE, "--data",
            str(self._settings.store.folder.absolute()), "--since", rfc3339(wanted.since), "--community", wanted.community,
            "--limit", str(MOST_MESSAGES), "--samples", str(SAMPLES), "--texts", "--json", "--progress",
        ]  # fmt: skip

    def _environment(self, folder: Path) -> dict[str, str]:
        """The machine's, the database, and what leads to files, processes and the network; none of the relay's other settings.

        A variable goes over what the text says.
        """
        fixed, none = self.moderation, folder / NONE
        url = self._settings.store.url
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("RELAY_")},
            **({} if url is None else {"RELAY_STORE__URL": url.get_secret_value()}),
            "RELAY_MODERATION__FOLDER": str((fixed.folder or none).absolute()),
            "RELAY_MODERATION__WORKERS": fixed.workers.model_dump_json(),
            "RELAY_MODERATION__HTTP": fixed.http.model_dump_json(),
            "RELAY_MODERATION__LONGEST_HOLD_S": str(fixed.longest_hold_s),
        }


async def _end(process: asyncio.subprocess.Process, stop: asyncio.Event) -> None:
    """Asks it to end when somebody stops it or it takes too long, and makes it."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), LONGEST_S)
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
        await asyncio.sleep(GRACE_S)
        process.kill()


async def _output(process: asyncio.subprocess.Process) -> bytes:
    """What it found. One that says more than there can be is ended."""
    pieces: list[bytes] = []
    size = 0
    assert process.stdout is not None  # noqa: S101  asked for above
    while piece := await process.stdout.read(LONGEST_LINE):
        pieces.append(piece)
        size += len(piece)
        if size > MOST_BYTES:
            process.kill()
            return b""
    return b"".join(pieces)


async def _said(process: asyncio.subprocess.Process, tell: Tell) -> str:
    """Hands on how far it is; the end of what else it says."""
    lines: list[str] = []
    assert process.stderr is not None  # noqa: S101  asked for above
    while True:
        try:
            raw = await process.stderr.readline()
        except ValueError:  # a line without an end
            process.kill()
            return "\n".join(lines)
        if not raw:
            return "\n".join(lines)
        if (told := _progress(raw)) is not None:
            tell(*told)
        else:
            lines = [*lines[1 - LAST_LINES :], raw.decode("utf-8", "replace").rstrip()]


def _progress(raw: bytes) -> tuple[int, int] | None:
    with suppress(ValueError, KeyError, TypeError):
        line = json.loads(raw)
        return int(line["done"]), int(line["of"])
    return None


def _found(code: int, output: bytes, said: str) -> Mapping[str, Any]:
    if code in {0, _PARTLY} and output:
        found: Mapping[str, Any] = json.loads(output)
        return found
    raise Invalid(_as_lines(said).removeprefix("relay: ") or "The replay ended before its time.")
