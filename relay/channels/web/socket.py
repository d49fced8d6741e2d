"""The slim WebSocket of a member, and the sweeper that keeps the time for all of them.

A connection that idles costs a small slotted protocol and asyncio's transport, no task and no timer: deadlines, pings
and the end of half-open connections are the work of one `Sweeper`. The handler's functions are plain calls from the
event loop; `closed` comes exactly once, after `opened`, whoever ended the connection. `upgrade.py` makes the sockets.
"""

import asyncio
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from socket import SO_LINGER, SOL_SOCKET
from typing import Any, Protocol

from relay.channels.web import frames
from relay.channels.web.frames import Event, Parser, ProtocolError

SIGN_IN = 4401  # close code: no hello in time, or one that does not sign in

PASS_PAUSE = 0.5  # seconds between two passes of the sweeper: how late a deadline may be met
SLICE = 512  # sockets a turn of the loop: well under a millisecond
INBOX = 65_536  # bytes a read: all sockets share one buffer, since asyncio's own of 256 KiB a read costs 15 us

_PING = frames.ping()
_NO_LINGER = struct.pack("ii", 1, 0)  # close with a reset: else the kernel goes on for a reader who takes a kilobyte a second
_SILENT, _PINGED = 1, 2  # turns of `Terms.ping` without a byte from the peer
_NEW, _ADMITTED, _CLOSING, _DEAF, _CLOSED = range(5)  # states only grow; from _CLOSING on nothing more is handed over


@dataclass(frozen=True, slots=True)
class Terms:
    """How long and how much a socket may; durations in seconds, sizes in bytes."""

    hello: float = 5.0  # from the handshake to `Socket.admit`
    ping: float = 20.0  # silence for two of these is answered by a ping, for three by an abort
    grace: float = 1.0  # for the peer to answer a close frame, or to read what is left
    message: int = frames.MESSAGE_LIMIT
    buffer: int = 65_536  # what may wait for a slow reader


class Handler(Protocol):
    """What happens on a socket: `received` gets the UTF-8 of one message, `closed` the close code (1006 for none)."""

    def opened(self, socket: "Socket", /) -> None: ...
    def received(self, socket: "Socket", text: bytes, /) -> None: ...
    def closed(self, socket: "Socket", code: int, /) -> None: ...


