"""Replay: messages a second and the most memory, for few and for many messages, with all shipped plugins.

    python -m benchmarks.replay [--messages 2000 10000] [--members 1000] [--dir FOLDER]

For each number it fills a SQLite database and starts `relay moderation replay` on it, as an operator would; `peak MiB` is the
largest resident size of that process. Memory is bounded when it stays the same for ten times as many messages, once plugins
remember every member. It prints a table and one JSON line.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from benchmarks.ledger import new_id
from benchmarks.moderation import OWN
from relay.core.change import AddCommunity, AddMember, FileReply
from relay.core.community import Community
from relay.core.member import Address, Consent, Member
from relay.core.staff import Token, TokenKind
from relay.core.thread import Filing, Message, NewThread, Role, ThreadRef, ThreadState
from relay.core.verdict import Action, Decision
from relay.stores.sqlite import SqliteStore

GROUP = 500  # replies a commit
APART = 7.0  # seconds between two messages
MIB = 1024.0  # KiB, which is what the system tells

Row = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, nargs="+", default=[2_000, 10_000])
    parser.add_argument("--members", type=int, default=1000)
    parser.add_argument("--dir", type=Path, help="the disk that is to be read from")
    given = parser.parse_args()
    rows = {}
    print(f"{'messages':>10}{'seconds':>10}{'messages/s':>12}{'CPU us':>10}{'peak MiB':>10}")
    for messages in given.messages:
        with tempfile.TemporaryDirectory(dir=given.dir) as folder:
            asyncio.run(fill(Path(folder), messages, given.members))
            rows[messages] = row = replayed(Path(folder), messages)
        print(f"{messages:>10,}{row['seconds']:>10.1f}{row['per_s']:>12,.0f}{row['cpu_us']:>10.0f}{row['peak_mib']:>10.0f}")
    print(json.dumps({"benchmark": "replay", "members": given.members, "results": rows}))


async def fill(folder: Path, messages: int, members: int) -> None:
    """A relay's data folder, in which each member wrote as often as every other."""
    store = await SqliteStore.open(folder / "relay.db", lambda _changes, _outcomes: None)
    at = datetime.now(UTC) - timedelta(seconds=APART * messages)
    await store.commit(AddCommunity(Community(new_id(), "bench", "Bench", at)))
    people = [newcomer(at) for _ in range(members)]
    await store.commit(*people)
    for first in range(0, messages, GROUP):
        numbers = range(first, min(first + GROUP, messages))
        await store.commit(*(reply(n, members, at + timedelta(seconds=APART * n)) for n in numbers))
    await store.close()


def newcomer(at: datetime) -> AddMember:
    id_ = new_id()
    token = Token(new_id(), TokenKind.MEMBER, f"digest of {id_}", id_, at)
    return AddMember(Member(id_, 1, "Blue Heron", at), Consent("web", "bench", "1", at), (Address("web", id_),), token)


def reply(n: int, members: int, at: datetime) -> FileReply:
    """The first of each member begins their thread; in a fresh database both have the same key."""
    member = n % members + 1
    thread = NewThread(new_id(), None) if n < members else ThreadRef(member, "", member, None, ThreadState.OPEN, 1)
    message = Message(new_id(), member, Role.MEMBER, f"{OWN[n % len(OWN)]} {n}", at, client_id=new_id())
    return FileReply(Filing(message, thread, Decision(Action.ALLOW, 0.0), None, None), 1)


def replayed(folder: Path, messages: int) -> Row:
    """Raises SystemExit when it fails, or does not judge all of them."""
    began = perf_counter()
    output = folder / "found.json"
    words = ["relay", "moderation", "replay", "--since", "520w", "--data", str(folder), "--json"]
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT, 0o600), 1)
        os.execv(sys.executable, [sys.executable, "-m", *words])  # noqa: S606 - our own command
    _, status, usage = os.wait4(pid, 0)
    seconds = perf_counter() - began
    if status != 0 or json.loads(output.read_text("utf-8"))["messages"] != messages:
        sys.exit("the replay failed, or did not judge all messages")
    cpu_us = (usage.ru_utime + usage.ru_stime) / messages * 1e6
    figures = {"seconds": seconds, "per_s": messages / seconds, "cpu_us": cpu_us, "peak_mib": usage.ru_maxrss / MIB}
    return {name: round(figure, 1) for name, figure in figures.items()}


if __name__ == "__main__":
    main()
