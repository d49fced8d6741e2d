"""A device: what may connect to the MQTT broker, a device of a member or a company's system, with its credential as a hash."""

import base64
import re
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import pbkdf2_hmac
from hmac import compare_digest

from relay.core.staff import TokenKind

# mosquitto's own, which it checks at every connection on its only thread: secrets are random, no dictionary holds them.
ITERATIONS = 101
SALT_BYTES = 12  # as mosquitto's
HASH_BYTES = 64
_NAME = re.compile(r"[a-z0-9-]{1,20}")


@dataclass(frozen=True, slots=True)
class SecretHash:
    """A secret as mosquitto's dynamic security keeps it: PBKDF2 over SHA-512; both texts are base64."""

    digest: str
    salt: str
    iterations: int = ITERATIONS


@dataclass(frozen=True, slots=True)
class Device:
    """`id` is the credential's own, which the broker keeps beside it, so that one that was replaced is told from its successor.

    `subject` is the id of the member or of the key; a key has one device, without a name. `sealed` is the secret itself until
    the broker knows it, readable by whoever administrates the broker alone; empty from then on.
    """

    id: str
    kind: TokenKind
    subject: str
    name: str
    secret: SecretHash
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    sealed: str = field(default="", repr=False)

    @property
    def user(self) -> str:
        """User name and client id at the broker."""
        return f"{self.subject}.{self.name}" if self.kind is TokenKind.MEMBER else self.subject

    def is_valid(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)

    def is_settled(self, now: datetime) -> bool:
        """Whether the broker knows of it what it shall know; what ended is dropped instead."""
        return self.is_valid(now) and not self.sealed


@dataclass(frozen=True, slots=True)
class AddDevice:
    """The credential that holds from now on; one of the same subject and name before it ends. Stale when the subject is gone.

    What ends credentials otherwise (RevokeTokens, RevokeKey, Erase, EndAllTokens) ends devices too.
    """

    device: Device


@dataclass(frozen=True, slots=True)
class ConfirmDevice:
    """The broker knows this credential: its sealed secret is forgotten."""

    id: str


@dataclass(frozen=True, slots=True)
class DropDevices:
    """The broker has nothing of these credentials any more: no client, no session, no queue. Outcome: how many there were."""

    ids: tuple[str, ...]


def is_device_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def hashed(secret: str, salt: bytes) -> SecretHash:
    """What is kept of a secret; `salt` is SALT_BYTES of randomness."""
    digest = pbkdf2_hmac("sha512", secret.encode(), salt, ITERATIONS, HASH_BYTES)
    return SecretHash(base64.b64encode(digest).decode(), base64.b64encode(salt).decode())


def sealed(secret: str, key: str, device_id: str) -> str:
    """A secret under a key, for as long as a commit and the broker are apart: a pad of its own for each credential's id."""
    text = secret.encode()
    return base64.b64encode(_covered(text, key, device_id)).decode()


def unsealed(device: Device, key: str) -> str | None:
    """The secret; None where there is none, or it was sealed under another key."""
    try:
        secret = _covered(base64.b64decode(device.sealed), key, device.id).decode()
    except ValueError:
        return None
    is_it = secret and compare_digest(hashed(secret, base64.b64decode(device.secret.salt)).digest, device.secret.digest)
    return secret if is_it else None


def _covered(text: bytes, key: str, device_id: str) -> bytes:
    """The same both ways."""
    pad = pbkdf2_hmac("sha512", key.encode(), b"sealed for " + device_id.encode(), ITERATIONS, max(1, len(text)))
    return bytes(a ^ b for a, b in zip(text, pad, strict=False))
