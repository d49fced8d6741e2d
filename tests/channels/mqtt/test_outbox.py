"""The outbox in front of a link: what ends connections is not said for ever, and what is dropped is never a member's item."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from relay.channels.mqtt.figures import Figures
from relay.channels.mqtt.line import Line
from relay.channels.mqtt.link import Link, Terms
from relay.channels.mqtt.outbox import MOST_ANSWERS, TRIES, Address, Item, Outbox
from relay.channels.mqtt.parcel import Arrival, Fate
from relay.channels.web.render import Written

PATIENCE = 20.0  # seconds; a test that waits longer has failed
CONNACK = bytes.fromhex("2003000000")
PUBLISH = 0x30


async def within(waiting: Awaitable[None]) -> None:
    async with asyncio.timeout(PATIENCE):
        await waiting


@dataclass
class Ear:
    """Tells the outbox what the link tells."""

    outbox: Outbox
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    def arrived(self, arrival: Arrival) -> None:
        """Nothing comes."""

    def came(self) -> None:
        self.outbox.call()

    def went(self) -> None:
        self.outbox.forget_items()
        self.gone.set()

    def has_room(self) -> None:
        self.outbox.call()


async def test_an_answer_that_ends_each_connection_is_given_up() -> None:
    published = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Takes a connection, and ends it at the first word."""
        nonlocal published
        await reader.read(1024)
        writer.write(CONNACK)
        said = await reader.read(1024)
        published += bool(said) and said[0] & 0xF0 == PUBLISH
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        link = Link(Terms("127.0.0.1", server.sockets[0].getsockname()[1], "relay", ()), Random(1))
        outbox = Outbox(link, Figures())
        ear = link.handler = Ear(outbox)
        outbox.answer("somewhere", b"x")
        running = asyncio.create_task(link.run())

        async def given_up() -> None:
            while not outbox.figures.denied:
                ear.gone.clear()
                await ear.gone.wait()

        await within(given_up())
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    assert published == TRIES


def _unheard(seq: int, turn: int, fate: Fate) -> None:
    """Nothing is published."""


async def test_past_the_bound_the_oldest_answer_goes_and_no_item() -> None:
    link = Link(Terms("127.0.0.1", 1, "relay", ()), Random(1))
    outbox = Outbox(link, Figures())

    outbox.put(Item(Address("ada", _unheard), 1, 0, b"item"), is_answer=True)
    for number in range(2 * MOST_ANSWERS):
        outbox.answer("bob", b"%d" % number)

    kept = [each.payload for each in outbox._first]  # noqa: SLF001 - what would be published next
    assert kept[:2] == [b"item", b"1"]
    assert len(kept) == 2 * MOST_ANSWERS


async def test_what_the_broker_takes_behind_what_it_denied_has_not_left() -> None:
    link = Link(Terms("127.0.0.1", 1, "relay", ()), Random(1))
    link.why_away = None
    moved: list[int] = []
    line = Line(Outbox(link, Figures()), "ada", lambda line: moved.append(line.left), lambda _: None, lambda _: None)
    line.write_all([Written(b"1", b""), Written(b"2", b"")])
    line.sent = 2
    first, second = line.outbox._bulk  # noqa: SLF001 - what would be published next

    first.to.settled(1, first.turn, Fate.DENIED)
    second.to.settled(2, second.turn, Fate.SENT)

    assert (moved, line.left, line.sent, line.window) == ([], 0, 0, 1)
