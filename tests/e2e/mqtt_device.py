"""A member's device on MQTT, as the how-to tells its makers: resumes, acknowledges, applies each seq once, asks again."""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.e2e.client import Frame, Signal

V5, V311 = aiomqtt.ProtocolVersion.V5, aiomqtt.ProtocolVersion.V311
AGAIN = 1.0  # seconds without an answer until it is said again, or without a connection until the next
UNAVAILABLE = 503  # of an answer: what was said could not be taken now
EXPIRY = 86_400  # seconds for which the broker keeps its session


@dataclass
class Device:
    """`items` are what it has, in order and without gaps; `faults` what the contract forbids."""

    port: int
    member: str
    secret: str
    heard: Signal
    name: str = "phone"
    version: aiomqtt.ProtocolVersion = V5
    is_clean: bool = False
    items: list[Frame] = field(default_factory=list)
    answers: dict[str, Frame] = field(default_factory=dict)
    others: list[Frame] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    repeated: int = 0
    sessions: int = 0
    _pending: dict[str, Frame] = field(default_factory=dict)
    _promised: set[str] = field(default_factory=set)
    _client: aiomqtt.Client | None = None

    @property
    def user(self) -> str:
        return f"{self.member}.{self.name}"

    @property
    def up(self) -> str:
        return f"relay/v1/m/{self.member}/up"

    @property
    def down(self) -> str:
        return f"relay/v1/m/{self.member}/down"

    @property
    def is_quiet(self) -> bool:
        """Whether everything said was answered, and everything accepted has come back as an item."""
        return not self._pending and not self._promised

    async def run(self) -> None:
        """Stays connected until it is cancelled."""
        while True:
            with suppress(aiomqtt.MqttError):
                await self._stay()
            await asyncio.sleep(AGAIN / 4)

    async def _stay(self) -> None:
        async with self._made() as client:
            await client.subscribe(self.down, qos=1)
            self._client = client
            try:
                await self.say({"type": "resume", "after": len(self.items)})
                self.sessions += 1
                self.heard.fire()
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._ask_again())
                    group.create_task(self._listen(client))
            except* aiomqtt.MqttError:
                pass
            finally:
                self._client = None

    def _made(self) -> aiomqtt.Client:
        options: dict[str, Any] = {"clean_session": self.is_clean}
        if self.version is V5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = EXPIRY
            options = {"clean_start": self.is_clean, "properties": properties}
        return aiomqtt.Client(
            "127.0.0.1", self.port, identifier=self.user, username=self.user, password=self.secret, protocol=self.version,
            timeout=3, **options,
        )  # fmt: skip

    async def say(self, frame: Frame) -> None:
        """Once; lost when there is no connection."""
        if self._client is not None:
            with suppress(aiomqtt.MqttError):
                await self._client.publish(self.up, json.dumps(frame), qos=1)

    async def send(self, client_id: str, text: str, in_reply_to: str | None = None) -> None:
        """Until it is answered."""
        await self._insist({"type": "send", "client_id": client_id, "text": text, "in_reply_to": in_reply_to})

    async def press(self, client_id: str, post: str, button: str) -> None:
        await self._insist({"type": "press", "client_id": client_id, "post": post, "button": button})

    async def answered(self, client_id: str) -> Frame:
        await self.heard.until(lambda: client_id in self.answers)
        return self.answers[client_id]

    async def item(self, seq: int) -> Frame:
        await self.heard.until(lambda: len(self.items) >= seq)
        return self.items[seq - 1]

    async def connected(self, times: int = 1) -> None:
        await self.heard.until(lambda: self.sessions >= times)

    async def _insist(self, frame: Frame) -> None:
        self._pending[frame["client_id"]] = frame
        await self.say(frame)

    async def _ask_again(self) -> None:
        while True:
            await asyncio.sleep(AGAIN)
            for frame in tuple(self._pending.values()):
                await self.say(frame)
            _end_if_cancelled()

    async def _listen(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            if message.retain:
                self.faults.append("a retained message")
            self._take(json.loads(bytes(message.payload)))
            if not len(client.messages):
                await self.say({"type": "ack", "seq": len(self.items)})
                _end_if_cancelled()
            self.heard.fire()

    def _take(self, frame: Frame) -> None:
        if frame["type"] == "item":
            self._take_item(frame)
        elif frame["type"] == "refused" and frame["problem"]["status"] == UNAVAILABLE:
            pass  # it is said again
        elif frame["type"] in {"accepted", "refused"} and frame["client_id"] in self._pending:
            said = self._pending.pop(frame["client_id"])
            self.answers[frame["client_id"]] = frame
            if frame["type"] == "accepted" and said["type"] == "send" and not self._has(frame["id"]):
                self._promised.add(frame["id"])
        elif frame["type"] in {"accepted", "refused"} and frame["client_id"] in self.answers:
            if self.answers[frame["client_id"]].get("id") != frame.get("id"):
                self.faults.append(f"another answer to {frame['client_id']}")
        else:
            self.others.append(frame)

    def _take_item(self, frame: Frame) -> None:
        seq = frame["seq"]
        if seq <= len(self.items):
            self.repeated += 1
            if self.items[seq - 1] != frame:
                self.faults.append(f"item {seq} has changed")
        elif seq == len(self.items) + 1:
            self.items.append(frame)
            self._promised.discard(frame["id"])
        else:
            self.others.append({"type": "gap", "seq": seq, "has": len(self.items)})
            asyncio.get_running_loop().create_task(self.say({"type": "resume", "after": len(self.items)}))

    def _has(self, id_: str) -> bool:
        return any(item["id"] == id_ for item in self.items)


def _end_if_cancelled() -> None:
    """`wait_for`, by which the library waits, may lose it in Python 3.11."""
    if (task := asyncio.current_task()) is not None and task.cancelling():
        raise asyncio.CancelledError
