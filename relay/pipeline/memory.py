"""Memory of plugins: a bounded store in the process, with expiry, cut into spaces that never see each other.

A space belongs to one plugin and one member. The longest unused spaces are dropped when the store is full, so a plugin may
forget early and must never rest correctness on remembering.
"""

from collections import OrderedDict
from collections.abc import Callable
from sys import getsizeof
from typing import TypeVar

from relay.plugin import Memory

MOST_SPACES = 100_000  # plugin and member pairs: 50,000 members who wrote lately, with two remembering plugins
MOST_BYTES = 64 * 1024 * 1024  # rough size of all values; a store that grows with its senders can be made to end the process
MOST_KEYS = 64  # in one space: one member can then push out only their own keys

ValueT = TypeVar("ValueT")
Space = tuple[str, str]


class MemoryStore:
    """All spaces of one pipeline. `monotonic` gives seconds that never go back."""

    __slots__ = ("_bytes", "_monotonic", "_most_bytes", "_most_spaces", "_spaces")

    def __init__(self, monotonic: Callable[[], float], most_spaces: int = MOST_SPACES, most_bytes: int = MOST_BYTES) -> None:
        self._monotonic = monotonic
        self._most_spaces = most_spaces
        self._most_bytes = most_bytes
        self._bytes = 0
        self._spaces: OrderedDict[Space, dict[str, tuple[object, float, int]]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._spaces)

    def of(self, plugin: str, member: str) -> Memory:
        """Give the memory of one plugin for one member; `member` is empty for what a plugin shares across members."""
        return _SpaceMemory(self, (plugin, member))

    def read(self, space: Space, key: str) -> tuple[object, float] | None:
        """Give a live value and when it expires."""
        kept = self._spaces.get(space)
        if kept is None or (found := kept.get(key)) is None:
            return None
        if found[1] <= self._monotonic():
            self.drop(space, key)
            return None
        self._spaces.move_to_end(space)
        return found[0], found[1]

    def write(self, space: Space, key: str, value: object, expires: float) -> None:
        kept = self._spaces.get(space)
        if kept is None:
            kept = self._spaces[space] = {}
        size = _size(value)
        old = kept.pop(key, None)
        self._bytes += size - (old[2] if old else 0)
        kept[key] = (value, expires, size)
        self._spaces.move_to_end(space)
        self._expire_oldest()
        while len(kept) > MOST_KEYS:
            self._bytes -= kept.pop(next(iter(kept)))[2]
        while len(self._spaces) > self._most_spaces or (self._bytes > self._most_bytes and self._spaces):
            _, dropped = self._spaces.popitem(last=False)
            self._bytes -= sum(entry[2] for entry in dropped.values())

    def _expire_oldest(self) -> None:
        """Lets go of what nobody asks for any more, a step with each write."""
        oldest, kept = next(iter(self._spaces.items()))
        if all(expires <= self._monotonic() for _, expires, _ in kept.values()):
            self._bytes -= sum(entry[2] for entry in kept.values())
            del self._spaces[oldest]

    def drop(self, space: Space, key: str) -> None:
        kept = self._spaces.get(space)
        if kept is not None and (old := kept.pop(key, None)):
            self._bytes -= old[2]
            if not kept:
                del self._spaces[space]

    def forget(self, member: str) -> None:
        """Drops every plugin's memory of one member."""
        for space in [space for space in self._spaces if space[1] == member]:
            self._bytes -= sum(entry[2] for entry in self._spaces.pop(space).values())

    def expires_in(self, ttl: float) -> float:
        return self._monotonic() + ttl


class _SpaceMemory(Memory):
    __slots__ = ("_space", "_store")

    def __init__(self, store: MemoryStore, space: Space) -> None:
        self._store = store
        self._space = space

    async def get(self, key: str, default: ValueT) -> ValueT:
        found = self._store.read(self._space, key)
        return default if found is None else found[0]  # type: ignore[return-value]  # the plugin wrote it itself

    async def set(self, key: str, value: object, ttl: float) -> None:
        self._store.write(self._space, key, value, self._store.expires_in(ttl))

    async def increment(self, key: str, by: int = 1, *, ttl: float) -> int:
        found = self._store.read(self._space, key)
        if found is None or not isinstance(found[0], int):
            count, expires = by, self._store.expires_in(ttl)
        else:
            count, expires = found[0] + by, found[1]
        self._store.write(self._space, key, count, expires)
        return count

    async def forget(self, key: str) -> None:
        self._store.drop(self._space, key)


def _size(value: object) -> int:
    size = getsizeof(value)
    if isinstance(value, (tuple, list)):
        size += sum(map(getsizeof, value))
    return size
