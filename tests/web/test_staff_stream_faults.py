"""The staff's WebSocket where the relay itself fails: it ends in a close code, and nobody is taken for signed out."""

from dataclasses import replace
from typing import Any, cast

import pytest
from aiohttp import web

from relay.core.errors import Unavailable
from relay.ports import Store
from relay.web.door import Runner
from relay.web.server import build
from relay.web.settings import HttpSettings
from tests.web.conftest import OWNER_TOKEN, Caller, Relay
from tests.web.test_staff_stream import closed


class Failing:
    """The store, whose answer to who somebody is is an error."""

    def __init__(self, store: Store, error: Exception) -> None:
        self._store = store
        self._error = error

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever the store has
        return getattr(self._store, name)

    async def token(self, _digest: str, _now: object) -> None:
        raise self._error


@pytest.mark.parametrize(("error", "code"), [(Unavailable("away"), 1012), (ZeroDivisionError(), 1011)])
async def test_a_store_that_fails_during_the_hello_signs_nobody_out(relay: Relay, error: Exception, code: int) -> None:
    store = cast("Store", Failing(relay.parts.store, error))
    runner = Runner(build(replace(relay.parts, store=store), HttpSettings()), HttpSettings())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    caller = Caller(f"http://127.0.0.1:{runner.addresses[0][1]}", relay.session, None)

    async with caller.stream() as socket:
        await socket.send_json({"type": "hello", "token": OWNER_TOKEN})
        found = await closed(socket)
    await runner.cleanup()

    assert found == code
