"""The proxy of these tests loses what a fault loses, and nothing else."""

import asyncio
import socket
from random import Random

from tests.e2e.server import within
from tests.network.proxy import Address, Proxy

LIMIT_S = 10.0


async def test_what_is_said_while_the_way_is_being_made_arrives_though_it_heals_meanwhile() -> None:
    heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.set_result(await reader.readexactly(5))
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)

    def place() -> Address:
        proxy.heal()
        return "127.0.0.1", server.sockets[0].getsockname()[1]

    async with server, Proxy(place, Random(0)) as proxy:
        with socket.create_connection(("127.0.0.1", proxy.port)) as client:  # the kernel answers: the proxy has not seen it
            client.sendall(b"hello")
            async with within(LIMIT_S, "what was said arrives"):
                assert await heard == b"hello"
