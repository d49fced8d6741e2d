"""Argon2id in a pool of two threads: makes hashes of passphrases and looks whether one fits, while the loop goes on."""

import asyncio
import os
import threading
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import structlog
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError, VerifyMismatchError
from argon2.low_level import ARGON2_VERSION

from relay.core.errors import Unavailable
from relay.core.passphrase import Fit

THREADS = 2  # at once: they take 128 MiB between them, and leave processors to the rest of the relay
WAITING = 16  # more than these would wait for over a second
SALT, DIGEST = 16, 32  # bytes

T = TypeVar("T")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one hash costs: the second choice of RFC 9106, section 4, for where memory is short, 0.1 to 0.2 s here.

    One lane instead of its four: the pool's threads are what runs at once, and a hash must not take all processors.
    """

    passes: int = 3
    kib: int = 65_536


class Hasher:
    """`count` is how many were reckoned, whatever came of them."""

    def __init__(self, cost: Cost = Cost()) -> None:
        self.count = 0
        self._argon2 = PasswordHasher(
            time_cost=cost.passes, memory_cost=cost.kib, parallelism=1, hash_len=DIGEST, salt_len=SALT
        )
        self._nobodys = _nobodys(cost)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="hash")
        self._room = threading.Semaphore(THREADS + WAITING)

    async def hash(self, passphrase: str) -> str:
        """With a salt of its own. Raises Unavailable when too many wait already."""
        return await self._reckon(lambda: self._argon2.hash(passphrase))

    async def verify(self, passphrase: str, known: str | None) -> Fit:
        """Against nobody's hash where there is none, so that the answer takes as long. Raises Unavailable likewise."""
        fit = await self._reckon(lambda: self._fit(passphrase, known or self._nobodys))
        return fit if known else Fit.NO

    def close(self) -> None:
        """Who still waits hears nothing more; what is being reckoned ends first."""
        self._pool.shutdown(cancel_futures=True)

    def _fit(self, passphrase: str, known: str) -> Fit:
        try:
            self._argon2.verify(known, passphrase)
        except VerifyMismatchError:
            return Fit.NO
        except (Argon2Error, InvalidHashError):
            log.exception("a stored passphrase cannot be read; a new link lets its owner set another")
            return Fit.NO
        return Fit.OUTDATED if self._argon2.check_needs_rehash(known) else Fit.YES

    async def _reckon(self, work: Callable[[], T]) -> T:
        if not self._room.acquire(blocking=False):
            raise Unavailable("Too many people sign in at this moment.", retry_after=1)
        self.count += 1
        future = self._pool.submit(work)
        future.add_done_callback(self._make_room)  # also when nobody waits for it any more
        return await asyncio.wrap_future(future)

    def _make_room(self, _: "Future[T]") -> None:
        self._room.release()


def _nobodys(cost: Cost) -> str:
    """The hash of no passphrase: its digest was drawn, not reckoned."""
    salt, digest = (b64encode(os.urandom(size)).decode().rstrip("=") for size in (SALT, DIGEST))
    return f"$argon2id$v={ARGON2_VERSION}$m={cost.kib},t={cost.passes},p=1${salt}${digest}"
