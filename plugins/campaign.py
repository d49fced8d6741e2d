"""Campaign: several members send nearly the same text within a short time.

What is kept of a text across members is a fingerprint of 32 bytes and a fingerprint of who wrote it, never the words, and not
for long. Texts are compared by their letters alone, so that a changed name, number or link does not hide the copy. From the
`members`-th member on a copy is held in silence; what a member is told never depends on it.
"""

from collections.abc import AsyncIterator
from hashlib import sha256
from math import ceil
from struct import Struct

from pydantic import BaseModel, ConfigDict, Field
from rapidfuzz import process
from rapidfuzz.distance import Hamming

from relay.plugin import CELLS, Context, Incoming, Plugin, Signal, fingerprint, letters_of

REMEMBERED = 200  # fingerprints of all members
OF_ONE_MEMBER = 3  # of them: nobody pushes the others' out
NOTE = Struct(">8sd")  # who and when; a memory keeps plain values, so all notes lie in one text, all fingerprints in another


class Options(BaseModel):
    """What counts as a campaign."""

    model_config = ConfigDict(extra="forbid")

    members: int = Field(4, ge=2, le=100, description="members with nearly the same text, from which on it is held")
    within_s: float = Field(600, gt=0, le=86_400, description="seconds within which they write")
    similarity: float = Field(60, ge=30, le=100, description="percent of the pieces that two texts have in common")
    shortest: int = Field(40, ge=20, le=250, description="letters below which many may well write the same")


class Campaign(Plugin[Options]):
    """Counts the members whose last texts are nearly this one."""

    name, version, api = "campaign", "1.0", 1
    signals = {"campaign.members": 5.0}
    examples = [("Bitte meldet euch bei mir, ich habe ein einmaliges Angebot für euch alle!", set()), ("ok", set())]
    stage = "behaviour"
    across_members = True

    def wants(self, incoming: Incoming) -> bool:
        """Leave short texts alone."""
        return len(incoming.text) >= self.options.shortest

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        """Compare with what others wrote lately, then remember this one too."""
        letters = letters_of(incoming.text.folded)
        if len(letters) < self.options.shortest:
            return
        mark, now, options = fingerprint(letters), context.now.timestamp(), self.options
        own = sha256(incoming.member.id.encode("utf-8", "backslashreplace")).digest()[:8]
        kept: tuple[str, str] = await context.shared.get("texts", ("", ""))
        marks, notes = (part.encode("latin-1") for part in kept)
        others = set()
        for place in alike(mark, marks, options.similarity):
            who, when = NOTE.unpack_from(notes, place * NOTE.size)
            if who != own and abs(now - when) <= options.within_s:
                others.add(who)
        gone = _first_too_many(own, notes)
        if gone is not None:
            marks = marks[: gone * CELLS] + marks[(gone + 1) * CELLS :]
            notes = notes[: gone * NOTE.size] + notes[(gone + 1) * NOTE.size :]
        kept = ((marks + mark).decode("latin-1"), (notes + NOTE.pack(own, now)).decode("latin-1"))
        await context.shared.set("texts", kept, ttl=options.within_s)
        if (members := len(others) + 1) >= options.members:
            yield Signal(
                "campaign.members", reason=f"nearly the same text from {members} members within {options.within_s:g} s"
            )


def _first_too_many(own: bytes, notes: bytes) -> int | None:
    """Give the place that a new note takes: the member's own oldest, or everybody's; None while there is room."""
    mine = [at // NOTE.size for at in range(0, len(notes), NOTE.size) if notes.startswith(own, at)] if own in notes else []
    if len(mine) >= OF_ONE_MEMBER:
        return mine[0]
    return 0 if len(notes) >= REMEMBERED * NOTE.size else None


def alike(mark: bytes, marks: bytes, percent: float) -> list[int]:
    """Give the places of the fingerprints that agree with one in so many of their cells; empty in both does not count."""
    kept, least = [marks[start : start + CELLS] for start in range(0, len(marks), CELLS)], percent / 100
    near = process.extract(mark, kept, scorer=Hamming.similarity, score_cutoff=ceil(least * CELLS), limit=None)
    return [place for other, same, place in near if _share(mark, other, same) >= least]


def _share(mark: bytes, other: bytes, same: int) -> float:
    """Of `same` cells that agree, some are empty in both."""
    empty = 0
    if 0 in mark:
        empty = sum(not (one or another) for one, another in zip(mark, other, strict=True))
    return (same - empty) / (CELLS - empty) if empty < CELLS else 0.0
