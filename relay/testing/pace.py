"""How long one check of a plugin takes, inside of the relay's process and in a worker."""

import asyncio
import statistics
from collections.abc import Iterator
from time import perf_counter
from typing import Any

from relay.core.verdict import Rules
from relay.lexicon import load_tables
from relay.pipeline.pipeline import Pipeline
from relay.pipeline.source import foreign
from relay.plugin import Foreign, Plugin
from relay.testing.moderation import StillClock, started, submission

CHECKS = 2000
OWN = ("Is the pool open tomorrow?", "Ist das Bad morgen offen, und was kostet der Eintritt für vier? Danke!")


def paces(plugin: type[Plugin[Any]]) -> Iterator[dict[str, object]]:
    """A row for each place, over the plugin's own examples and two plain texts; call it where no event loop runs."""
    built = plugin(plugin.options_type())
    texts = [*(text for text, _ in plugin.examples), *OWN]
    for mode, placed in (("inline", built), ("worker", foreign(built, ""))):
        yield {"mode": mode, **asyncio.run(_pace(placed, texts))}


async def _pace(placed: Plugin[Any] | Foreign, texts: list[str]) -> dict[str, object]:
    clock = StillClock()
    pipeline = Pipeline([placed], Rules(), load_tables(), clock)
    try:
        await pipeline.open()
        await started(pipeline)
        times, failed = [], 0
        for n in range(CHECKS):
            clock.advance(60)  # so that nobody writes too fast
            one = submission(texts[n % len(texts)], f"m{n}")
            before = perf_counter()
            failed += bool((await pipeline.judge(one)).failures)
            times.append(perf_counter() - before)
        cuts = statistics.quantiles(times, n=100)
        note = pipeline.describe()[0].note
    finally:
        await pipeline.close()
    return {
        "checks": CHECKS,
        "p50_us": round(cuts[49] * 1e6, 1),
        "p99_us": round(cuts[98] * 1e6, 1),
        "failed": failed,
        "note": note,
    }
