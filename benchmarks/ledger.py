"""Plan and ledger: one post's audience frozen and released, against the bare INSERT ... SELECT of the same rows.

    python -m benchmarks.ledger [--members 100000] [--rounds 3] [--dir FOLDER]

FOLDER lies on the disk that is to be measured. Rounds are interleaved, and each is done quietly and then again while a member
sends reply after reply, whose delays are told. It prints a table of medians with their spread, and one JSON line.
"""

import argparse
import asyncio
import json
import os
import secrets
import statistics
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

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
from relay.ports import Paging
from relay.stores.sqlite import SqliteStore
from relay.stores.sqlite_file import lite

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PLAN_GROUP = 2000  # as flows/publish freezes
RELEASE_GROUP = 1000  # as flows/deliver releases
AT_ONCE = 5000
BARE_TABLE = (
    "CREATE TABLE bare (n INTEGER PRIMARY KEY, member BIGINT, post BIGINT, message BIGINT, seq BIGINT, state BIGINT NOT NULL)"
)

BARE_ROWS = "bare INSERT ... SELECT, s"
PLANNED = "plan and ledger, s"
RATIO = "plan and ledger against the bare rows"

Figures = dict[str, list[float]]


def new_id() -> str:
    return encode(secrets.token_bytes(16))


async def main() -> None:
    """Fills a community, then measures round by round."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--members", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dir", type=Path, help="where the database is made: the disk that is measured")
    wanted = parser.parse_args()
    figures: Figures = {}
    with tempfile.TemporaryDirectory(dir=wanted.dir) as folder:
        path = Path(folder) / "relay.db"
        store = await SqliteStore.open(path, lambda _changes, _outcomes: None)
        community = await fill(store, wanted.members)
        for _ in range(wanted.rounds):
            note(figures, BARE_ROWS, bare(path))
            await measure(store, path, community, figures)
        await store.close()
    report(wanted.members, figures)


async def fill(store: SqliteStore, members: int) -> int:
    (community,) = await store.commit(AddCommunity(Community(new_id(), "bench", "Bench", NOW)))
    for start in range(0, members, AT_ONCE):
        await asyncio.gather(*(store.commit(newcomer(cast("int", community))) for _ in range(min(AT_ONCE, members - start))))
    return cast("int", community)


def newcomer(community: int) -> AddMember:
    id_ = new_id()
    token = Token(new_id(), TokenKind.MEMBER, new_id(), id_, NOW)
    member = Member(id_, community, "Blue Heron 12", NOW)
    return AddMember(member, Consent("web", "bench", "1", NOW), (Address("web", id_),), token)


def bare(path: Path) -> float:
    """The same rows by one statement and one commit, as durable as the store's; the store is idle meanwhile."""
    connection = lite.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(BARE_TABLE)
    began = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO bare (member, post, state) SELECT n, 1, 0 FROM members WHERE standing = 0 ORDER BY n")
    connection.execute("COMMIT")
    took = time.perf_counter() - began
    connection.execute("DROP TABLE bare")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return took


async def measure(store: SqliteStore, path: Path, community: int, figures: Figures) -> None:
    """One post in quiet, one among replies."""
    before = used(path)
    began = time.perf_counter()
    post = await plan(store, community)
    note(figures, PLANNED, time.perf_counter() - began)
    planned = used(path)
    groups = await release(store, post)
    note(figures, "release, s", sum(groups))
    note(figures, "release of a group, median ms", statistics.median(groups) * 1e3)
    note(figures, "release of a group, worst ms", max(groups) * 1e3)
    note(figures, "bytes a delivery, planned", (planned - before) / post.audience)
    note(figures, "bytes a delivery, released", (used(path) - before) / post.audience)
    began = time.perf_counter()
    await store.post_counts(post)
    note(figures, "counting its states, s", time.perf_counter() - began)
    replying = asyncio.create_task(reply_on_and_on(store, community))
    await release(store, await plan(store, community))
    replying.cancel()
    delays = await replying
    note(figures, "reply meanwhile, p50 ms", statistics.median(delays) * 1e3)
    note(figures, "reply meanwhile, p99 ms", statistics.quantiles(delays, n=100)[98] * 1e3)


async def reply_on_and_on(store: SqliteStore, community: int) -> list[float]:
    """Until it is cancelled; how long each took."""
    member = (await store.members(community, Paging(1))).items[0]
    delays = []
    try:
        while True:
            around = await store.of(member.n).surroundings(None, None)
            message = Message(new_id(), member.n, Role.MEMBER, "When does it come?", NOW)
            thread = around.latest or NewThread(new_id(), None)
            began = time.perf_counter()
            await store.commit(FileReply(Filing(message, thread, Decision(Action.ALLOW, 0.0), None, None), community))
            delays.append(time.perf_counter() - began)
    except asyncio.CancelledError:
        return delays


async def plan(store: SqliteStore, community: int) -> Post:
    draft = Post(new_id(), community, "bench", "The bus is late. " * 18, NOW)
    (n,) = await store.commit(PlanPost(draft))
    after = 0
    while True:
        (outcome,) = await store.commit(FreezeAudience(cast("int", n), community, after, PLAN_GROUP))
        frozen = cast("Frozen", outcome)
        if frozen.rows < PLAN_GROUP or frozen.last_member is None:
            break
        after = frozen.last_member
    await store.commit(AcceptPost(replace(draft, state=PostState.SENDING, accepted_at=NOW)))
    return cast("Post", await store.post(draft.id))


async def release(store: SqliteStore, post: Post) -> list[float]:
    groups = []
    while True:
        began = time.perf_counter()
        (outcome,) = await store.commit(ReleasePost(post, RELEASE_GROUP, NOW))
        groups.append(time.perf_counter() - began)
        if cast("Released", outcome).finished:
            return groups


def used(path: Path) -> int:
    """Bytes in use, wherever they lie; room that was freed counts as free."""
    connection = lite.connect(path, isolation_level=None)
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    connection.close()
    return int((pages - free) * size)


def note(figures: Figures, name: str, value: float) -> None:
    figures.setdefault(name, []).append(value)


def report(members: int, figures: Figures) -> None:
    """The table and the JSON line."""
    figures[RATIO] = [plan / bare for plan, bare in zip(figures[PLANNED], figures[BARE_ROWS], strict=True)]
    load = os.getloadavg()[0]
    print(f"{members:,} members, {len(figures[PLANNED])} rounds, load {load:.1f}, SQLite {lite.sqlite_version}")
    print(f"{'':40} {'median':>10} {'least':>10} {'most':>10}")
    for name, values in figures.items():
        print(f"{name:40} {statistics.median(values):10.3f} {min(values):10.3f} {max(values):10.3f}")
    medians = {name: round(statistics.median(values), 4) for name, values in figures.items()}
    print(json.dumps({"benchmark": "ledger", "members": members, "load": load, "medians": medians}))


if __name__ == "__main__":
    asyncio.run(main())
