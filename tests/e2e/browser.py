"""A browser as the relay sees one: says which page it is on, and brings the cookie that it was given."""

import re

import aiohttp

from tests.e2e.client import Answer, Api
from tests.e2e.server import Server

_GIVEN = re.compile(r"Set-Cookie: relay=([a-z0-9]*)")


class Browser:
    """One that is on a page of this relay."""

    def __init__(self, http: aiohttp.ClientSession, server: Server, cookie: str = "") -> None:
        self.api = Api(http, server)
        self.cookie = cookie

    @property
    def headers(self) -> dict[str, str]:
        return {"Origin": self.api.server.url, **({"Cookie": f"relay={self.cookie}"} if self.cookie else {})}

    async def ask(self, method: str, path: str, body: object = None) -> Answer:
        answer = await self.api.ask(method, path, body, **self.headers)
        if found := _GIVEN.search(answer.headers):
            self.cookie = found[1]
        return answer
