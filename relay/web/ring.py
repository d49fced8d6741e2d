"""The ring: the last events in memory, under positions that a reader can resume from until they fall off its end."""

from dataclasses import dataclass, field

from relay.core.staff import Actor
from relay.web.events import Event
from relay.web.views import dumps


@dataclass(slots=True)
class Entry:
    """One event, written out when the first reader needs it; emptied when its member is erased."""

    event: Event | None
    position: str
    community: str | None
    _frames: dict[bool, bytes] = field(default_factory=dict)

    def frame(self, actor: Actor) -> bytes | None:
        """What this reader gets; None when it is not for them."""
        event = self.event
        if event is None or not event.is_for(actor):
            return None
        with_held = event.variant(actor)
        frame = self._frames.get(with_held)
        if frame is None:
            head = {"type": "event", "position": self.position, "community": self.community}
            frame = self._frames[with_held] = dumps({**head, **event.shown(with_held=with_held)})
        return frame

    def empty(self) -> None:
        """Nobody who comes later reads it."""
        self.event = None
        self._frames.clear()


class Ring:
    """`name` tells one process's positions from another's."""

    def __init__(self, name: str, size: int) -> None:
        self.head = 0
        self._name = name
        self._epoch = name
        self._size = size
        self._entries: dict[int, Entry] = {}

    def begin_anew(self) -> None:
        """Nobody resumes from a position that was given before."""
        self._epoch = f"{self._name}-{self.head}"
        self._entries.clear()
        self.head += 1

    def append(self, event: Event, community: str | None) -> None:
        self.head += 1
        self._entries[self.head] = Entry(event, self.position(self.head), community)
        self._entries.pop(self.head - self._size, None)

    def position(self, n: int) -> str:
        return f"{self._epoch}.{n}"

    def at(self, n: int) -> Entry | None:
        """None when it has fallen off."""
        return self._entries.get(n)

    def resumed(self, position: str) -> int | None:
        """The number behind a position; None when what follows it is not all here any more."""
        epoch, _, text = position.rpartition(".")
        if epoch != self._epoch or not text.isascii() or not text.isdigit() or len(text) > len(str(self.head)):
            return None
        n = int(text)
        return n if n <= self.head and (n == self.head or n + 1 in self._entries) else None

    def erase(self, member: int) -> None:
        """Empties what holds words or names of a member."""
        for entry in self._entries.values():
            if entry.event is not None and entry.event.member == member:
                entry.empty()
