"""An MQTT client that says whatever a hostile one may say, in 3.1.1 and 5, and tells every code that comes back."""

import asyncio
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Final

V311: Final = 4
V5: Final = 5
PATIENCE: Final = 10.0  # seconds for an answer of a broker on this machine
CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK, PINGRESP, DISCONNECT = 2, 3, 4, 5, 6, 7, 9, 11, 13, 14
EXPIRY, ALIAS = 0x11, 0x23  # properties of MQTT 5
CUT: Final = -1  # instead of a code: the broker ended the connection
NO_ANSWER: Final = -2  # instead of a code: none within the patience


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker says for the client when its connection breaks."""

    topic: str
    payload: bytes
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Hello:
    """A CONNECT; `expiry` is how long MQTT 5 keeps the session, in seconds."""

    client_id: str
    user: str | None = None
    password: str | None = None
    version: int = V5
    clean: bool = True
    expiry: int = 0
    will: Will | None = None

    def packet(self) -> bytes:
        flags = (
            (0x02 if self.clean else 0) | (0x80 if self.user is not None else 0) | (0x40 if self.password is not None else 0)
        )
        payload = text(self.client_id)
        if self.will is not None:
            flags |= 0x04 | 0x08 | (0x20 if self.will.retain else 0)
            payload += (b"\0" if self.version == V5 else b"") + text(self.will.topic) + binary(self.will.payload)
        payload += b"".join(text(each) for each in (self.user, self.password) if each is not None)
        properties = bytes([5, EXPIRY]) + struct.pack("!I", self.expiry) if self.version == V5 else b""
        return packet(0x10, text("MQTT") + bytes([self.version, flags]) + struct.pack("!H", 60) + properties + payload)


class Refused(Exception):
    """The broker took no connection; `code` is that of the CONNACK, or CUT."""

    def __init__(self, code: int) -> None:
        super().__init__(hex(code))
        self.code = code


@dataclass(slots=True)
class Client:
    """A connection; `received` are (topic, payload) of every PUBLISH that came. `ended` is set when the broker ended it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    version: int
    had_session: bool = False
    acknowledges: bool = True
    received: list[tuple[str, bytes]] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _ids: "count[int]" = field(default_factory=lambda: count(1))
    _answers: dict[tuple[int, int], asyncio.Future[int]] = field(default_factory=dict)
    _task: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, port: int, hello: Hello) -> "Client":
        """Raises Refused."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        client = cls(reader, writer, hello.version)
        writer.write(hello.packet())
        try:
            async with asyncio.timeout(PATIENCE):
                _, body = await read(reader)
        except (OSError, asyncio.IncompleteReadError):
            await client.drop()
            raise Refused(CUT) from None
        if body[1]:
            await client.drop()
            raise Refused(body[1])
        client.had_session = bool(body[0] & 1)
        client._task = asyncio.create_task(client._listen(), name=f"mqtt {hello.client_id}")
        return client

    async def subscribe(self, topic: str, qos: int = 1) -> int:
        """The code of the SUBACK: 0 to 2 are granted, 0x80 and above are refused."""
        return await self._ask(0x82, SUBACK, text(topic) + bytes([qos]))

    async def unsubscribe(self, topic: str) -> int:
        return await self._ask(0xA2, UNSUBACK, text(topic))

    async def ping(self) -> None:
        """Returns when everything that the broker had to say before has come; at once when it has ended the connection."""
        if self.ended.is_set():
            return
        waiting: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._answers[PINGRESP, 0] = waiting
        self._write(bytes([0xC0, 0]))
        async with asyncio.timeout(PATIENCE):
            await waiting

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False, qos: int = 1, alias: int | None = None) -> int:
        """The code of the PUBACK or PUBREC; 3.1.1 has none but 0. With QoS 0 nothing is waited for."""
        properties = b"" if self.version != V5 else bytes([3, ALIAS]) + struct.pack("!H", alias) if alias else b"\0"
        kind = 0x30 | qos << 1 | retain
        if qos:
            return await self._ask(kind, PUBACK if qos == 1 else PUBREC, payload, front=text(topic), middle=properties)
        self._write(packet(kind, text(topic) + properties + payload))
        return 0

    async def _ask(self, kind: int, answer: int, body: bytes, *, front: bytes = b"", middle: bytes | None = None) -> int:
        number = next(self._ids)
        waiting: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._answers[answer, number] = waiting
        if middle is None:
            middle = b"\0" if self.version == V5 else b""
        self._write(packet(kind, front + struct.pack("!H", number) + middle + body))
        if self.ended.is_set():
            return CUT
        try:
            async with asyncio.timeout(PATIENCE):
                return await waiting
        except TimeoutError:
            return NO_ANSWER

    def _write(self, data: bytes) -> None:
        with suppress(OSError):
            self.writer.write(data)

    async def heard(self, number: int = 1) -> list[tuple[str, bytes]]:
        """What came, when it is at least so much. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE):
            while len(self.received) < number:
                self._news.clear()
                await self._news.wait()
        return self.received

    async def close(self) -> None:
        """With a farewell, so that no will is published."""
        self._write(bytes([0xE0, 0]))
        await self.drop()

    async def drop(self) -> None:
        """Without a word."""
        self.writer.close()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        with suppress(OSError):
            await self.writer.wait_closed()

    async def _listen(self) -> None:
        try:
            while True:
                self._take(*await read(self.reader))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._end()

    def _end(self) -> None:
        self.ended.set()
        for waiting in self._answers.values():
            if not waiting.done():
                waiting.set_result(CUT)
        self._answers.clear()

    def _take(self, kind: int, body: bytes) -> None:
        if kind >> 4 == PUBLISH:
            self._take_message(kind, body)
        elif kind >> 4 == PINGRESP:
            self._answers.pop((PINGRESP, 0)).set_result(0)
        elif kind >> 4 in {PUBACK, PUBREC, SUBACK, UNSUBACK}:
            waiting = self._answers.pop((kind >> 4, int.from_bytes(body[:2])), None)
            if waiting is not None:
                waiting.set_result(self._code(kind >> 4, body))
            if kind >> 4 == PUBREC and self._code(PUBREC, body) < 0x80:
                self._write(packet(0x62, body[:2]))

    def _code(self, kind: int, body: bytes) -> int:
        if kind in {SUBACK, UNSUBACK}:
            return body[-1] if len(body) > 2 else 0
        return body[2] if len(body) > 2 else 0

    def _take_message(self, kind: int, body: bytes) -> None:
        end = 2 + int.from_bytes(body[:2])
        topic, rest = body[2:end].decode(), body[end:]
        if kind >> 1 & 3:
            number, rest = rest[:2], rest[2:]
            if self.acknowledges:
                self._write(packet(0x40, number))
        if self.version == V5:
            length, used = variable(rest)
            rest = rest[used + length :]
        self.received.append((topic, rest))
        self._news.set()


async def read(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """One packet: its first byte and its body."""
    kind = (await reader.readexactly(1))[0]
    length = shift = 0
    while True:
        byte = (await reader.readexactly(1))[0]
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return kind, await reader.readexactly(length)


def variable(data: bytes) -> tuple[int, int]:
    """A variable byte integer, and how many bytes it took."""
    value = 0
    for place, byte in enumerate(data[:4]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, place + 1
    raise ValueError("no variable byte integer")


def packet(kind: int, body: bytes) -> bytes:
    length, left = bytearray(), len(body)
    while True:
        left, low = left >> 7, left & 0x7F
        length.append(low | (0x80 if left else 0))
        if not left:
            return bytes([kind]) + bytes(length) + body


def text(value: str) -> bytes:
    return binary(value.encode("utf-8", "surrogatepass"))


def binary(value: bytes) -> bytes:
    return struct.pack("!H", len(value)) + value
