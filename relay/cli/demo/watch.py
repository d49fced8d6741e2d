"""The staff's stream: notes each reply as it shows there, and goes on where it was when a connection is lost."""

import asyncio
from collections import Counter
from contextlib import suppress
from types import TracebackType
from typing import Self

import aiohttp
import orjson

from relay.cli.demo.api import Json
from relay.cli.demo.tally import Tally
from relay.cli.shape import Failure

REFUSED = {4401, 4403}  # close codes of the contract: sign in, revoked
PAUSE = 0.2  # seconds before a lost connection is made again


class Watch:
    """One person of staff who looks. `replies` counts how often each reply showed, `seen` knows when it first did."""

    def __init__(self, http: aiohttp.ClientSession, url: str, token: str) -> None:
        self._http = http
        self._url = url
        self._token = token
        self._position: str | None = None
        self._is_here = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.replies: Counter[str] = Counter()
        self.seen = Tally(0)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._watch(), name="staff")
        here = asyncio.create_task(self._is_here.wait(), name="staff is here")
        await asyncio.wait({self._task, here}, return_when=asyncio.FIRST_COMPLETED)
        if not here.done():
            here.cancel()
            await self._task  # it ended before it was welcomed, and raises why
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _watch(self) -> None:
        while True:
            try:
                await self._look()
            except aiohttp.ClientError:
                if not self._is_here.is_set():
                    raise
            await asyncio.sleep(PAUSE)

    async def _look(self) -> None:
        """Until the connection is lost. Raises Failure, ClientError."""
        async with self._http.ws_connect(f"{self._url}/v1/staff/stream", max_msg_size=0) as socket:
            hello = {"type": "hello", "token": self._token}
            await socket.send_str(orjson.dumps({**hello, **({"after": self._position} if self._position else {})}).decode())
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._take(orjson.loads(message.data))
            if socket.close_code in REFUSED:
                raise Failure("The relay does not let this token see what happens; the owner's is needed.")

    def _take(self, frame: Json) -> None:
        self._position = frame.get("position", self._position)
        if frame["type"] == "welcome":
            self._is_here.set()
        elif frame.get("event") == "message.filed":
            message_id = frame["message"]["id"]
            self.replies[message_id] += 1
            self.seen.add(message_id)
