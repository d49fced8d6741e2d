"""Two plugins that provoke: one sees what others wrote, the other looks later and is sure."""

from collections.abc import AsyncIterator
from hashlib import sha256

from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal

HOUR = 3600.0


class Crowd(Plugin[NoOptions]):
    """Somebody else has written the same."""

    name, version = "crowd", "1"
    signals = {"crowd.same": 3.0}  # noqa: RUF012 - a label, as plugins write it
    stage = "behaviour"
    across_members = True

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        if await context.shared.increment(sha256(incoming.text.raw.encode()).hexdigest(), ttl=HOUR) > 1:
            yield Signal("crowd.same")


class Sure(Plugin[NoOptions]):
    """Wants to reject what is short or loud, once it is asked."""

    name, version, stage = "sure", "1", "slow"
    signals = {"sure.rude": 9.0}  # noqa: RUF012

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        del context
        if len(incoming.text.raw) < len("Is there") or incoming.text.raw.endswith("!"):
            yield Signal("sure.rude", hard=True)
