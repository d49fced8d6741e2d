"""The staff's side of the API for many calls at once: patient where the relay asks to slow down."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlencode

import aiohttp
import orjson

from relay.cli.client import refusal
from relay.cli.shape import Exit, Failure

Json = dict[str, Any]

AT_ONCE = 32  # calls under way
TRIES = 60  # a second or so each: longer than any limit of the relay lasts


class Api:
    """Calls with one token."""

    def __init__(self, http: aiohttp.ClientSession, url: str, token: str) -> None:
        self.http = http
        self.url = url
        self.token = token
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def get(self, path: str, **query: object) -> Json:
        """The answer's JSON."""
        given = {name: value for name, value in query.items() if value is not None}
        return await self._call("GET", path + ("?" + urlencode(given) if given else ""), None)

    async def post(self, path: str, body: Mapping[str, object]) -> Json:
        """The answer's JSON."""
        return await self._call("POST", path, body)

    async def all_of(self, path: str, **query: object) -> AsyncIterator[Json]:
        """The items of a list, page by page."""
        after: str | None = None
        while True:
            page = await self.get(path, limit=200, after=after, **query)
            for item in page["items"]:
                yield item
            after = page["next"]
            if after is None:
                return

    async def _call(self, method: str, path: str, body: Mapping[str, object] | None) -> Json:
        headers = {"Authorization": f"Bearer {self.token}"}
        if method == "POST":
            headers |= {"Idempotency-Key": secrets.token_hex(16), "Content-Type": "application/json"}
        data = None if body is None else orjson.dumps(body)
        async with self._turns:
            status, found, retry_after = await self._once(method, path, headers, data)
            for _ in range(TRIES):
                if status not in {429, 503}:
                    break
                await asyncio.sleep(retry_after)
                status, found, retry_after = await self._once(method, path, headers, data)
        if status >= 400:  # noqa: PLR2004  HTTP's own border between answers and refusals
            raise refusal(status, found)
        return found

    async def _once(self, method: str, path: str, headers: Mapping[str, str], data: bytes | None) -> tuple[int, Json, float]:
        try:
            async with self.http.request(method, self.url + path, headers=headers, data=data) as answer:
                raw = await answer.read()
        except aiohttp.ClientError as error:
            raise Failure(f"The relay at {self.url} is gone ({type(error).__name__}).", Exit.UNAVAILABLE) from None
        found = orjson.loads(raw) if raw else {}
        return answer.status, found, float(answer.headers.get("Retry-After", "1"))
