"""Moderation: messages a second and microseconds a message, with the shipped plugins that ask nobody, and each alone.

    python -m benchmarks.moderation [FILE]

Each plugin's share of the time with all of them on is shown too, as the relay itself counts it. FILE holds JSON lines with a
`text`, or plain lines; without it a small set of this file's own is used, by which the model is made that `spam` judges by.
The floors are run in the same rounds: a bare loop that touches each text, and the plainest word filter there is (NFKC,
casefold, words, one look into a set), which the last column is a multiple of. "CPU" is processor time: on a machine that has
other work, it and the ratio say what the code costs, and the rest says what a message waits there. Rounds are interleaved and
the median of three is shown. It prints a table and one JSON line.
"""

import asyncio
import json
import os
import re
import statistics
import sys
import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, perf_counter, thread_time

from relay.configuration import Settings
from relay.core.additive import words_of
from relay.core.model import MEMBERS as MEMBERS_OF_A_WORD
from relay.core.model import Learned, learned_from
from relay.core.text import Tables, fold
from relay.core.verdict import MemberFacts, Rules, Submission
from relay.lexicon import load_tables
from relay.loader import catalogue, load
from relay.pipeline.pipeline import Pipeline, Places

PLUGINS = Path(__file__).parent.parent / "plugins"
COLUMNS = {"p50": "p50 us", "p95": "p95 us", "p99": "p99 us", "cpu": "CPU us", "cpu_p95": "CPU p95"}
FILTER = "floor: plain word filter"
ROUNDS = 3
LEAST = 2_000  # messages a round: fewer make the percentiles jump
MEMBERS = 1_000
NOW = datetime.now(UTC)
OWN = (
    "Guten Morgen, ab wann kann ich mein Paket in der Filiale abholen? Die Sendung ist laut Nachricht seit gestern da.",
    "Hi, I bought two tickets for Saturday; can my sister use one of them, or is it bound to my name? Thanks a lot!",
    "Danke!!! 😀👍",
    "Das ist jetzt das dritte Mal, dass der Kurs ausfällt. So ein Scheiß, ich hätte gern mein Geld zurück, und zwar schnell.",
    "You are all 1d10ts and your app is b u l l s h i t",
    "Wo finde ich das auf www.example.com? Unter Konto > Einstellungen (siehe Bild) steht bei mir nämlich nichts dazu ...",
    "\uff26\uff32\uff25\uff25 gift \u0441\u0430rds: visit example.org now, offer ends at 10 p.m.",
    "ok",
)


