"""The control socket in the data folder: whoever may write there can have the configuration reloaded, and hears how that went.

One line is asked, one line of JSON is answered. A signal says the same and hears nothing.
"""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

import structlog

from relay.compose.reload import Reloaded, ReloadError

NAME = "control"
RELOAD = b"reload\n"
ASKS_WITHIN = 5.0  # seconds that a caller may take to say what it wants
LONGEST_PATH = 100  # bytes that every system takes as a socket's address

log = structlog.get_logger(__name__)

Reload = Callable[[], Awaitable[Reloaded]]


@contextmanager
def address(folder: Path) -> Iterator[str]:
    """Of the socket in the folder; where the path is too long for one, a shorter way there that Linux knows."""
    path = folder.absolute() / NAME
    if len(os.fsencode(path)) <= LONGEST_PATH:
        yield str(path)
        return
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{opened}/{NAME}"
    finally:
        os.close(opened)


@asynccontextmanager
async def controlled(folder: Path, reload: Reload, hung_up: asyncio.Event) -> AsyncIterator[None]:
    """Until it is left, `hung_up` and what comes by the socket have the configuration reloaded."""
    waiting = asyncio.create_task(_at_each(hung_up, reload), name="reloads")
    server = await _server(folder, reload)
    try:
        yield
    finally:
        waiting.cancel()
        if server is not None:
            server.close()
            (folder / NAME).unlink(missing_ok=True)
        await asyncio.gather(waiting, return_exceptions=True)


async def _at_each(hung_up: asyncio.Event, reload: Reload) -> None:
    while True:
        await hung_up.wait()
        hung_up.clear()
        with suppress(ReloadError):  # it is in the log
            await reload()


async def _server(folder: Path, reload: Reload) -> asyncio.Server | None:
    """None where the disk holds no sockets; then there is the signal."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        (folder / NAME).unlink(missing_ok=True)
        with address(folder) as here:
            listening.bind(here)
        (folder / NAME).chmod(0o600)
        listening.listen()
        listening.setblocking(False)  # noqa: FBT003 - the method's own shape
    except OSError as error:
        listening.close()
        log.warning("no control socket: send SIGHUP instead of `relay reload`", error=str(error))
        return None
    return await asyncio.start_unix_server(lambda reader, writer: _answer(reader, writer, reload), sock=listening)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, reload: Reload) -> None:
    with suppress(OSError, TimeoutError, ValueError):
        async with asyncio.timeout(ASKS_WITHIN):
            asked = await reader.readline()
        if asked == RELOAD:
            writer.write(json.dumps(await _said(reload)).encode() + b"\n")
            await writer.drain()
    writer.close()


async def _said(reload: Reload) -> dict[str, object]:
    try:
        return asdict(await reload())
    except ReloadError as error:
        return {"why": str(error)}
