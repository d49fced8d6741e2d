"""Repeat: a member sends nearly the same text again and again.

Compared are only the member's own last texts, letter by letter, so that a changed word or an added sign does not hide the copy.
Short texts ("thank you", "yes") are left alone. Once is human; the second copy is flagged, the third held.
"""

from collections.abc import AsyncIterator

from pydantic import BaseModel, ConfigDict, Field
from rapidfuzz import fuzz

from relay.plugin import Context, Incoming, Plugin, Signal

COMPARED = 300  # characters of a text that are kept and compared: copies differ or agree early
COPIES_FOR_ALL = 3  # earlier copies that give the signal its full weight


class Options(BaseModel):
    """What counts as the same text again."""

    model_config = ConfigDict(extra="forbid")

    similarity: float = Field(85, ge=50, le=100, description="percent of the letters that two texts have in common, in order")
    shortest: int = Field(20, ge=1, le=300, description="characters below which a text may be repeated freely")
    remember: int = Field(5, ge=1, le=20, description="own last texts that are compared")
    within_s: float = Field(3600, gt=0, le=604_800, description="seconds for which a text is remembered after the last one")


class Repeat(Plugin[Options]):
    """Counts the earlier texts that are nearly this one."""

    name, version, api = "repeat", "1.0", 1
    signals = {"repeat.own": 6.0}
    told = {"repeat.own": {"en": "nearly the same message several times", "de": "mehrmals fast dieselbe Nachricht"}}
    examples = [("Bitte meldet euch bei mir, danke!", set()), ("ok", set())]
    stage = "behaviour"

    def wants(self, incoming: Incoming) -> bool:
        """Leave short texts alone."""
        return len(incoming.text.raw) >= self.options.shortest

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        """Compare with what is remembered, then remember this one too."""
        options = self.options
        text = incoming.text.folded[:COMPARED]
        earlier: tuple[str, ...] = await context.memory.get("texts", ())
        limit = options.similarity
        copies = sum(1 for other in earlier if fuzz.ratio(text, other, score_cutoff=limit) >= limit)
        await context.memory.set("texts", (*earlier, text)[-options.remember :], ttl=options.within_s)
        if copies:
            reason = f"nearly the same as {copies} of the member's last {len(earlier)} texts"
            yield Signal("repeat.own", factor=min(1.0, copies / COPIES_FOR_ALL), reason=reason)
