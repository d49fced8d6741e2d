"""Plan and ledger: one post's audience frozen and released, against the bare INSERT ... SELECT of the same rows.

    python -m benchmarks.ledger [--members 100000] [--rounds 3] [--dir FOLDER] [--engine both]

FOLDER lies on the disk that is to be measured (PostgreSQL's is the one of TMPDIR). Each round is done quietly and then again
while a member sends reply after reply, whose delays are told. SQLite's bytes are those in use in its file, PostgreSQL's those
of the table of deliveries and its indexes, with the dead rows that are not vacuumed yet. It prints tables of medians with
their spread, and one JSON line.
"""

import argparse
import asyncio
import json
import os
import secrets
import statistics
import tempfile
import time
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from benchmarks.engines import POSTGRESQL, SQLITE, Engines, Place, add_choice, engines, median, ratios, run_of
from relay.core.change import (
    AcceptPost,
    AddCommunity,
    AddMember,
    FileReply,
    FreezeAudience,
    Frozen,
    PlanPost,
    Released,
    ReleasePost,
)
from relay.core.community import Community
from relay.core.identity import encode
from relay.core.member import Address, Consent, Member
from relay.core.post import Post, PostState
from relay.core.staff import Token, TokenKind
from relay.core.thread import Filing, Message, NewThread, Role
from relay.core.verdict import Action, Decision
from relay.flows import deliver, publish
from relay.ports import Engine, Paging
from relay.stores.postgres_schema import WORDS
from relay.stores.schema import SQLITE_WORDS

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALONE_S = 1.0  # seconds
LEAST = 10  # replies
BARE = "INSERT INTO bare (member, post, state) SELECT n, 1, 0 FROM members WHERE standing = 0 ORDER BY n"
BARE_TABLE = "CREATE TABLE bare (n {}, member BIGINT, post BIGINT, message BIGINT, seq BIGINT, state BIGINT NOT NULL)"
KEYS = {SQLITE: SQLITE_WORDS["KEY"], POSTGRESQL: WORDS["KEY"]}
USED = {
    SQLITE: """
        SELECT (p.page_count - f.freelist_count) * s.page_size
        FROM pragma_page_count p, pragma_freelist_count f, pragma_page_size s""",
    POSTGRESQL: "SELECT pg_total_relation_size('deliveries')",
}

BARE_ROWS = "bare INSERT ... SELECT, s"
PLANNED = "plan and ledger, s"
RATIO = "plan and ledger against the bare rows"

Figures = dict[str, list[float]]


def new_id() -> str:
    return encode(secrets.token_bytes(16))


def main() -> None:
    """Fills a community on each engine, then measures round by round."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--members", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dir", type=Path, help="where SQLite's database is made: the disk that is measured")
    add_choice(parser)
    asked = parser.parse_args()
    rows: dict[str, Figures] = {}
    with engines(asked.engine) as which:
        for engine in which.names:
            rows[engine] = asyncio.run(on(which, engine, asked))
            print(f"{engine}, {asked.members:,} members, {asked.rounds} rounds, load {os.getloadavg()[0]:.1f}")
            report(rows[engine])
    medians = {engine: median(figures) for engine, figures in rows.items()}
    ratios(medians)
    print(json.dumps({"benchmark": "ledger", "members": asked.members, "load": os.getloadavg()[0], "medians": medians}))


async def on(which: Engines, engine: str, asked: argparse.Namespace) -> Figures:
    figures: Figures = {}
    with tempfile.TemporaryDirectory(dir=asked.dir) as folder:
        place = await which.place(engine, Path(folder))
        async with place.opened() as store, run_of(store) as keep:
            community = await fill(store, place, asked.members)
            for _ in range(asked.rounds):
                note(figures, BARE_ROWS, await bare(place))
                await measure(Bench(store, place, community, keep.epoch() or 0), figures)
        await which.end(place)
    return figures


@dataclass(frozen=True, slots=True)
class Bench:
    """What a round needs."""

    store: Engine
    place: Place
    community: int
    run: int

    async def used(self) -> int:
        """Bytes of the ledger."""
        return int((await self.place.run(USED[POSTGRESQL if self.place.url else SQLITE]))[0])


async def fill(store: Engine, place: Place, members: int) -> int:
    (community,) = await store.commit(AddCommunity(Community(new_id(), "bench", "Bench", NOW)))
    await store.commit(newcomer(cast("int", community)))
    await place.multiply(members - 1)
    return cast("int", community)


def newcomer(community: int) -> AddMember:
    id_ = new_id()
    token = Token(new_id(), TokenKind.MEMBER, new_id(), id_, NOW)
    member = Member(id_, community, "Blue Heron 12", NOW)
    return AddMember(member, Consent("web", "bench", "1", NOW), (Address("web", id_),), token)


async def bare(place: Place) -> float:
    """The same rows by one statement and one commit, as durable as the store's; the store is idle meanwhile."""
    await place.run(BARE_TABLE.format(KEYS[POSTGRESQL if place.url else SQLITE]))
    took = await place.seconds(BARE)
    await place.run("DROP TABLE bare", *(() if place.url else ("PRAGMA wal_checkpoint(TRUNCATE)",)))
    return took


