"""Visits to the broker that leave nothing behind: one that ends a session, and one that has it write the others down."""

import asyncio

from relay.channels.mqtt.link import Terms, visiting


async def purge(terms: Terms) -> None:
    """Comes once under the client id and leaves: what the broker held for it, session and queue, is gone. Raises LinkError."""
    async with visiting(terms):
        pass


async def stir(terms: Terms, topic: str, times: int) -> None:
    """Subscribes so many times, each of which mosquitto counts as a change to be saved, and once more when they are answered.

    The last answer comes from a broker that has saved: it does so between two reads. Raises LinkError.
    """
    async with visiting(terms) as client:
        await asyncio.gather(*(client.subscribe(topic, 1) for _ in range(times)))
        await client.subscribe(topic, 1)
