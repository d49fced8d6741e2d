"""Tries: what one caller may be wrong about, or may add, and how often; past that they are told when to come again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from relay.core.errors import RelayError, Unavailable, Unknown
from relay.core.identity import token_digest
from relay.core.rate import Counted, give_back_all, take_all
from relay.core.staff import known_as
from relay.web.limits import Limits


@dataclass(frozen=True, slots=True)
class Tries:
    """Those of one request, from `address`; `mark` is what its browser has of who signed in from it by a name."""

    limits: Limits
    now: Callable[[], float]
    address: str
    mark: Callable[[str], str | None]

    @contextmanager
    def passphrase(self, name: str) -> Iterator[None]:
        """A passphrase for a name is tried inside.

        Where that name was used before, it counts there alone: nobody elsewhere can keep the person out. Everywhere else it
        counts for the address, for the name at that address, and for the name; whether the name exists makes no difference.
        """
        who = token_digest(known_as(name))
        counted = [
            (self.limits.failed, self.address),
            (self.limits.guesses, f"{who} {self.address}"),
            (self.limits.strangers, who),
        ]
        if mark := self.mark(name):
            counted = [(self.limits.guesses, mark)]
        with self._guess(counted):
            yield

    @contextmanager
    def own_passphrase(self, session: str) -> Iterator[None]:
        """The passphrase of who is signed in by this session is asked for once more inside; it counts for the session alone."""
        with self._guess([(self.limits.guesses, session)]):
            yield

    @contextmanager
    def code(self) -> Iterator[None]:
        """A code or link is tried inside; one that opens nothing counts for the address.

        One that opens something is never refused: they are random, and somebody else at that address may have tried wrong ones.
        """
        try:
            yield
        except Unknown:
            self.limits.failed.take(self.address, self.now())
            raise

    @contextmanager
    def joining(self, invite: str) -> Iterator[None]:
        """Somebody comes in by this invite; counts for it and for their address, unless they do not get in."""
        counted = [(self.limits.invites, invite), (self.limits.joins, self.address)]
        take_all(counted, self.now())
        try:
            yield
        except RelayError:
            give_back_all(counted)
            raise

    @contextmanager
    def _guess(self, counted: Counted) -> Iterator[None]:
        """Counts beforehand, so that many at once are no more than the limit; what turns out right counts for nothing."""
        take_all(counted, self.now())
        try:
            yield
        except Unavailable:
            give_back_all(counted)
            raise
        give_back_all(counted)
