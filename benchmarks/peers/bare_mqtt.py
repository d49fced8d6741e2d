"""A bare aiomqtt client in a process of its own, as its documentation shows it: publishes with some in flight, reads in a loop.

    python -m benchmarks.peers.bare_mqtt PORT

On standard input `post N BYTES` publishes to N topics; from `answer` to `quiet` it answers what comes on members' topics. It
stores nothing and judges nothing.
"""

import asyncio
import logging
import sys

import aiomqtt

IN_FLIGHT = 50
TOPICS = "relay/v1/m/+/up"


async def main(port: int) -> None:
    logging.disable()  # it warns of every publish beyond ten in flight
    async with aiomqtt.Client(
        "127.0.0.1", port, identifier="bare", protocol=aiomqtt.ProtocolVersion.V5, max_inflight_messages=IN_FLIGHT
    ) as client:
        reading: asyncio.Task[None] | None = None
        print('{"event":"ready"}', flush=True)
        while words := (await asyncio.to_thread(sys.stdin.readline)).split():
            if words[0] == "post":
                await _post(client, int(words[1]), b"x" * int(words[2]))
            elif words[0] == "answer":
                await client.subscribe(TOPICS, qos=1)
                reading = asyncio.create_task(_answer(client))
            elif reading is not None:
                await client.unsubscribe(TOPICS)
                reading.cancel()
            print('{"event":"done"}', flush=True)


async def _post(client: aiomqtt.Client, count: int, payload: bytes) -> None:
    async def some(first: int) -> None:
        for number in range(first, count, IN_FLIGHT):
            await client.publish(f"relay/v1/m/{number}/down", payload, qos=1)

    await asyncio.gather(*(some(first) for first in range(IN_FLIGHT)))


async def _answer(client: aiomqtt.Client) -> None:
    room = asyncio.Semaphore(IN_FLIGHT)
    tasks: set[asyncio.Task[None]] = set()

    async def answer(topic: str) -> None:
        try:
            await client.publish(topic, b'{"type":"accepted","client_id":"0","id":"x","at":"2026"}', qos=1)
        finally:
            room.release()

    async for message in client.messages:
        await room.acquire()
        task = asyncio.create_task(answer(str(message.topic).replace("/up", "/down")))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
