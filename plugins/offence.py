"""Offence: what German and English texts that people called offensive have in common, by statistics and without the network.

A model with shipped weights adds up what words, pairs of words and pieces of words weigh. It understands nothing, and is wrong
more often than a list, so you switch it on: first see what it makes of your own members' messages with `relay moderation
calibrate FILE`, and put the thresholds that it proposes here. From its balanced point on it adds a little, from the threshold
on enough for a mark; beside an insult of the list that is enough for a hold.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from relay.plugin import Context, Incoming, Plugin, Signal, Weights

BALANCED = 0.5  # the certainty at which the model misses offence as readily as it suspects the harmless
AT_THRESHOLD = 0.5  # of the weight: 2.5 of 5.0, which is a mark


class Options(BaseModel):
    """Which languages, and how certain is certain enough for a mark."""

    model_config = ConfigDict(extra="forbid")

    languages: tuple[Literal["de", "en"], ...] = Field(("de", "en"), description="languages that are looked at")
    threshold_de: float = Field(0.88, gt=0.5, lt=1, description="certainty from which a German text gets a mark")
    threshold_en: float = Field(0.94, gt=0.5, lt=1, description="certainty from which an English text gets a mark")


class Offence(Plugin[Options]):
    """Reads the weights once; a check adds up what the words of the text weigh."""

    name, version, api = "offence", "1.0", 1
    signals = {"offence.likely": 5.0}
    told = {"offence.likely": {"en": "it reads like an insult", "de": "sie liest sich wie eine Beleidigung"}}
    examples = [
        ("Ihr seid doch alle dumm und verlogen, ihr widerlichen Idioten!", {"offence.likely"}),
        ("shut up you stupid bitch", {"offence.likely"}),
        ("Guten Morgen, wann öffnet das Freibad am Samstag?", set()),
        ("Thank you for the quick answer, see you tomorrow!", set()),
    ]
    statistical = True

    def __init__(self, options: Options) -> None:
        """Read the weights beside this file."""
        super().__init__(options)
        file = Path(__file__).with_name("offence.weights")
        self.weights = Weights.read(file.read_bytes(), str(file))
        self.thresholds = {"de": options.threshold_de, "en": options.threshold_en}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        """Give a signal from the balanced point on, half of its weight at the threshold, all of it where there is no doubt."""
        judged = self.weights.judge(incoming.text.folded, incoming.language, self.options.languages)
        if judged is None or judged.certainty < BALANCED:
            return
        threshold = self.thresholds[judged.language]
        if judged.certainty < threshold:
            factor = AT_THRESHOLD * (judged.certainty - BALANCED) / (threshold - BALANCED)
        else:
            factor = AT_THRESHOLD + (1 - AT_THRESHOLD) * (judged.certainty - threshold) / (1 - threshold)
        yield Signal("offence.likely", factor=factor, reason=f"a model finds it offensive, certainty {judged.certainty:.0%}")
