"""The members' streams, connected with the flows that their frames lead to."""

from collections.abc import Callable
from random import Random
from typing import Any

from relay.channels.web import render
from relay.channels.web.frames import TOO_SLOW
from relay.channels.web.hub import Hub
from relay.channels.web.socket import SIGN_IN, Sweeper, Terms
from relay.channels.web.stream import Doors, Streams
from relay.clock import SystemClock
from relay.configuration import Settings
from relay.flows.deliver import Deliver
from relay.flows.receive import Receive, Reply
from relay.ports import SignedIn, Store

FAREWELLS = {TOO_SLOW: "too slow", SIGN_IN: "sign in"}
RETRY_MS = 1000  # when a reader that was too slow may come back


def open_streams(settings: Settings, store: Store, deliver: Deliver, receive: Receive) -> Streams:
    clock = SystemClock()
    hub = Hub(store, deliver.reached)
    doors = Doors(_saying(receive), _tapping(receive, clock))
    spread = Random()  # noqa: S311 - spreads reconnects over time, no secret
    sweeper = Sweeper(Terms(ping=settings.stream.ping_seconds), farewell=_farewell)
    streams = Streams(hub, clock, spread, doors, settings.stream, sweeper)
    deliver.rooms = (hub.room,)
    return streams


def _saying(receive: Receive) -> Callable[[SignedIn, render.Send], Any]:
    async def say(signed: SignedIn, said: render.Send) -> bytes:
        stored = await receive.reply(signed, Reply(said.text, "web", said.client_id, said.in_reply_to))
        return render.accepted(said.client_id, stored)

    return say


def _tapping(receive: Receive, clock: SystemClock) -> Callable[[SignedIn, render.Press], Any]:
    async def tap(signed: SignedIn, said: render.Press) -> bytes:
        await receive.press(signed, said.post, said.button)
        return render.pressed(said.client_id, said.post, clock.now())

    return tap


def _farewell(code: int) -> bytes:
    return render.bye(FAREWELLS.get(code, "closed"), RETRY_MS if code == TOO_SLOW else 0)
