"""Flood: one member writes faster than a person does.

A token bucket for each member, never shared: `burst` messages at once are fine, then `per_minute` of them. The first message
too many is flagged; who goes on regardless is held. The message itself is never read. Both figures are multiplied by the
member's headroom, which their own good messages widen and bad ones narrow: half of it at least, twice at most.
"""

from collections.abc import AsyncIterator

from pydantic import BaseModel, ConfigDict, Field

from relay.plugin import Context, Incoming, Plugin, Signal

FULL_DEBT = 5  # messages beyond the limit until the signal has its full weight


class Options(BaseModel):
    """How fast is still a person."""

    model_config = ConfigDict(extra="forbid")

    burst: int = Field(10, ge=1, le=1000, description="messages that a member may send at once")
    per_minute: float = Field(20, gt=0, le=6000, description="messages a minute that a member may go on with")


class Flood(Plugin[Options]):
    """Takes one token a message; a bucket in debt gives the signal, stronger with each further message."""

    name, version, api = "flood", "1.1", 1
    signals = {"flood.rate": 5.0}
    told = {"flood.rate": {"en": "too many messages in a short time", "de": "zu viele Nachrichten in kurzer Zeit"}}
    examples = [("Guten Morgen!", set()), ("And another thing ...", set())]
    stage = "behaviour"

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        """Refill by the time that went by, take one, and say how far below zero that led."""
        options = self.options
        now = context.now.timestamp()
        headroom = incoming.member.headroom
        burst, per_minute = max(1.0, options.burst * headroom), options.per_minute * headroom
        tokens, at = await context.memory.get("bucket", (burst, now))
        tokens = min(burst, tokens + max(0.0, now - at) * per_minute / 60) - 1
        tokens = max(tokens, -FULL_DEBT)
        to_full = (burst - tokens) * 60 / per_minute
        await context.memory.set("bucket", (tokens, max(now, at)), ttl=to_full)
        if tokens <= -1:
            factor = min(1.0, 0.5 + 0.5 * (-tokens - 1) / (FULL_DEBT - 1))
            reason = f"more than {burst:.3g} at once and {per_minute:.3g} a minute"
            yield Signal("flood.rate", factor=factor, reason=reason)
