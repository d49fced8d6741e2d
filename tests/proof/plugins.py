"""What provokes: a plugin that sees what others wrote, one that looks later and is sure, and a model of what HIGH wrote."""

from collections.abc import AsyncIterator
from hashlib import sha256

from relay.core.additive import words_of
from relay.core.model import Learned, learned_from
from relay.plugin import Context, Incoming, NoOptions, Plugin, Signal
from tests.proof.acts import TEXTS

HOUR = 3600.0
SPAM = (0, 1, 4, 5, 9)  # of the texts: those that staff rejected when HIGH wrote them


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


def learned_from_high() -> Learned:
    """Finds spam in every other text that LOW may write."""
    texts = [(n, place in SPAM, words_of(text.lower())) for n in range(10) for place, text in enumerate(TEXTS)]
    made = learned_from(texts)
    assert made is not None
    return Learned(1, made.content)
