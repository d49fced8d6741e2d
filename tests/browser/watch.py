"""Watches everything that a browser's pages do: a page must log no error, break no policy, miss no answer, ask nobody else."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from typing import Final
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Page, Request, Response, WebError, WebSocket

# The browser's own words about answers that are judged here by their status, and about lines that are judged by their end.
TOLD_TWICE: Final = re.compile(r"Failed to load resource|WebSocket connection to '[^']+' failed")
LEFT_BEHIND: Final = "net::ERR_ABORTED"  # the page was left, or let go of it, before the answer came


class Watch:
    """What went wrong in one browser context, as sentences, in `faults`."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.faults: list[str] = []
        self._host = urlsplit(origin).netloc
        self._refusals: set[tuple[int, str]] = set()
        self._may_be_away = False
        context.on("console", self._said)
        context.on("weberror", self._raised)
        context.on("request", self._asked)
        context.on("requestfailed", self._failed)
        context.on("response", self._answered)
        context.on("page", self._opened)

    def expects(self, status: int, path: str) -> None:
        """This answer is part of the story, such as to a wrong passphrase; `path` may hold `*`."""
        self._refusals.add((status, path))

    def is_signed_out(self) -> None:
        """From here on nobody is signed in: whatever the page still asks of the API is answered 401, in any order."""
        self.expects(401, "/v1/*")

    @contextmanager
    def relay_may_be_away(self) -> Iterator[None]:
        """What is asked meanwhile may stay without an answer."""
        self._may_be_away = True
        yield
        self._may_be_away = False

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not TOLD_TWICE.match(message.text):
            self.faults.append(f"{message.type} in the console: {message.text}")

    def _raised(self, error: WebError) -> None:
        self.faults.append(f"a script broke: {error.error}")

    def _asked(self, request: Request) -> None:
        self._look_where(request.url)

    def _opened(self, page: Page) -> None:
        page.on("websocket", self._connected)

    def _connected(self, socket: WebSocket) -> None:
        self._look_where(socket.url)
        socket.on("socketerror", self._broke)

    def _broke(self, error: str) -> None:
        if not self._may_be_away:
            self.faults.append(f"a WebSocket broke: {error}")

    def _look_where(self, url: str) -> None:
        address = urlsplit(url)
        if address.scheme not in {"data", "blob"} and address.netloc != self._host:
            self.faults.append(f"somebody else was asked: {url}")

    def _failed(self, request: Request) -> None:
        if request.failure != LEFT_BEHIND and not self._may_be_away:
            self.faults.append(f"no answer to {request.method} {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        path = urlsplit(response.url).path
        is_expected = any(response.status == status and fnmatch(path, pattern) for status, pattern in self._refusals)
        if response.status >= 400 and not is_expected:
            self.faults.append(f"{response.status} for {response.request.method} {path}")
