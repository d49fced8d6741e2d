"""A line: one member as they are reached through the broker, whatever the number of their devices; the hub gives it items.

An item counts as having left the relay when the broker has confirmed it. What the broker did not take, or lost, goes again from
what the member acknowledged.
"""

import math
from asyncio import get_running_loop
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from relay.channels.mqtt.outbox import LONGEST_WAIT, Address, Item, Outbox
from relay.channels.mqtt.parcel import Fate
from relay.channels.mqtt.topics import down
from relay.channels.web.render import Written
from relay.channels.web.session import NOBODY, Presence

WINDOW = 128  # items without an acknowledgement: far below the 1,000 that mosquitto keeps for a client before it drops
EVERY_DEVICE = "*"  # no web device is called so

Told = Callable[["Line"], None]


@dataclass(slots=True, eq=False)
class Line:
    """`last` is the highest seq that the member can know of; `acked` counts from where the present turn began.

    `asked` is from where a device wants all again, a little later. `moved` hears that the broker confirmed more, `revoked` that
    credentials of the member ended, `rests` that the broker took nothing: until `wakes_at` nothing is tried.
    """

    outbox: Outbox
    member_id: str
    moved: Told
    revoked: Told
    rests: Told
    presence: Presence = NOBODY
    device: str = EVERY_DEVICE
    sent: int = 0
    acked: int = 0
    left: int = 0
    last: int = 0
    filling: bool = False
    missed: bool = False
    asked: int | None = None
    _address: Address = field(init=False)
    _furthest: int = 0
    _is_heard: bool = False
    _is_over: bool = False
    wakes_at: float = 0.0
    _pause: float = 0.0

    def __post_init__(self) -> None:
        self._address = Address(down(self.member_id), self._settled)

    @property
    def window(self) -> int:
        """One until the broker has said that somebody listens: most of those who are away cost one publish."""
        return WINDOW if self._is_heard else 1

    @property
    def is_open(self) -> bool:
        return self.outbox.is_taking and not self._is_over and get_running_loop().time() >= self.wakes_at

    @property
    def buffered(self) -> int:
        """What waits is counted by the outbox, for all together."""
        return 0

    def write(self, written: Written, *, is_answer: bool) -> bool:
        if not self.is_open:
            self.missed = True
            return False
        self._put(self.sent + 1, written, is_answer=is_answer)
        return True

    def write_all(self, items: Sequence[Written]) -> bool:
        if not self.is_open:
            return False
        for seq, written in enumerate(items, self.sent + 1):
            self._put(seq, written, is_answer=False)
        return True

    def revoke(self) -> None:
        self.revoked(self)

    def _put(self, seq: int, written: Written, *, is_answer: bool) -> None:
        address = self._address
        if seq <= self._furthest:
            self.outbox.figures.resent += 1
        else:
            self._furthest = seq
            self.last = max(self.last, seq)
        self.outbox.put(Item(address, seq, address.turn, written.json), is_answer=is_answer)

    # ---------------------------------------------------------------------------------------------- from the broker's side

    def resume(self, after: int) -> None:
        """A device is there and has everything up to `after`: what follows goes again."""
        self._begin(after)
        self._is_heard = True
        self.wakes_at = 0.0

    def come_back(self) -> None:
        """The broker may have lost what it confirmed, and what a device said while nobody listened."""
        self._begin(self.acked)
        self._is_heard = False
        self.wakes_at = 0.0

    def hear(self) -> None:
        """A device said something, so one is there."""
        self._is_heard = True
        self.wakes_at = 0.0

    def end(self) -> None:
        """It gives nothing any more, whatever still holds it."""
        self._begin(self.sent)
        self._is_over = True

    @property
    def is_behind(self) -> bool:
        return self.missed or self.sent < self.last

    def _begin(self, after: int) -> None:
        self._address.turn += 1
        self._address.waiting = 0
        self.sent = self.acked = after

    def _sleep(self, *, for_ever: bool) -> None:
        """Longer each time, until the broker takes something."""
        now = get_running_loop().time()
        self._is_heard = False
        if for_ever:
            self.wakes_at = math.inf
        elif now >= self.wakes_at:  # once for all that was under way together
            self._pause = min(2 * self._pause, LONGEST_WAIT) or self.outbox.wait
            self.wakes_at = now + self._pause
            self.rests(self)

    def _settled(self, seq: int, turn: int, fate: Fate) -> None:
        figures = self.outbox.figures
        if fate is Fate.SENT:
            figures.out += 1
            if turn == self._address.turn and seq > self.sent:
                return  # one before it did not leave: it goes again behind that one
            self._is_heard = True
            self._pause = 0.0
            self.left = max(self.left, seq)
            self.moved(self)
            return
        if turn == self._address.turn:
            self.sent = min(self.sent, seq - 1)
            if fate is not Fate.LOST:
                self._sleep(for_ever=fate is Fate.NOBODY)
        if fate in {Fate.DENIED, Fate.FULL}:
            figures.denied += 1
