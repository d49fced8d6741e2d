"""The staff's WebSocket as a reader of the console has it: hello, then whatever was committed; keeps every byte."""

import json
from collections.abc import Mapping

import aiohttp

from tests.e2e.client import Api, Frame, Json, Signal


class StaffStream:
    """One connection that does not come back; `close_code` is None while it lives.

    With `headers` they sign in, as a browser's cookie does; otherwise the hello brings the token.
    """

    def __init__(self, api: Api, heard: Signal, headers: Mapping[str, str] | None = None) -> None:
        self.api = api
        self.headers = headers
        self.heard = heard
        self.events: list[Frame] = []
        self.welcome: Frame | None = None
        self.close_code: int | None = None
        self.seen = bytearray()

    async def run(self) -> None:
        """Reads until it is ended; start it as a task."""
        hello = {"type": "hello"} if self.headers else {"type": "hello", "token": self.api.token}
        async with self.api.http.ws_connect(self.api.server.url + "/v1/staff/stream", headers=self.headers) as socket:
            await socket.send_str(json.dumps(hello))
            async for message in socket:
                if message.type is not aiohttp.WSMsgType.TEXT:
                    break
                self.seen += message.data.encode()
                frame: Json = json.loads(message.data)
                if frame["type"] == "welcome":
                    self.welcome = frame
                else:
                    self.events.append(frame)
                self.heard.fire()
        self.close_code = socket.close_code or 0
        self.heard.fire()

    async def connected(self) -> None:
        await self.heard.until(lambda: self.welcome is not None or self.close_code is not None)

    async def heard_of(self, id_: str) -> None:
        """Wait until something with this id has come."""
        await self.heard.until(lambda: id_.encode() in self.seen)