class Sweeper:
    """Knows every open socket and walks over them in slices; one periodic callback for all deadlines.

    `farewell` gives the bytes (a framed bye) that go out ahead of a close that the socket decides on by itself.
    """

    def __init__(
        self,
        terms: Terms = Terms(),
        *,
        clock: Callable[[], float] = time.monotonic,
        farewell: Callable[[int], bytes] = lambda _code: b"",
    ) -> None:
        self.terms = terms
        self.clock = clock
        self.farewell = farewell
        self.inbox = memoryview(bytearray(INBOX))
        self._sockets: set[Socket] = set()
        self._rest: Iterator[Socket] = iter(())
        self._next: asyncio.Handle | None = None

    def __len__(self) -> int:
        return len(self._sockets)

    def __iter__(self) -> Iterator["Socket"]:
        """Every socket open at this moment; they may close meanwhile."""
        return iter(list(self._sockets))

    def add(self, socket: "Socket") -> None:
        self._sockets.add(socket)

    def discard(self, socket: "Socket") -> None:
        self._sockets.discard(socket)

    def start(self) -> None:
        self.stop()
        self._next = asyncio.get_running_loop().call_later(PASS_PAUSE, self._begin)

    def stop(self) -> None:
        """No more passes; the sockets stay as they are."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def sweep(self) -> None:
        """One whole pass at once."""
        self._look_at(list(self._sockets))

    def _begin(self) -> None:
        self._rest = iter(self)
        self._go_on()

    def _go_on(self) -> None:
        part = list(islice(self._rest, SLICE))
        self._look_at(part)
        loop = asyncio.get_running_loop()
        if len(part) == SLICE:
            self._next = loop.call_soon(self._go_on)
        else:
            self._next = loop.call_later(PASS_PAUSE, self._begin)

    def _look_at(self, sockets: list["Socket"]) -> None:
        now = self.clock()
        for socket in sockets:
            if socket.due_at <= now:
                socket.overdue(now)


class Socket(asyncio.BufferedProtocol):
    """One member's connection. `session` is the handler's own slot, emptied after `closed`."""

    __slots__ = (
        "_code", "_handler", "_parser", "_silence", "_state", "_sweeper", "_transport", "_waiting", "due_at", "session"
    )  # fmt: skip

    def __init__(self, transport: asyncio.Transport, handler: Handler, sweeper: Sweeper) -> None:
        self.session: Any = None
        self.due_at = sweeper.clock() + sweeper.terms.hello
        self._transport = transport
        self._handler = handler
        self._sweeper = sweeper
        self._parser: Parser | None = None
        self._state = _NEW
        self._silence = 0
        self._code = frames.LOST
        self._waiting: list[bytes] | None = None

    # ------------------------------------------------------------------------------------------- for the handler

    @property
    def peer(self) -> str:
        """The other end's address, without the port; empty when there is none to tell."""
        name = self._transport.get_extra_info("peername")
        return str(name[0]) if isinstance(name, tuple) else ""

    @property
    def buffered(self) -> int:
        """Bytes that wait in the process for the peer to read."""
        return 0 if self._state == _CLOSED else self._transport.get_write_buffer_size()

    @property
    def is_slow(self) -> bool:
        """Whether more waits than `Terms.buffer`: the next `send` will cut the connection."""
        return self.buffered > self._sweeper.terms.buffer

    @property
    def is_open(self) -> bool:
        return self._state < _CLOSING

    def admit(self) -> None:
        """The hello was good: from now on the deadline is that of pings."""
        if self._state == _NEW:
            self._state = _ADMITTED
            self.due_at = self._sweeper.clock() + self._sweeper.terms.ping

    def send(self, frame: bytes) -> bool:
        """Write framed bytes. False: not taken, because the socket is closing or has just been cut as too slow (1013).

        One write may be larger than `Terms.buffer`; what waits is only ever looked at before a write.
        """
        if self._waiting is not None:
            frame = self._gathered() + frame
        if self._state >= _CLOSING or self._transport.is_closing():
            return False
        if self._transport.get_write_buffer_size() > self._sweeper.terms.buffer:
            self._end(frames.TOO_SLOW, "too slow")
            return False
        self._transport.write(frame)
        return True

    def send_together(self, frame: bytes) -> bool:
        """Like `send`, in one write with whatever else comes for this socket until the loop has turned twice.

        A write costs 20 us in the kernel, and a reply has two frames: its item, and that it was accepted, a turn later.
        """
        if not self.is_open or self.is_slow:
            return self.send(frame)
        if self._waiting is None:
            self._waiting = [frame]
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self._flush)
        else:
            self._waiting.append(frame)
        return True

    def close(self, code: int, reason: str = "", farewell: bytes = b"") -> None:
        """Send `farewell` (framed) and the close frame; the end comes with the peer's answer or after the grace."""
        if self._state >= _CLOSING:
            return
        self._shut(_CLOSING, code)
        if not self._transport.is_closing():
            self._transport.write(self._gathered() + farewell + frames.close(code, reason))

    def abort(self) -> None:
        """End the connection now; what waits is dropped, here and in the kernel.

        What waits in the kernel alone, such as the goodbye to a peer far away, may still arrive.
        """
        self._state = max(self._state, _DEAF)
        if self.buffered and (raw := self._transport.get_extra_info("socket")) is not None:
            raw.setsockopt(SOL_SOCKET, SO_LINGER, _NO_LINGER)
        self._transport.abort()

    # ------------------------------------------------------------------------------------------ for the sweeper

    def overdue(self, now: float) -> None:
        if self._state >= _CLOSING:
            self.due_at = now + self._sweeper.terms.grace
            self.abort()
        elif self._state == _NEW:
            self._end(SIGN_IN, "no hello")
        else:
            self._check_silence(now)

    def _check_silence(self, now: float) -> None:
        self.due_at = now + self._sweeper.terms.ping
        self._silence += 1
        if self._silence == _PINGED:
            self.send(_PING)
        elif self._silence > _PINGED:
            self.abort()

    # ----------------------------------------------------------------------------------------- for the transport

    def begin(self) -> None:
        """The connection is this socket's: tell the handler."""
        self._sweeper.add(self)
        self._handler.opened(self)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        return self._sweeper.inbox

    def buffer_updated(self, nbytes: int) -> None:
        self.feed(bytes(self._sweeper.inbox[:nbytes]))

    def feed(self, data: bytes) -> None:
        self._silence = 0
        if self._state >= _DEAF:
            return
        if self._parser is None:
            text = frames.whole(data)
            if text is not None and len(text) <= self._sweeper.terms.message:
                if self._state < _CLOSING:
                    self._handler.received(self, text)
                return
            self._parser = Parser(self._sweeper.terms.message)
        self._parse(self._parser, data)

    def eof_received(self) -> None:
        """Let the transport close, bounded: a peer that has stopped writing may have stopped reading too."""
        self._deafen(frames.LOST)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        if self._state == _CLOSED:
            return
        self._state = _CLOSED
        self._parser = None
        self._sweeper.discard(self)
        try:
            self._handler.closed(self, self._code)
        finally:
            self.session = None

    def _parse(self, parser: Parser, data: bytes) -> None:
        try:
            for event in parser.feed(data):
                self._take(event)
        except ProtocolError as error:
            self._end(error.code, error.reason)
            self._deafen(error.code)
        if parser.is_idle or self._state >= _DEAF:
            self._parser = None

    def _take(self, event: Event) -> None:
        if event.kind == frames.CLOSE:
            self._answer_close(frames.closing_code(event.payload))
        elif self._state >= _CLOSING:
            return
        elif event.kind == frames.TEXT:
            self._handler.received(self, event.payload)
        elif event.kind == frames.PING:
            self.send(frames.pong(event.payload))

    def _answer_close(self, code: int) -> None:
        """Both close frames have now crossed, or cross with this one: the server closes first (RFC 6455, 7.1.1)."""
        if self._state < _CLOSING and not self._transport.is_closing():
            self._transport.write(frames.close(code))
        self._deafen(code)
        self._transport.close()

    def _gathered(self) -> bytes:
        """What waits for the end of the turn, in its order; taken."""
        waiting, self._waiting = self._waiting, None
        return b"".join(waiting or ())

    def _flush(self) -> None:
        if self._waiting is not None:
            self.send(self._gathered())

    def _end(self, code: int, reason: str) -> None:
        self.close(code, reason, self._sweeper.farewell(code))

    def _deafen(self, code: int) -> None:
        """Read nothing more, the peer's close frame included."""
        self._shut(_DEAF, code)

    def _shut(self, state: int, code: int) -> None:
        """Enter a closing state; the first one sets the code and the deadline."""
        if self._state < _CLOSING:
            self._code = code
            self.due_at = self._sweeper.clock() + self._sweeper.terms.grace
        self._state = max(self._state, state)
