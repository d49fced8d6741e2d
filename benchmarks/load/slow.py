"""The members of stream.c in Python, for machines without a C compiler: same options, commands and answers, but slower.

Left out: the probe, and the times of single posts.
"""

import argparse
import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.load.program import raise_files
from relay.channels.web.frames import TEXT, unmask

KEY = b"\x37\xfa\x21\x3d"  # servers do not look at how random a mask is
WAVE = 256  # connections on their way to a welcome at once
HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


@dataclass(slots=True)
class Tally:
    """What all members have got since the last mark."""

    members: int
    mark: str = ""
    awaited: int = 0
    marked_at: float = 0.0
    arrivals: list[float] = field(default_factory=list)
    items: int = 0
    repeated: int = 0
    lost: int = 0
    sent_at: dict[str, float] = field(default_factory=dict)
    answers: list[float] = field(default_factory=list)
    refused: int = 0
    sends: int = 0

    def post(self) -> None:
        self.arrivals.append((time.monotonic() - self.marked_at) * 1e3)
        if len(self.arrivals) == self.members * self.awaited:
            self.done()

    def done(self) -> None:
        ms = sorted(self.arrivals)
        figures = {"ms": ms[-1], "p50_ms": ms[len(ms) // 2], "first_ms": ms[0], "cpu_s": time.process_time()}
        counts = {"members": self.members, "posts": self.awaited, "repeated": self.repeated, "lost": self.lost, "gaps": 0}
        say("done", mark=self.mark, **counts, **figures, last_ms=[ms[-1]])

    def answer(self, frame: dict[str, Any]) -> None:
        if (sent := self.sent_at.pop(frame["client_id"], None)) is None:
            return
        self.answers.append((time.monotonic() - sent) * 1e3)
        self.refused += frame["type"] == "refused"
        if len(self.answers) == self.sends:
            ms = sorted(self.answers)
            rate = round(self.sends / ms[-1] * 1e3)
            counts = {"sent": self.sends, "accepted": self.sends - self.refused, "refused": self.refused, "per_s": rate}
            figures = {"ms": ms[-1], "p50_ms": ms[len(ms) // 2], "p99_ms": ms[int(len(ms) * 0.99)]}
            say("replies", **counts, **figures, cpu_s=time.process_time(), first_refusal=None)


@dataclass(slots=True)
class Member:
    token: str
    tally: Tally
    acknowledges: bool
    seq: int = 0
    writer: asyncio.StreamWriter | None = None

    def say(self, frame: dict[str, Any]) -> None:
        payload = json.dumps(frame, separators=(",", ":"), ensure_ascii=False).encode()
        size = len(payload)
        length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2)  # nothing sent here is longer
        if self.writer is not None:
            self.writer.write(b"\x81" + length + KEY + unmask(KEY, payload))

    async def live(self, options: argparse.Namespace, welcome: asyncio.Semaphore, ready: asyncio.Event) -> None:
        """Connect in turn, then read until the connection ends."""
        try:
            async with welcome:
                reader, self.writer = await asyncio.open_connection(options.host, options.port)
                self.writer.write(HANDSHAKE.format(path=options.path, host=options.host).encode())
                await reader.readuntil(b"\r\n\r\n")
                self.say({"type": "hello", "token": self.token, "after": 0})
                self.take(await _text(reader))
            ready.set()
            while True:
                self.take(await _text(reader))
        except (OSError, asyncio.IncompleteReadError):
            self.tally.lost += 1
            if not ready.is_set():
                say("failed", member=self.token, stage=0)

    def take(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "item":
            self.tally.items += 1
            if self.acknowledges:
                self.say({"type": "ack", "seq": frame["seq"]})
            if frame["seq"] <= self.seq:
                self.tally.repeated += 1
                return
            self.seq = frame["seq"]
            if frame["kind"] == "post" and self.tally.awaited:
                self.tally.post()
        elif frame["type"] in {"accepted", "refused"}:
            self.tally.answer(frame)


async def _text(reader: asyncio.StreamReader) -> dict[str, Any]:
    """The next text frame's JSON; others are passed over."""
    while True:
        first, size = await reader.readexactly(2)
        if size > 125:
            size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8))
        payload = await reader.readexactly(size)
        if first & 0xF == TEXT:
            frame: dict[str, Any] = json.loads(payload)
            return frame


def say(event: str, **answer: object) -> None:
    print(json.dumps({"event": event, **answer}), flush=True)


def command(line: str, tally: Tally, members: list[Member], texts: list[str]) -> None:
    match line.split():
        case ["mark", name, *count]:
            tally.mark, tally.awaited, tally.arrivals = name, int(*count or ["1"]), []
            tally.marked_at = time.monotonic()
            say("marked", mark=name)
        case ["send", writers, count]:
            tally.sends, tally.answers, tally.refused = int(count), [], 0
            run = f"load-{time.monotonic_ns()}"
            for number in range(int(count)):
                key = f"{run}-{number}"
                tally.sent_at[key] = time.monotonic()
                text = texts[number % len(texts)]
                members[number % int(writers)].say({"type": "send", "client_id": key, "text": text})
        case ["stats"]:
            counts = {"members": tally.members, "lost": tally.lost, "items": tally.items, "repeated": tally.repeated}
            say("stats", **counts, got=len(tally.arrivals), cpu_s=time.process_time(), pings=0)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", default="/v1/me/stream")
    parser.add_argument("--tokens", type=Path, required=True)
    parser.add_argument("--texts", type=Path)
    parser.add_argument("--members", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--quiet", action="store_true")
    return parser.parse_args()


async def main() -> None:
    options = parse()
    raise_files()
    began = time.monotonic()
    texts = [json.loads(line) for line in options.texts.read_text().splitlines()] if options.texts else ["hello"]
    tokens = options.tokens.read_text().split()[options.first : options.first + options.members]
    tally = Tally(len(tokens))
    members = [Member(token, tally, not options.quiet) for token in tokens]
    wave = asyncio.Semaphore(WAVE)
    arrived = [asyncio.Event() for _ in members]
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each.live(options, wave, event)) for each, event in zip(members, arrived, strict=True)]
        for event in arrived:
            await event.wait()
        say("ready", members=len(members), lost=tally.lost, ms=(time.monotonic() - began) * 1e3, cpu_s=time.process_time())
        while (line := (await lines.readline()).decode().strip()) not in {"", "quit"}:
            command(line, tally, members, texts)
        for task in tasks:
            task.cancel()


if __name__ == "__main__":
    asyncio.run(main())
