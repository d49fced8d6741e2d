"""Webhooks: signs what goes to somebody's HTTP service, as Standard Webhooks has it (standardwebhooks.com, version 1)."""

import base64
import hmac
from datetime import datetime
from typing import Final

PREFIX: Final = "whsec_"
SHORTEST: Final = 24  # bytes, as the standard asks
LONGEST: Final = 64


class Signer:
    """Knows one secret, and never shows it."""

    __slots__ = ("_key",)

    def __init__(self, secret: str) -> None:
        """Take `whsec_` and 24 to 64 bytes in base64. Raises ValueError, whose message says how to make one."""
        try:
            key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
        except ValueError:
            key = b""
        if not secret.startswith(PREFIX) or not SHORTEST <= len(key) <= LONGEST:
            raise ValueError("should be whsec_ and 24 to 64 random bytes in base64, as `openssl rand -base64 32` gives them")
        self._key = key

    def headers(self, seed: str, at: datetime, body: bytes) -> dict[str, str]:
        """Those of the standard; the id follows from `seed` and the body, so that a repeated question has the same one."""
        seconds = str(int(at.timestamp()))
        id_ = "msg_" + self._digest(b"id " + seed.encode() + b" " + body).hex()[:32]
        return {"webhook-id": id_, "webhook-timestamp": seconds, "webhook-signature": self.signature(id_, seconds, body)}

    def signature(self, id_: str, seconds: str, body: bytes) -> str:
        return "v1," + base64.b64encode(self._digest(f"{id_}.{seconds}.".encode() + body)).decode()

    def pseudonym(self, of: str) -> str:
        """A name for somebody that leads back to nobody, and that nobody else has for them."""
        return self._digest(b"pseudonym " + of.encode()).hex()[:32]

    def _digest(self, data: bytes) -> bytes:
        return hmac.digest(self._key, data, "sha256")
