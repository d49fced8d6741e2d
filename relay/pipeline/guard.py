"""The guard: a small process beside the relay that ends it when one plugin has held its loop for too long.

No thread of the relay could do that: a pattern that runs away in C never lets go of the interpreter. The relay writes into a
shared page which plugin it has just entered; here that page is looked at a few times a second. The guard first writes down
which plugin it was, on stable storage, so that the next start puts it into a worker, then it ends the relay. It counts its
own looks, not the clock, and none while the relay is stopped: a machine that slept has held nobody up.

It is run as a file, by a bare interpreter: the standard library is all that it imports.
"""

import json
import mmap
import os
import select
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from struct import Struct
from typing import Any

EVERY = 0.1  # seconds between two looks
PAGE = 4096
ENTERED = Struct("=Q")  # how often a plugin was entered, and in the lowest byte which one; 0 while none is
OF_LOWEST_BYTE = 0xFF


def main(given: dict[str, Any]) -> None:
    """Until the relay hangs up its end of standard input."""
    page = mmap.mmap(given["page"], PAGE, prot=mmap.PROT_READ)
    relay, plugins = os.getppid(), given["plugins"]
    before, looks = 0, 0
    while not select.select([sys.stdin], [], [], EVERY)[0]:
        (now,) = ENTERED.unpack_from(page)
        if now != before or now == 0:
            before, looks = now, 0
        elif not is_stopped(relay):
            looks += 1
            plugin = plugins[(now & OF_LOWEST_BYTE) - 1]
            if looks * EVERY >= plugin["limit_s"]:
                end(relay, plugin, Path(given["file"]))
                return


def is_stopped(process: int) -> bool:
    """Whether it is held by a signal or a debugger."""
    try:
        status = Path(f"/proc/{process}/stat").read_text("ascii", "replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] in {"T", "t"}


def end(relay: int, plugin: dict[str, Any], file: Path) -> None:
    """Writes it down, says it, and ends the relay, even when it cannot be written."""
    try:
        note(file, plugin)
    except OSError as error:
        say("plugin could not be written down", error=f"{type(error).__name__}: {error}", file=str(file))
    say("plugin held the loop, the relay is ended", plugin=plugin["name"], held_s=plugin["limit_s"])
    if os.getppid() == relay:
        os.kill(relay, signal.SIGKILL)


def note(file: Path, plugin: dict[str, Any]) -> None:
    """Adds the plugin to the list of those that may not run in the relay's own process."""
    known = noted(file)
    known[plugin["name"]] = {"fingerprint": plugin["fingerprint"], "at": moment(), "held_s": plugin["limit_s"]}
    fresh = file.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as out:
        json.dump(known, out, indent=1)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def noted(file: Path) -> dict[str, Any]:
    """What stands there; nothing where it is not what a guard wrote: the plugin at hand has to be written down all the same."""
    try:
        known = json.loads(file.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def moment() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def say(event: str, **fields: object) -> None:
    """One line on standard error, in the form of the relay's log."""
    line = {**fields, "event": event, "level": "critical", "logger": "relay.pipeline.guard", "timestamp": moment()}
    sys.stderr.write(json.dumps(line) + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
