"""What waits for the broker, in two lanes: answers overtake bulk. Nothing waits longer than the broker takes for its PUBACKs.

Full means: members' items are not taken and come from the store later; whoever brings answers waits.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from relay.channels.mqtt.figures import Figures
from relay.channels.mqtt.link import Link
from relay.channels.mqtt.parcel import Fate

MOST_ITEMS = 32_768  # items that may wait: 100 bytes each, since those of one post share its text
MOST_ANSWERS = 4096  # answers that may wait: 1 KiB each or so
SLICE = 64  # publishes a turn of the loop: 2 ms
TRIES = 4  # connections that may end under an answer: it may be what ends them, and is asked for again
WAIT, LONGEST_WAIT = 30.0, 960.0  # seconds until what the broker denied is tried again: doubled each time


@dataclass(slots=True, eq=False)
class Address:
    """A topic and what is known of it. A higher `turn` makes what still waits from before worthless: it is sent anew.

    `settled` hears of each item, with its seq and the turn it was put in.
    """

    topic: str
    settled: Callable[[int, int, Fate], None]
    turn: int = 0
    waiting: int = 0


class Item(NamedTuple):
    """An item of a member, on its way."""

    to: Address
    seq: int
    turn: int
    payload: bytes


class Answer(NamedTuple):
    """Any other frame; `correlation` goes along with it."""

    topic: str
    payload: bytes
    correlation: bytes | None
    tries: int = 1


def _nothing() -> None:
    """Nobody waits for room."""


@dataclass(slots=True)
class Outbox:
    """In front of the link. `emptied` is called when items are taken again after it was full; `wait` as WAIT."""

    link: Link
    figures: Figures
    emptied: Callable[[], None] = _nothing
    wait: float = WAIT
    _first: deque[Item | Answer] = field(default_factory=deque)
    _bulk: deque[Item] = field(default_factory=deque)
    _is_called: bool = False
    _was_full: bool = False
    _calm: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_taking(self) -> bool:
        """Whether items are taken."""
        if len(self._bulk) >= MOST_ITEMS or len(self._first) >= MOST_ANSWERS:
            self._was_full = True
            return False
        return self.link.why_away is None

    def put(self, item: Item, *, is_answer: bool) -> None:
        """An answer goes ahead of others' items, never ahead of the same member's."""
        if is_answer and not item.to.waiting:
            self._first.append(item)
        else:
            item.to.waiting += 1
            self._bulk.append(item)
        self._call()

    def answer(self, topic: str, payload: bytes, correlation: bytes | None = None) -> None:
        """An answer waits for a broker that is away; past the bound the oldest goes, and is asked for again."""
        if len(self._first) >= 2 * MOST_ANSWERS:
            self._drop_one()
        self._first.append(Answer(topic, payload, correlation))
        self._call()

    def _drop_one(self) -> None:
        """An item stays, since its line believes that it is on its way; of items there are half as many at most."""
        oldest = next((at for at, each in enumerate(self._first) if isinstance(each, Answer)), None)
        if oldest is not None:
            del self._first[oldest]

    async def calm(self) -> None:
        """Returns when there is room for answers."""
        while len(self._first) >= MOST_ANSWERS and self.link.why_away is None:
            self._calm.clear()
            await self._calm.wait()

    def forget_items(self) -> None:
        """The connection is gone: items are sent anew from where each member is."""
        for item in self._bulk:
            item.to.waiting = 0
        self._bulk.clear()
        self._first = deque(each for each in self._first if isinstance(each, Answer))
        self._calm.set()

    def call(self) -> None:
        """There is room at the broker."""
        if self._first or self._bulk:
            self._call()

    def _call(self) -> None:
        if not self._is_called:
            self._is_called = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        self._is_called = False
        for _ in range(min(SLICE, self.link.room)):
            if self._first:
                if not self._answer_or_item(self._first[0]):
                    return
                self._first.popleft()
            elif self._bulk:
                item = self._bulk[0]
                if not self._item(item):
                    return
                self._bulk.popleft()
                if item.turn == item.to.turn:
                    item.to.waiting -= 1
            else:
                break
        if (self._first or self._bulk) and self.link.room:
            self._call()
        self._tell()

    def _answer_or_item(self, note: Item | Answer) -> bool:
        if isinstance(note, Item):
            return self._item(note)
        return self.link.publish(note.topic, note.payload, partial(self._answered, note), note.correlation)

    def _item(self, item: Item) -> bool:
        """One of an earlier turn is passed over."""
        to = item.to
        return item.turn != to.turn or self.link.publish(to.topic, item.payload, partial(to.settled, item.seq, item.turn))

    def _answered(self, note: Answer, fate: Fate) -> None:
        if fate is Fate.SENT:
            self.figures.out += 1
        elif fate is Fate.LOST and note.tries < TRIES:
            self._first.append(note._replace(tries=note.tries + 1))
        elif fate is not Fate.NOBODY:
            self.figures.denied += 1

    def _tell(self) -> None:
        if len(self._first) < MOST_ANSWERS:
            self._calm.set()
        if self._was_full and len(self._bulk) < MOST_ITEMS // 2:
            self._was_full = False
            self.emptied()
