"""Known browsers: one that somebody signed in from keeps a mark of it, so that wrong guesses elsewhere do not keep them out.

The mark is no credential: all it gives is a count of its own for wrong passphrases, for that name in that browser.
"""

import hmac
from dataclasses import dataclass
from hashlib import sha256

from relay.core.identity import Ids, encode, is_id
from relay.core.staff import known_as

MOST = 8  # people who share a browser, such as at a counter; the one who signed in least lately is forgotten


@dataclass(frozen=True, slots=True)
class Known:
    """What a browser keeps is a text of its own and one mark a name, of which nobody can read the name."""

    key: bytes
    ids: Ids

    def mark(self, kept: str, name: str) -> str | None:
        """What counts for this name in the browser that keeps this; None where nobody signed in by it."""
        browser, *marks = kept.split(".")
        made = self._made(browser, name)
        return made if any(hmac.compare_digest(_raw(mark), _raw(made)) for mark in marks[:MOST]) else None

    def with_name(self, kept: str, name: str) -> str:
        """What it keeps from now on: whatever it kept before, and this name."""
        browser, *marks = kept.split(".")
        if not is_id(browser):
            browser = self.ids()
        made = self._made(browser, name)
        others = [mark for mark in marks if mark != made and len(mark) == len(made)]
        return ".".join((browser, made, *others[: MOST - 1]))

    def _made(self, browser: str, name: str) -> str:
        return encode(hmac.digest(self.key, _raw(f"known in {browser}: {known_as(name)}"), sha256))


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # a browser may send anything
