"""The member's page where nothing can be written: what came is shown all the same."""

from dataclasses import replace
from typing import Any, cast

from aiohttp import web

from relay.core.errors import Unavailable
from relay.flows.deliver import Deliver
from relay.ports import Store
from relay.web.door import Runner
from relay.web.server import build
from relay.web.settings import HttpSettings
from tests.web.browser import Browser
from tests.web.conftest import Relay


class Full:
    """The store, which takes nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever the store has
        return getattr(self._store, name)

    async def commit(self, *_: object) -> None:
        raise Unavailable("The disk is full.")


async def test_what_came_is_shown_while_nothing_can_be_written(relay: Relay, ada: Browser) -> None:
    await relay.post(text="Closed tomorrow")
    deliver = Deliver(cast("Store", Full(relay.parts.store)), relay.clock)
    runner = Runner(build(replace(relay.parts, deliver=deliver), HttpSettings()), HttpSettings())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    cookie = f"relay-m-bad={ada.cookies['relay-m-bad']}"

    async with relay.session.get(f"http://127.0.0.1:{runner.addresses[0][1]}/c/bad", headers={"Cookie": cookie}) as got:
        page = await got.text()
    await runner.cleanup()

    assert got.status == 200
    assert "Closed tomorrow" in page
