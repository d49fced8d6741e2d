"""A wire between a client and a server that a test can cut, or leave connected while nothing comes back through it."""

import asyncio
from contextlib import suppress


class Wire:
    """Forwards to `port` on this machine. `mute` keeps from the client what the server says, from now on."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_mute = False
        self.swallowed = asyncio.Event()

    async def open(self) -> int:
        """The port to connect to."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    def mute(self) -> None:
        """`swallowed` is set when the server has answered something that did not come through."""
        self._is_mute = True
        self.swallowed.clear()

    def cut(self) -> None:
        """Ends what is connected; who comes then is heard again."""
        self._is_mute = False
        for end in tuple(self._ends):
            end.transport.abort()

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.transport.abort()
            return
        loop = asyncio.get_running_loop()
        for source, sink, is_answer in ((reader, far_writer, False), (far_reader, writer, True)):
            self._ends.add(sink)
            task = loop.create_task(self._forward(source, sink, is_answer=is_answer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _forward(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, is_answer: bool) -> None:
        with suppress(OSError):
            while said := await source.read(65_536):
                if is_answer and self._is_mute:
                    self.swallowed.set()
                    continue
                sink.write(said)
                await sink.drain()
        sink.close()
        self._ends.discard(sink)
