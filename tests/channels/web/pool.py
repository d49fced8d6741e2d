"""One community with its stream on a real server, and the devices that connect to it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, web
from aiohttp.test_utils import TestServer

from relay.bus import Bus
from relay.channels.web.hub import Hub
from relay.channels.web.listen import Listener
from relay.channels.web.render import Press, Send, accepted, pressed
from relay.channels.web.socket import Sweeper
from relay.channels.web.stream import Doors, Streams, StreamSettings
from relay.core.change import AcceptPost
from relay.core.community import Community
from relay.core.post import Button, Draft, Post
from relay.core.staff import Actor, Role
from relay.core.verdict import Action, Decision, Submission
from relay.flows.deliver import Deliver
from relay.flows.enrol import Enrol, Newcomer, Welcome
from relay.flows.govern import Govern
from relay.flows.publish import Publish
from relay.flows.receive import Receive, Reply
from relay.ports import SignedIn
from relay.stores.sqlite import SqliteStore
from relay.testing.clock import Drawn, ManualClock, drawn_tokens

EVA = Actor("eva", "Eva", Role.OWNER)
PATIENCE = 10.0  # seconds; a test that waits longer has failed


class Device:
    """A member's end of the stream."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.socket = socket

    async def say(self, **frame: object) -> None:
        await self.socket.send_str(orjson.dumps(frame).decode())

    async def hear(self) -> dict[str, Any]:
        message = await self.socket.receive(PATIENCE)
        assert message.type is WSMsgType.TEXT, (message, self.socket.close_code)
        found: dict[str, Any] = orjson.loads(message.data)
        return found

    async def end(self) -> int | None:
        """The close code, whatever comes before it."""
        while not self.socket.closed:
            await self.socket.receive(PATIENCE)
        return self.socket.close_code


@dataclass
class Pool:
    """One community with its stream on a real server."""

    store: SqliteStore
    community: Community
    streams: Streams
    deliver: Deliver
    publish: Publish
    enrol: Enrol
    url: str
    client: ClientSession
    devices: list[Device] = field(default_factory=list)

    async def member(self) -> Welcome:
        welcome = await self.enrol.add(EVA, self.community, Newcomer("desk", "1"))
        found = await self.store.member(welcome.member.id)
        assert found is not None
        return replace(welcome, member=found)

    async def connect(self) -> Device:
        device = Device(await self.client.ws_connect(self.url))
        self.devices.append(device)
        return device

    async def join(self, token: str, after: int = 0) -> Device:
        device = await self.connect()
        await device.say(type="hello", token=token, after=after)
        assert (await device.hear())["type"] == "welcome"
        return device

    async def post(self, text: str = "Closed tomorrow", title: str | None = None, buttons: tuple[Button, ...] = ()) -> Post:
        return await self.publish.post(self.community, Draft(text, title, buttons), EVA)


@pytest.fixture(params=[True, False], ids=["slim", "plain"])
async def pool(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Pool]:
    bus, clock, ids, secrets = Bus(), ManualClock(), Drawn(), drawn_tokens()
    store = await SqliteStore.open(tmp_path / "relay.db", told=bus.announce)
    await Govern(store, clock, ids, secrets).found(EVA, Community("c", "bad", "Bad am See", clock.now(), imprint="Am See 1"))
    community = await store.community("bad")
    assert community is not None

    async def allow(_: Submission) -> Decision:
        return Decision(Action.ALLOW, 0.0)

    receive = Receive(store, clock, ids, allow)

    async def say(signed: SignedIn, said: Send) -> bytes:
        return accepted(said.client_id, await receive.reply(signed, Reply(said.text, "web", said.client_id, said.in_reply_to)))

    async def tap(signed: SignedIn, said: Press) -> bytes:
        await receive.press(signed, said.post, said.button)
        return pressed(said.client_id, said.post, clock.now())

    deliver = Deliver(store, clock)
    settings = StreamSettings(slim=request.param, send_burst=3, send_per_second=1)
    sweeper = Sweeper()
    hub = Hub(store, deliver.reached)
    streams = Streams(hub, clock, Random(1), Doors(say, tap), settings, sweeper)
    deliver.rooms = (hub.room,)
    Listener(hub, bus)
    bus.on(AcceptPost, deliver.accepted)
    sweeper.start()
    app = web.Application()
    app.router.add_get("/stream", streams.handle)
    async with TestServer(app) as server, ClientSession() as client, asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in (deliver.run(), deliver.run_cursors(), hub.run())]
        enrol = Enrol(store, clock, ids, secrets, b"key")
        publish = Publish(store, clock, ids, lambda: 1)
        yield Pool(store, community, streams, deliver, publish, enrol, str(server.make_url("/stream")), client)
        for task in tasks:
            task.cancel()
        await streams.close()
        sweeper.stop()
    await store.close()
