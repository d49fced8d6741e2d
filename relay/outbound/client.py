"""The client: asks an HTTP service once, and takes nothing on trust that comes back.

Each question has a connection of its own, so that no answer can be taken for another's. There are no redirects, no proxies, no
cookies, no compressed answers; time, headers and body are bounded.
"""

import asyncio
import re
from collections.abc import Mapping
from ssl import SSLContext
from typing import Final

from aiohttp import (
    ClientConnectionError,
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
)

from relay.core.asking import LARGEST_BODY, AskingError, BadAnswer, Reply, Request, TooLate, Unreachable
from relay.core.origin import UrlError, address_in, may_reach, read_origin, read_url
from relay.outbound.names import GuardedNames, LookUp, SystemNames
from relay.outbound.settings import OutboundSettings
from relay.ports import Outbound

CONNECTS_WITHIN = 3.0  # seconds for the name, the connection and TLS
LONGEST_SECONDS = 60.0
MOST_CONNECTIONS = 64  # of all plugins together
MOST_HEADERS = 64  # of an answer
LONGEST_HEADER = 4096  # bytes, of one header of an answer, or of the status
_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,60}")
_VALUE: Final = re.compile(r"[ -~]{0,2000}")
_KEPT: Final = re.compile(r"[ -~]{0,200}")
_OURS: Final = frozenset(
    {
        "accept-encoding", "connection", "content-length", "cookie", "expect", "host", "keep-alive", "te", "trailer",
        "transfer-encoding", "upgrade",
    }
)  # fmt: skip
"""Headers that say how a message travels: no plugin writes them."""


def refusal(url: str, settings: OutboundSettings) -> str | None:
    """Why this URL cannot be asked, as far as it can be told without a look-up; None where it can."""
    try:
        origin, _ = read_url(url)
    except UrlError as error:
        return str(error)
    address, listed = address_in(origin.host), str(origin) in settings.private
    if origin.scheme != "https" and not listed:
        return f'plain http is for services in your own network: write private = ["{origin}"] under [moderation.http]'
    if address is not None and not may_reach(address, is_listed=listed):
        return f'its address is not in the open net: write private = ["{origin}"] under [moderation.http] if it is yours'
    return None


class Client:
    """Opens nothing before the first question. `look_up` and `tls` are there for tests."""

    def __init__(self, settings: OutboundSettings, look_up: LookUp | None = None, tls: SSLContext | None = None) -> None:
        self._listed = frozenset(read_origin(each) for each in settings.private)
        self._names = GuardedNames(look_up or SystemNames(), self._listed)
        self._tls = tls
        self._session: ClientSession | None = None

    async def ask(self, request: Request) -> Reply:
        """Raises AskingError."""
        try:
            origin, path = read_url(request.url)
        except UrlError as error:
            raise Unreachable(f"the URL cannot be used: {error}") from None
        if origin.scheme != "https" and origin not in self._listed:
            raise Unreachable("plain http is for services listed in moderation.http.private alone")
        _check(request)
        try:
            if address_in(origin.host):  # aiohttp asks no resolver about these
                await self._names.resolve(origin.host, origin.port)
            async with asyncio.timeout(min(request.seconds, LONGEST_SECONDS)):
                return await self._asked(f"{origin}{path}", request)
        except TimeoutError:
            raise TooLate(f"{origin} did not answer within {request.seconds:g} s") from None
        except AskingError as error:
            raise type(error)(f"{origin}: {error}") from None
        except ClientConnectorError:
            raise Unreachable(f"{origin}: nobody takes the connection, or TLS fails") from None
        except ClientConnectionError:
            raise Unreachable(f"{origin}: the connection broke") from None
        except (ClientError, ValueError):  # what it sent is no HTTP; aiohttp quotes it
            raise BadAnswer(f"{origin}: the answer is no HTTP that can be read") from None

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _asked(self, url: str, request: Request) -> Reply:
        headers = {"User-Agent": "relay", **request.headers, "Accept-Encoding": "identity"}
        sending = self._opened().post(url, data=request.body, headers=headers, allow_redirects=False)
        async with sending as response:
            if 300 <= response.status < 400:  # noqa: PLR2004 - RFC 9110
                raise BadAnswer("it sends elsewhere, and redirects are not followed")
            if response.headers.get("Content-Encoding", "identity").lower() != "identity":
                raise BadAnswer("the answer is compressed, which was not asked for")
            return Reply(response.status, await _body(response), _lower(response.headers))

    def _opened(self) -> ClientSession:
        if self._session is None:
            connector = TCPConnector(
                resolver=self._names, use_dns_cache=False, force_close=True, limit=MOST_CONNECTIONS, ssl=self._tls or True
            )
            self._session = ClientSession(
                connector=connector,
                cookie_jar=DummyCookieJar(),
                timeout=ClientTimeout(total=None, connect=CONNECTS_WITHIN),
                trust_env=False,
                auto_decompress=False,
                max_line_size=LONGEST_HEADER,
                max_field_size=LONGEST_HEADER,
                max_headers=MOST_HEADERS,
            )
        return self._session


def _check(request: Request) -> None:
    """Raises Unreachable for what cannot be sent."""
    if len(request.body) > LARGEST_BODY:
        raise Unreachable(f"a question of {len(request.body)} bytes, at most {LARGEST_BODY} are sent")
    for name, value in request.headers.items():
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value) or name.lower() in _OURS:
            raise Unreachable("a header that may not be sent, or with a value that is no plain line")


async def _body(response: ClientResponse) -> bytes:
    """Raises BadAnswer when it is too large; what was read by then is all that is kept."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > LARGEST_BODY:
            response.close()
            raise BadAnswer(f"the answer is larger than {LARGEST_BODY} bytes")
    return bytes(body)


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    """The short and plain ones: they travel to workers, and who wants a long one has been misled."""
    return {name.lower(): value for name, value in headers.items() if _NAME.fullmatch(name) and _KEPT.fullmatch(value)}


_: type[Outbound] = Client
