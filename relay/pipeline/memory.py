"""Memory of plugins: a bounded store in the process, with expiry, cut into spaces that never see each other.

A space belongs to one plugin and one member. When the store is full, the plugin that holds most lets go of the space that was
not used for longest: one plugin cannot push out what another remembers, and one member's space is bounded too. So a plugin
may forget early and must never rest correctness on remembering.
"""

from collections import OrderedDict
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from sys import getsizeof
from types import MappingProxyType
from typing import TypeVar

from relay.plugin import Memory

MOST_SPACES = 100_000  # plugin and member pairs: 50,000 members who wrote lately, with two remembering plugins
MOST_BYTES = 64 * 1024 * 1024  # rough size of all keys and values; what grows with its senders can be made to end the process
MOST_KEYS = 64  # in one space: one member can then push out only their own keys
MOST_SPACE_BYTES = 64 * 1024  # the same for their size; twenty texts of 300 characters with their markings take half of it

ValueT = TypeVar("ValueT")
Space = tuple[str, str]
_Entry = tuple[object, float, int]  # value, when it expires, size
_EMPTY: Mapping[str, _Entry] = MappingProxyType({})


class _Shelf:
    """The spaces of one plugin, the longest unused first, and their size."""

    __slots__ = ("bytes", "spaces")

    def __init__(self) -> None:
        self.bytes = 0
        self.spaces: OrderedDict[str, dict[str, _Entry]] = OrderedDict()

    def let_go(self, member: str) -> int:
        """Drop a member's space and give the size of what was in it."""
        size = sum(entry[2] for entry in self.spaces.pop(member, {}).values())
        self.bytes -= size
        return size


class MemoryStore:
    """All spaces of one pipeline. `monotonic` gives seconds that never go back."""

    __slots__ = ("_bytes", "_monotonic", "_most_bytes", "_most_spaces", "_shelves", "_spaces")

    def __init__(self, monotonic: Callable[[], float], most_spaces: int = MOST_SPACES, most_bytes: int = MOST_BYTES) -> None:
        self._monotonic = monotonic
        self._most_spaces = most_spaces
        self._most_bytes = most_bytes
        self._bytes = 0
        self._spaces = 0
        self._shelves: dict[str, _Shelf] = {}

    def __len__(self) -> int:
        return self._spaces

    def of(self, plugin: str, member: str) -> Memory:
        """Give the memory of one plugin for one member; `member` is empty for what a plugin shares across members."""
        return _SpaceMemory(self, (plugin, member))

    def read(self, space: Space, key: str) -> tuple[object, float] | None:
        """Give a live value and when it expires."""
        shelf = self._shelves.get(space[0])
        if shelf is None or (found := shelf.spaces.get(space[1], _EMPTY).get(key)) is None:
            return None
        if found[1] <= self._monotonic():
            self.drop(space, key)
            return None
        shelf.spaces.move_to_end(space[1])
        return found[0], found[1]

    def write(self, space: Space, key: str, value: object, expires: float) -> None:
        shelf = self._shelves.get(space[0])
        if shelf is None:
            shelf = self._shelves[space[0]] = _Shelf()
        kept = shelf.spaces.get(space[1])
        if kept is None:
            kept = shelf.spaces[space[1]] = {}
            self._spaces += 1
        size = getsizeof(key) + _size(value)
        old = kept.pop(key, None)
        kept[key] = (value, expires, size)
        self._grow(shelf, size - (old[2] if old else 0))
        shelf.spaces.move_to_end(space[1])
        while len(kept) > MOST_KEYS or (len(kept) > 1 and sum(entry[2] for entry in kept.values()) > MOST_SPACE_BYTES):
            self._grow(shelf, -kept.pop(next(iter(kept)))[2])
        self._expire_oldest(shelf)
        while self._spaces > self._most_spaces or (self._bytes > self._most_bytes and self._spaces):
            self._make_room()

    def increment(self, space: Space, key: str, by: int, expires: float) -> int:
        """Add to a counter and give the new value; one that is there keeps the time at which it expires."""
        found = self.read(space, key)
        if found is None or not isinstance(found[0], int):
            count = by
        else:
            count, expires = found[0] + by, found[1]
        self.write(space, key, count, expires)
        return count

    def drop(self, space: Space, key: str) -> None:
        shelf = self._shelves.get(space[0])
        kept = shelf.spaces.get(space[1]) if shelf else None
        if shelf is not None and kept is not None and (old := kept.pop(key, None)):
            self._grow(shelf, -old[2])
            if not kept:
                del shelf.spaces[space[1]]
                self._spaces -= 1

    def forget(self, member: str) -> None:
        """Drops every plugin's memory of one member."""
        for shelf in self._shelves.values():
            self._let_go(shelf, member)

    def keep(self, shelves: Container[str]) -> None:
        """Drops what stands on any other shelf."""
        for name in [name for name in self._shelves if name not in shelves]:
            gone = self._shelves.pop(name)
            self._bytes -= gone.bytes
            self._spaces -= len(gone.spaces)

    def expires_in(self, ttl: float) -> float:
        return self._monotonic() + ttl

    def _grow(self, shelf: _Shelf, size: int) -> None:
        shelf.bytes += size
        self._bytes += size

    def _expire_oldest(self, shelf: _Shelf) -> None:
        """Lets go of what nobody asks for any more, a step with each write."""
        member, kept = next(iter(shelf.spaces.items()))
        if all(expires <= self._monotonic() for _, expires, _ in kept.values()):
            self._let_go(shelf, member)

    def _make_room(self) -> None:
        """The largest holder pays, by size or by number, whichever is past its bound."""
        if self._bytes > self._most_bytes:
            shelf = max(self._shelves.values(), key=lambda each: each.bytes)
        else:
            shelf = max(self._shelves.values(), key=lambda each: len(each.spaces))
        self._let_go(shelf, next(iter(shelf.spaces)))

    def _let_go(self, shelf: _Shelf, member: str) -> None:
        if member in shelf.spaces:
            self._bytes -= shelf.let_go(member)
            self._spaces -= 1


@dataclass(frozen=True, slots=True)
class Shelf:
    """What one plugin remembers, under a name that says which: another version, or other options, begin anew."""

    store: MemoryStore
    name: str

    def of(self, member: str) -> Memory:
        """Its memory for one member; `member` is empty for what it shares across members."""
        return self.store.of(self.name, member)


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
        return self._store.increment(self._space, key, by, self._store.expires_in(ttl))

    async def forget(self, key: str) -> None:
        self._store.drop(self._space, key)


def _size(value: object) -> int:
    """Of the value and all that is in it, as plugins are asked to keep it: plain."""
    size = getsizeof(value)
    if isinstance(value, tuple | list | set | frozenset):
        size += sum(map(_size, value))
    elif isinstance(value, dict):
        size += sum(_size(key) + _size(each) for key, each in value.items())
    return size
