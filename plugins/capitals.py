"""Capitals: most letters of a text are capitals.

A hint that weighs little by itself: capitals are rude, not wrong. Short texts ("DHL", "OK DANKE") are left alone, and so are
alphabets without capitals.
"""

from collections.abc import AsyncIterator

from pydantic import BaseModel, ConfigDict, Field

from relay.plugin import Context, Incoming, Plugin, Signal


class Options(BaseModel):
    """How many capitals are still fine."""

    model_config = ConfigDict(extra="forbid")

    most_share: float = Field(0.7, ge=0, le=1, description="share of capitals among the letters that is still fine, 0 to 1")
    shortest: int = Field(20, ge=1, le=4096, description="letters below which a text may be written in capitals")


class Capitals(Plugin[Options]):
    """Counts capitals among the letters; the weight grows from the share that is still fine to all of them."""

    name, version, api = "capitals", "1.1", 1
    signals = {"capitals.share": 1.0}
    told = {"capitals.share": {"en": "it is written in capitals", "de": "sie ist in Großbuchstaben geschrieben"}}
    examples = [
        ("WO BLEIBT MEIN PAKET? ICH WARTE SEIT EINER WOCHE!", {"capitals.share"}),
        ("Wo bleibt mein Paket? Ich warte seit einer Woche!", set()),
        ("OK DANKE!!!", set()),
        ("Die DIN EN ISO 9001 gilt auch für die AGB der GmbH.", set()),
    ]

    def wants(self, incoming: Incoming) -> bool:
        """Leave short texts alone."""
        return len(incoming.text) >= self.options.shortest

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        """Compare the share, and only then count the letters."""
        share, most = incoming.text.upper_share, self.options.most_share
        if share > most and sum(map(str.isalpha, incoming.text.raw)) >= self.options.shortest:
            yield Signal("capitals.share", factor=0.5 + share / 2, reason=f"{share:.0%} capitals, {most:.0%} are still fine")
