"""Spam: what reads like the messages that your staff rejected, by a model that was learned from their decisions alone.

It says nothing until staff have put a model to use: the relay learns one when they have decided about enough messages, and
shows what it knows. A model adds up what words weigh and understands nothing, so it may bring a message before staff and never
more. And it rests on what other members wrote: so it holds in silence, and no member is ever told anything because of it.
"""

from collections.abc import AsyncIterator

from pydantic import BaseModel, ConfigDict, Field

from relay.plugin import Context, Incoming, Plugin, Signal

BALANCED = 0.5  # the certainty at which the model misses spam as readily as it suspects the harmless
AT_THRESHOLD = 5 / 6  # of the weight: 5.0 of 6.0, which is a hold


class Options(BaseModel):
    """How certain is certain enough."""

    model_config = ConfigDict(extra="forbid")

    threshold: float = Field(
        0.9, gt=0.5, lt=1, description="certainty from which a message is held; from about half the way there on it gets a mark"
    )


class Spam(Plugin[Options]):
    """Adds up what the words of the text weigh in the model that is in use."""

    name, version, api = "spam", "1.0", 1
    signals = {"spam.likely": 6.0}
    examples = [("Jetzt gewinnen! Klick auf den Link und hol dir deinen Preis!", set()), ("Wann kommt der Bus?", set())]
    across_members = True
    statistical = True

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        """Give a signal from the balanced point on, enough for a hold at the threshold, all of it where there is no doubt."""
        model = context.learned
        certainty = None if model is None else model.certainty(incoming.text.folded)
        if model is None or certainty is None or certainty < BALANCED:
            return
        threshold = self.options.threshold
        if certainty < threshold:
            factor = AT_THRESHOLD * (certainty - BALANCED) / (threshold - BALANCED)
        else:
            factor = AT_THRESHOLD + (1 - AT_THRESHOLD) * (certainty - threshold) / (1 - threshold)
        reason = f"model {model.number} finds it like what staff rejected, certainty {certainty:.0%}"
        yield Signal("spam.likely", factor=factor, reason=reason)
