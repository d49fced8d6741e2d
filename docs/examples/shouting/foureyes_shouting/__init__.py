"""Shouting: most letters are capitals."""

from collections.abc import AsyncIterator

from pydantic import BaseModel, ConfigDict, Field

from relay.plugin import Context, Incoming, Plugin, Signal

__all__ = ["Options", "Shouting"]


class Options(BaseModel):
    """What may stand in the table [plugins.shouting] of the configuration."""

    model_config = ConfigDict(extra="forbid")

    max_share: float = Field(0.6, ge=0, le=1, description="share of capital letters that is still fine")
    shortest: int = Field(8, ge=1, le=1000, description="characters below which nobody shouts: OK, NO, DHL")


class Shouting(Plugin[Options]):
    """Compares the share of capitals with what is fine."""

    name, version, api = "shouting", "1.0", 1
    signals = {"shouting.capitals": 2.5}
    told = {"shouting.capitals": {"en": "it is written in capitals", "de": "sie ist in Großbuchstaben geschrieben"}}
    examples = [
        ("WO BLEIBT MEIN PAKET", {"shouting.capitals"}),
        ("Wo bleibt mein Paket?", set()),
        ("OK", set()),
    ]

    def wants(self, incoming: Incoming) -> bool:
        """Leave short texts alone."""
        return len(incoming.text.raw) >= self.options.shortest

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        """The more capitals, the heavier the signal. The reason never quotes the message."""
        share = incoming.text.upper_share
        if share > self.options.max_share:
            yield Signal("shouting.capitals", factor=share, reason=f"{share:.0%} capitals")
