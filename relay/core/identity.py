"""Public ids: 128 random bits as 26 small letters and digits, never a counter, never reused."""

import base64
import re
from collections.abc import Callable
from hashlib import sha256

from relay.core.post import unstorable

ID_BYTES = 16  # 128 bits: collisions are out of reach, guessing too
TOKEN_BYTES = 32  # 256 bits, so that an unsalted SHA-256 is enough to store it
MAX_CLIENT_ID = 64  # characters
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{16,200}")
_ID = re.compile(r"[a-z2-7]{26}")

Ids = Callable[[], str]
"""Makes a new id; comes in as an argument so that tests decide it."""


def encode(raw: bytes) -> str:
    """Base32 in small letters without padding: 16 bytes give 26 characters."""
    return base64.b32encode(raw).decode("ascii").rstrip("=").lower()


def is_id(text: str) -> bool:
    """Whether `text` has the shape of an id; says nothing about whether it exists."""
    return _ID.fullmatch(text) is not None


def is_token(text: str) -> bool:
    """Whether `text` can stand behind "Bearer" (RFC 6750) and has the length of a token."""
    return _TOKEN.fullmatch(text) is not None


def token_digest(token: str) -> str:
    """What is stored instead of a token: its SHA-256 in hex."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def checked_client_id(mark: str) -> str:
    """A caller's own mark for a message, the same rule on every channel and never mended. Raises ValueError."""
    if not 1 <= len(mark) <= MAX_CLIENT_ID:
        raise ValueError(f"needs 1 to {MAX_CLIENT_ID} characters")
    if flaw := unstorable(mark):
        raise ValueError(flaw)
    return mark