async def measure(bench: Bench, figures: Figures) -> None:
    """One post in quiet, one among replies."""
    store, before = bench.store, await bench.used()
    began = time.perf_counter()
    post = await plan(bench)
    note(figures, PLANNED, time.perf_counter() - began)
    note(figures, RATIO, figures[PLANNED][-1] / figures[BARE_ROWS][-1])
    planned = await bench.used()
    groups = await release(store, post)
    note(figures, "release, s", sum(groups))
    note(figures, "release of a group, median ms", statistics.median(groups) * 1e3)
    note(figures, "release of a group, worst ms", max(groups) * 1e3)
    note(figures, "bytes a delivery, planned", (planned - before) / post.audience)
    note(figures, "bytes a delivery, released", (await bench.used() - before) / post.audience)
    began = time.perf_counter()
    await store.post_counts(post)
    note(figures, "counting its states, s", time.perf_counter() - began)
    note_delays(figures, "reply alone", await replies_during(bench, asyncio.sleep(ALONE_S)))
    planning = asyncio.create_task(plan(bench))
    note_delays(figures, "reply during plan", await replies_during(bench, planning))
    note_delays(figures, "reply during release", await replies_during(bench, release(store, await planning)))


def note_delays(figures: Figures, name: str, delays: list[float]) -> None:
    note(figures, f"{name}, p50 ms", statistics.median(delays) * 1e3)
    note(figures, f"{name}, p99 ms", statistics.quantiles(delays, n=100)[98] * 1e3)


async def replies_during(bench: Bench, work: Awaitable[object]) -> list[float]:
    """A member sends one reply after the other until the work is done, a few at least; how long each took."""
    store, working = bench.store, asyncio.ensure_future(work)
    member = (await store.members(bench.community, Paging(1))).items[0]
    delays: list[float] = []
    while len(delays) < LEAST or not working.done():
        around = await store.of(member.n).surroundings(None, None)
        message = Message(new_id(), member.n, Role.MEMBER, "When does it come?", NOW)
        thread = around.latest or NewThread(new_id(), None)
        began = time.perf_counter()
        await store.commit(FileReply(Filing(message, thread, Decision(Action.ALLOW, 0.0), None, None), bench.community))
        delays.append(time.perf_counter() - began)
    await working
    return delays


async def plan(bench: Bench) -> Post:
    store, community = bench.store, bench.community
    draft = Post(new_id(), community, "bench", "The bus is late. " * 18, NOW)
    (n,) = await store.commit(PlanPost(draft, bench.run))
    after = 0
    while True:
        (outcome,) = await store.commit(FreezeAudience(cast("int", n), community, after, publish.GROUP))
        frozen = cast("Frozen", outcome)
        if frozen.rows < publish.GROUP or frozen.last_member is None:
            break
        after = frozen.last_member
    await store.commit(AcceptPost(replace(draft, state=PostState.SENDING, accepted_at=NOW)))
    return cast("Post", await store.post(draft.id))


async def release(store: Engine, post: Post) -> list[float]:
    groups = []
    while True:
        began = time.perf_counter()
        (outcome,) = await store.commit(ReleasePost(post, deliver.GROUP, NOW))
        groups.append(time.perf_counter() - began)
        if cast("Released", outcome).finished:
            return groups


def note(figures: Figures, name: str, value: float) -> None:
    figures.setdefault(name, []).append(value)


def report(figures: Figures) -> None:
    """The table of one engine."""
    print(f"{'':40} {'median':>10} {'least':>10} {'most':>10}")
    for name, values in figures.items():
        print(f"{name:40} {statistics.median(values):10.3f} {min(values):10.3f} {max(values):10.3f}")


if __name__ == "__main__":
    main()
