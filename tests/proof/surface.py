"""A real relay on loopback, opened as the app opens it, and what makes two of them comparable.

Ids and times differ between two relays. A view is therefore written down with every id replaced by its number in the order in
which LOW saw it, at the same length; shapes are checked, sizes stay.
"""

import asyncio
import re
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import ClientSession, ClientTimeout, web

from relay.app import App, build_server, open_app
from relay.channels.web.stream import StreamSettings
from relay.configuration import ModerationSettings, Settings, StoreSettings
from relay.core.change import ReleasePost
from relay.plugin import Plugin
from relay.web.settings import HttpSettings, LimitSettings, RateSettings
from tests.proof.flows import PATIENT_MS, PLUGINS, WEIGHTS

OWNER = "the-owner-of-this-proof-0123456789"
NEVER = 0.001  # a second: what was used up stays so for as long as an example takes
SENDS, CALLS = 6, 12  # messages on a WebSocket, requests over HTTP, that a member may make
LIMITS = LimitSettings(
    member=RateSettings(burst=CALLS, per_second=NEVER),
    staff=RateSettings(burst=1e9, per_second=1e6),
    failed=RateSettings(burst=CALLS, per_second=NEVER),
)
SLOW_REFILL = {**PLUGINS, "flood": {**PLUGINS["flood"], "per_minute": NEVER}}

_ID = re.compile(r"(?<![a-z0-9])[a-z2-7]{26}(?![a-z0-9])")
_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_TOKEN = re.compile(r"(?<![a-z0-9])[a-z2-7]{52}(?![a-z0-9])")
_MOMENT = re.compile(r"\d{1,2} [A-Z][a-z]+(?: \d{4}|, \d\d:\d\d)|\d{4}-\d\d-\d\d(?=\")")  # as a page writes it
_RETRY = re.compile(r'"retry_after":(\d+)')
_CURSORS = re.compile(r'"delivered":\d+,"read":\d+')
PSEUDONYM = re.compile(r"[A-Z][a-z]+ [A-Z][a-z]+ \d{1,2}")


@dataclass(slots=True)
class Relay:
    """One relay and a client for it; the two of a proof share nothing but the machine."""

    app: App
    url: str
    client: ClientSession
    released: asyncio.Event
    second_token: str = ""


async def open_relay(folder: Path, stack: AsyncExitStack) -> Relay:
    """The app on a free port, with limits that are reached quickly and last."""
    settings = Settings(
        http=HttpSettings(port=0, limits=LIMITS, proxies=("127.0.0.1",)),
        stream=StreamSettings(send_burst=SENDS, send_per_second=NEVER),
        store=StoreSettings(folder=folder),
        moderation=ModerationSettings(weights=WEIGHTS),
        plugins=SLOW_REFILL,
    )
    app = await open_app(settings, stack, OWNER)
    for plugin in Plugin.__subclasses__():
        stack.callback(setattr, plugin, "deadline_ms", plugin.deadline_ms)  # other tests of this process have plugins too
        plugin.deadline_ms = PATIENT_MS
    runner = web.AppRunner(build_server(app, settings), access_log=None, shutdown_timeout=1)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    stack.push_async_callback(app.streams.close)
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    stop = asyncio.Event()
    working = asyncio.get_running_loop().create_task(app.work(stop))
    stack.push_async_callback(_ended, working, stop)
    client = await stack.enter_async_context(ClientSession(timeout=ClientTimeout(30)))
    released = asyncio.Event()
    app.bus.on(ReleasePost, lambda _change, _outcome: released.set())
    return Relay(app, f"http://127.0.0.1:{runner.addresses[0][1]}", client, released)


async def _ended(working: asyncio.Task[None], stop: asyncio.Event) -> None:
    stop.set()
    await working


@dataclass(slots=True)
class Names:
    """What an id or a pseudonym is called in the view of one example."""

    pseudonym: str = ""
    ids: dict[str, str] = field(default_factory=dict)

    def plain(self, text: str) -> str:
        """The text as it would be in any relay; lengths stay, but for the pseudonym's."""
        text = _ID.sub(lambda found: self.ids.setdefault(found[0], f"#{len(self.ids):025}"), text)
        text = _AT.sub("(at a time as RFC 3339)", text)
        text = _MOMENT.sub("(a moment)", _TOKEN.sub("(a token)", text))
        text = _RETRY.sub(lambda found: f'"retry_after":{_soon(int(found[1]))}', text)
        # Written some hundredths of a second after an acknowledgement.
        text = _CURSORS.sub('"delivered":0,"read":0', text)
        return text.replace(f'"{self.pseudonym}"', '"(pseudonym)"') if self.pseudonym else text

    def header(self, name: str, value: str, body: str) -> str:
        """A header that is the same in any relay: lengths must be true, waits may be some seconds off."""
        match name:
            case "Content-Length":
                return "true" if int(value) == len(body.encode()) else f"{value} for {len(body.encode())}"
            case "Retry-After":
                return _soon(int(value))
            case "Date":
                return "now"
        return self.plain(value)


def _soon(seconds: int) -> str:
    """A wait may be some seconds off, as one relay is a little slower than the other."""
    return str(round(seconds, -2) or "soon")
