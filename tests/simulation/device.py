"""A member's device on the web stream: the real socket of the relay, and a network that cuts and loses what was on its way."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import orjson

from relay.channels.web import frames
from relay.channels.web.socket import Socket
from tests.simulation.ledger import OneMember
from tests.simulation.life import Life
from tests.simulation.turns import Turns

GREETED, WELCOME, OVER = "greeted", "welcome", "over"


class Lost(Exception):
    """The connection, the process or the answer is gone; nobody knows what became of it."""


class NumberedSocket(Socket):
    """Stands in sets at the same place in each run."""

    __slots__ = ("_number",)

    def __init__(self, number: int, *args: Any) -> None:  # noqa: ANN401
        self._number = number
        super().__init__(*args)

    def __hash__(self) -> int:
        return self._number

    def __eq__(self, other: object) -> bool:
        return self is other


class Wire(asyncio.Transport):
    """What the relay writes arrives a little later, in order; what has not arrived when it is cut never does."""

    def __init__(self, turns: Turns, life: Life, arrive: Callable[[bytes], None], ended: Callable[[], None]) -> None:
        super().__init__()
        self.life = life
        self.socket: Socket
        self.is_cut = False
        self._turns = turns
        self._arrive = arrive
        self._ended = ended

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._turns.outside(lambda: self.is_cut or self._arrive(bytes(data)))

    def say(self, opcode: int, payload: bytes) -> None:
        """What the device writes."""
        size = len(payload)
        length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2)
        data = bytes((0x80 | opcode,)) + length + bytes(4) + payload
        self._in_life(lambda: self.socket.feed(data))

    def is_closing(self) -> bool:
        return self.is_cut

    def get_write_buffer_size(self) -> int:
        return 0

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401
        return ("127.0.0.1", 1) if name == "peername" else default

    def close(self) -> None:
        self._turns.outside(self.cut)

    def abort(self) -> None:
        self.close()

    def cut(self) -> None:
        """Both ends hear of it, if they are there."""
        if not self.is_cut:
            self.is_cut = True
            self._in_life(lambda: self.socket.connection_lost(None))
            self._ended()

    def _in_life(self, act: Callable[[], object]) -> None:
        if not self.life.is_dead:
            self._turns.loop.call_soon(act, context=self.life.context)


@dataclass(slots=True, eq=False)
class Device:
    """`items` are the ids that it showed, in order: each seq once. Who waits for an answer waits in `sent`.

    `acked` is what it has acknowledged on this connection.
    """

    number: int
    facts: OneMember
    token: str
    turns: Turns
    draw: Random
    items: list[str] = field(default_factory=list)
    sent: dict[str, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)
    wire: Wire | None = None
    is_welcome: bool = False
    is_refused: bool = False
    acked: int = 0

    @property
    def is_connected(self) -> bool:
        return self.wire is not None and self.is_welcome

    def connect(self, life: Life) -> None:
        """Says hello, with what it has."""
        self.cut()
        self.wire = wire = Wire(self.turns, life, self._heard, self._ended)
        life.hung_up.append(wire.cut)

        def begin() -> None:
            wire.socket = NumberedSocket(self.number, wire, life.streams, life.sweeper)
            wire.socket.begin()

        self.turns.loop.call_soon(begin, context=life.context)
        hello = {"type": "hello", "token": self.token, "after": len(self.items)}
        wire.say(frames.TEXT, orjson.dumps(hello))

    def cut(self) -> None:
        """Out of the house, into a tunnel."""
        if self.wire is not None:
            self.wire.cut()

    def _ended(self) -> None:
        self.wire, self.is_welcome, self.acked = None, False, 0
        waiting, self.sent = self.sent, {}
        for answer in waiting.values():
            if not answer.done():
                answer.set_exception(Lost())

    async def send(self, frame: dict[str, Any]) -> dict[str, Any]:
        """The answer to a frame with a client_id. Raises Lost."""
        if self.wire is None or not self.is_connected:
            raise Lost
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.sent[frame["client_id"]] = answer
        self.wire.say(frames.TEXT, orjson.dumps(frame))
        return await answer

    def acknowledge(self, kind: str) -> None:
        """Everything that it has arrived, or was shown."""
        if self.wire is not None and self.is_connected and self.items:
            self.wire.say(frames.TEXT, orjson.dumps({"type": kind, "seq": len(self.items)}))
            self.acked = len(self.items)

    # -------------------------------------------------------------------------------------------- what it hears

    def _heard(self, data: bytes) -> None:
        while data:
            size, start = data[1], 2
            if size > 125:
                start = 4 if size == 126 else 10
                size = int.from_bytes(data[2:start])
            opcode, payload, data = data[0] & 0xF, data[start : start + size], data[start + size :]
            if opcode == frames.TEXT:
                self._text(orjson.loads(payload))
            elif opcode == frames.PING and self.wire is not None:
                self.wire.say(frames.PONG, payload)
            elif opcode == frames.CLOSE and self.wire is not None:
                self.is_refused = self.is_refused or frames.closing_code(payload) in (4401, 4403)
                self.wire.cut()

    def _text(self, frame: dict[str, Any]) -> None:
        match frame["type"]:
            case "item":
                self._item(frame["seq"], frame["id"])
            case "welcome":
                self.is_welcome = True
            case "accepted" | "refused" if (answer := self.sent.pop(frame["client_id"], None)) is not None:
                if not answer.done():
                    answer.set_result(frame)

    def _item(self, seq: int, id_: str) -> None:
        """The wire may repeat; it may not skip, and a seq is the same item for ever."""
        if seq == len(self.items) + 1:
            self.items.append(id_)
            if self.draw.random() < 0.3:
                self.acknowledge(self.draw.choice(("ack", "read")))
        elif seq > len(self.items):
            self.turns.wrong(f"member {self.facts.n} was sent {seq} after {len(self.items)}")
        elif self.items[seq - 1] != id_:
            self.turns.wrong(f"item {seq} of member {self.facts.n} was {self.items[seq - 1]} and is {id_}")
