"""Words: listed insults, slurs and crude words, however they are disguised.

A list catches what needs no understanding: it is quick, and everybody can see why it spoke. It knows whole words only
(Scunthorpe is a town), and reads through sh1t, f.u.c.k, fuuuck, look-alike letters and stars. A crude word alone passes, three
are flagged; an insult is flagged, two are held, as is a slur or a threat. The lists stand beside this file; `add` and `allow`
are for yours.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from relay.plugin import Context, Incoming, Plugin, Signal, WordList

KINDS = {"crude": "a crude word", "insult": "an insult", "slur": "a slur or a threat"}
MOST_HITS = 5  # of one message: more of the same changes nothing


class Options(BaseModel):
    """Which lists, and what to add or to take away."""

    model_config = ConfigDict(extra="forbid")

    languages: tuple[Literal["de", "en"], ...] = Field(("de", "en"), description="shipped lists that are used, for every text")
    add: tuple[str, ...] = Field((), description="own insults: a word, `start*`, `*end` or a phrase")
    allow: tuple[str, ...] = Field((), description="entries of the same shape that are always fine, such as a surname")


class Words(Plugin[Options]):
    """Compiles the lists once; a check looks the words of the text up in them."""

    name, version, api = "words", "1.1", 1
    signals = {"words.crude": 1.0, "words.insult": 3.0, "words.slur": 5.0}
    told = {
        "words.crude": {"en": "it holds crude words", "de": "sie enthält derbe Ausdrücke"},
        "words.insult": {"en": "it holds an insult", "de": "sie enthält eine Beleidigung"},
        "words.slur": {
            "en": "it holds a slur or a threat",
            "de": "sie enthält eine Drohung oder eine menschenverachtende Beschimpfung",
        },
    }
    examples = [
        ("Du Arschloch!", {"words.insult"}),
        ("so ein 4r$chl0ch", {"words.insult"}),
        ("what a f.u.c.k.i.n.g mess", {"words.crude"}),
        ("Die Klassenfahrt nach Scunthorpe war schön.", set()),
    ]
    evidence = "wording"

    def __init__(self, options: Options) -> None:
        """Read the lists beside this file."""
        super().__init__(options)
        groups = {"slur": [], "insult": list(options.add), "crude": [], "allow": list(options.allow)}
        for language in options.languages:
            for group, entries in _read(Path(__file__).with_name(f"words_{language}.txt")).items():
                groups[group] += entries
        allow = groups.pop("allow")
        self.list = WordList(groups, allow)

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        """Give one signal for each listed entry; the reason names the kind, the place shows the word."""
        for hit in self.list.find(incoming.text)[:MOST_HITS]:
            disguise = ", disguised" if hit.disguised else ""
            yield Signal(f"words.{hit.group}", reason=KINDS[hit.group] + disguise, start=hit.start, end=hit.end)


def _read(path: Path) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    entries: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            entries = groups.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            entries.append(line)
    return groups