def main(arguments: list[str]) -> None:
    if len(arguments) > 1 or (arguments and arguments[0].startswith("-")):
        sys.exit(__doc__)
    texts = read(Path(arguments[0])) if arguments else list(OWN)
    texts *= -(-LEAST // len(texts))
    shares: Row = {}
    results = asyncio.run(measure([submission(n, text) for n, text in enumerate(texts)], shares))
    length = statistics.median(map(len, texts))
    print(f"{len(texts)} messages, median {length:.0f} characters; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    print(f"{'':24}{'messages/s':>12}" + "".join(f"{column:>9}" for column in COLUMNS.values()) + f"{'floors':>9}")
    for name, row in results.items():
        us = "".join(f"{row[key]:>9.1f}" for key in COLUMNS)
        print(f"{name:24}{row['per_s']:>12,.0f}{us}{row['cpu'] / results[FILTER]['cpu']:>9.1f}")
    whole = sum(shares.values())
    print("\nof all plugins together: " + ", ".join(f"{name} {share / whole:.0%}" for name, share in shares.items()))
    figures = {"messages": len(texts), "median_characters": length, "results": results, "shares_us": shares}
    print(json.dumps({"benchmark": "moderation", **figures}))


def read(path: Path) -> list[str]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [json.loads(line)["text"] for line in lines] if path.suffix == ".jsonl" else lines


def submission(n: int, text: str) -> Submission:
    """Spread over members, so that neither floods."""
    facts = MemberFacts(f"m{n % MEMBERS}", NOW - timedelta(days=30))
    return Submission(str(n), "bench", facts, "web", text, NOW, "post")


class Clock:
    """Half a minute between messages of a member."""

    def __init__(self) -> None:
        self.started = monotonic()
        self.ticks = 0

    def now(self) -> datetime:
        self.ticks += 1
        return NOW + timedelta(seconds=self.ticks * 30 / MEMBERS)

    def monotonic(self) -> float:
        return self.started + self.ticks * 30 / MEMBERS


Row = dict[str, float]


async def measure(submissions: list[Submission], shares: Row) -> dict[str, Row]:
    """`shares` becomes the microseconds a message of each plugin when all are on."""
    tables = load_tables()
    every = tuple(name for name, found in catalogue([PLUGINS]).plugins.items() if not found.schema.get("required"))
    sets = {"all plugins": every, "those on by default": tuple(Settings().plugins), **{name: (name,) for name in every}}
    model, rounds = of_own_texts(tables), dict[str, list[Row]]()
    for _ in range(ROUNDS):
        for name, wanted in {**sets, "gates only": ()}.items():
            plugins = load([PLUGINS], {plugin: {} for plugin in wanted})
            pipeline = Pipeline(plugins, Rules(), tables, Clock(), Places(learned=lambda _community: model))
            await pipeline.open()
            rounds.setdefault(name, []).append(await judged(pipeline, submissions))
            if name == "all plugins":
                shares.update({each.name: each.mean_us * each.runs / len(submissions) for each in pipeline.describe()})
            await pipeline.close()
        rounds.setdefault(FILTER, []).append(touched(submissions, filtered(PLUGINS.glob("words_*.txt"))))
        rounds.setdefault("floor: bare loop", []).append(touched(submissions, len))
    return {name: {key: statistics.median(row[key] for row in rows) for key in rows[0]} for name, rows in rounds.items()}


def of_own_texts(tables: Tables) -> Learned | None:
    """As if five members had written all of them, every other one spam."""
    words = [words_of(fold(text, tables)) for text in OWN]
    made = learned_from([(member, bool(n % 2), each) for member in range(MEMBERS_OF_A_WORD) for n, each in enumerate(words)])
    return None if made is None else Learned(1, made.content)


async def judged(pipeline: Pipeline, submissions: list[Submission]) -> Row:
    times, worked, started = [], [], perf_counter()
    for each in submissions:
        before, worked_before = perf_counter(), thread_time()
        await pipeline.judge(each)
        worked.append(thread_time() - worked_before)
        times.append(perf_counter() - before)
    return row(times, worked, perf_counter() - started)


def touched(submissions: list[Submission], touch: Callable[[str], object]) -> Row:
    times, worked, started = [], [], perf_counter()
    for each in submissions:
        before, worked_before = perf_counter(), thread_time()
        touch(each.text)
        worked.append(thread_time() - worked_before)
        times.append(perf_counter() - before)
    return row(times, worked, perf_counter() - started)


def filtered(lists: Iterable[Path]) -> Callable[[str], object]:
    listed = {line for file in lists for line in file.read_text(encoding="utf-8").splitlines()}
    words = re.compile(r"\w+")
    return lambda text: listed.isdisjoint(words.findall(unicodedata.normalize("NFKC", text).casefold()))


def row(times: list[float], worked: list[float], wall: float) -> Row:
    cuts, cpu = statistics.quantiles(times, n=100), statistics.quantiles(worked, n=100)
    us = {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98], "cpu": statistics.mean(worked), "cpu_p95": cpu[94]}
    return {"per_s": round(len(times) / wall, 1), **{name: round(value * 1e6, 1) for name, value in us.items()}}


if __name__ == "__main__":
    main(sys.argv[1:])
