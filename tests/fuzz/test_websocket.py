"""WebSocket frames that nobody should send, to the running relay: it answers as RFC 6455 says and harms nobody else."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random

import aiohttp
import pytest

from tests.conftest import is_soak
from tests.e2e.cast import Cast
from tests.e2e.conftest import Relay, unlimited
from tests.e2e.server import Server
from tests.fuzz.cases import CASES
from tests.fuzz.wire import LIMIT, NO_CODE, Wire, frame, head
from tests.servers import engines

SLUG = "town"
HANG_S = 0.1
TRIES = 4  # for a pong in time: what the machine does to us passes, a hang comes again
SOAK_S = {True: 1800.0, False: 300.0}  # a long run, slim or not, ends with its number of frames or after this
ENOUGH = 1000  # frames, to meet every kind of refusal
AT_MOST = 12  # frames on one connection
CODES = {None, NO_CODE, *range(1000, 1004), *range(1007, 1015), *range(3000, 5000)}  # a peer may see these, and no others
pytestmark = pytest.mark.parametrize("engine", [engines.SQLITE], indirect=True)  # no database has a part in it
SLIM = pytest.mark.parametrize("slim", [True, False], ids=["slim", "plain"])


@dataclass(slots=True)
class Lab:
    """A relay, somebody whose frames are wrong, and somebody who must not notice: a pong to them tells that nothing hangs."""

    server: Server
    token: str
    other: Wire
    pings: int = 0

    async def look(self) -> float:
        """Seconds until the other's pong."""
        self.pings += 1
        mark, began = b"%d" % self.pings, time.monotonic()
        self.other.writer.write(frame(0x89, mark))
        async with asyncio.timeout(LIMIT):
            assert await self.other.pong(mark) is None, "somebody else was cut off"
        return time.monotonic() - began

    async def fate(self, data: bytes, *, signed_in: bool = True, whole: bool = True) -> int | None:
        """What the bytes lead to; fails when they hold up somebody else each time. `whole`: they are complete frames."""
        waits: list[float] = []
        fate: object = None
        for _ in range(TRIES):
            wire = await Wire.open(self.server.url, self.token if signed_in else None)
            deciding = asyncio.ensure_future(wire.fate(data))
            waits.append(await self.look())
            if not whole and not deciding.done():
                await self.look()  # the relay has read everything by now, and may rightly wait for the rest of a frame
                deciding.cancel()
            (fate,) = await asyncio.gather(deciding, return_exceptions=True)
            await wire.hang_up()
            if waits[-1] <= HANG_S:
                break
        assert min(waits) <= HANG_S, f"others waited for {waits} s on {data[:200].hex()}"
        assert fate is None or isinstance(fate, int | asyncio.CancelledError), fate
        return fate if isinstance(fate, int) else None

    def check(self) -> None:
        """Nothing was logged that nobody foresaw."""
        lines = self.server.log.read_text().splitlines()
        assert [line for line in lines if '"level":"error"' in line or "Traceback" in line] == []


@asynccontextmanager
async def lab(start_relay: Relay, http: aiohttp.ClientSession, *, slim: bool) -> AsyncIterator[Lab]:
    server = await start_relay(RELAY_STREAM__SLIM=str(slim).lower(), **unlimited("staff", "visitor", "member"))
    async with Cast(http, server) as cast:
        await cast.found(SLUG)
        tokens = [(await cast.enrol(SLUG)).api.token or "" for _ in range(2)]
    other = await Wire.open(server.url, tokens[1])
    yield Lab(server, tokens[0], other)
    await other.hang_up()


@SLIM
async def test_every_case_of_ours_ends_as_the_rfc_says(start_relay: Relay, http: aiohttp.ClientSession, *, slim: bool) -> None:
    wrong = {}
    async with lab(start_relay, http, slim=slim) as found:
        for name, case in CASES.items():
            fate = await found.fate(case.data)
            if fate not in case.fates | (frozenset() if slim else case.plain):
                wrong[name] = fate

    found.check()
    assert wrong == {}


@SLIM
async def test_random_frames_crash_nothing_and_hang_nobody(
    start_relay: Relay, http: aiohttp.ClientSession, seed: int, size: Callable[[int, int], int], *, slim: bool
) -> None:
    random = Random(seed)
    count = int(os.environ.get("RELAY_EXAMPLES", "0")) or size(5_000 if slim else 1_000, 20_000_000)
    end = time.monotonic() + (SOAK_S[slim] if is_soak() else float("inf"))
    fates: Counter[int | None] = Counter()
    sent = 0

    async with lab(start_relay, http, slim=slim) as found:
        while sent < count and time.monotonic() < end:
            frames = [anything(random) for _ in range(random.randint(1, AT_MOST))]
            fates[await found.fate(b"".join(frames), signed_in=random.random() < 0.9, whole=False)] += 1
            sent += len(frames)

    found.check()
    assert set(fates) <= CODES
    assert {1002, 1003, 1007} <= set(fates) or count < ENOUGH, "frames that are never refused show nothing"


def anything(random: Random) -> bytes:
    """A frame that is right, nearly right, or noise."""
    opcode = random.choice((0x1, 0x1, 0x1, 0x1, 0x0, 0x2, 0x8, 0x9, 0xA, random.randrange(16)))
    first = opcode | random.choice((0x80, 0x80, 0x80, 0x00)) | random.choice((0,) * 20 + (0x40, 0x20, 0x10))
    payload = said(random)
    if opcode >= 0x8 and random.random() < 0.9:
        payload = payload[:125]
    data = bytearray(frame(first, payload, random.choice((None, *(random.randbytes(4),) * 30))))
    match random.randrange(40):
        case 0:
            return head(first, random.choice((b"\x7e\x00\x05", b"\x7f" + random.randbytes(8)))) + payload
        case 1:
            return bytes(data[: random.randrange(len(data) + 1)])
        case 2:
            data[random.randrange(len(data))] ^= 1 << random.randrange(8)
        case 3:
            return random.randbytes(random.randrange(200))
    return bytes(data)


def said(random: Random) -> bytes:
    """What stands in a frame: the relay's own words, right and wrong, or noise."""
    token = random.choice(("x", "x" * 400, '"', "\\u0000"))
    seq = random.choice((0, 1, -1, 2**53, 2**64, "null", '"1"', "1e3", "[" * 500))
    words = [
        f'{{"type":"ack","seq":{seq}}}',
        f'{{"type":"read","seq":{seq}}}',
        f'{{"type":"hello","token":"{token}","after":{seq}}}',
        f'{{"type":"send","client_id":"{random.randrange(50)}","text":"{token}"}}',
        f'{{"type":"send","client_id":"a","text":"b","in_reply_to":{seq}}}',
        f'{{"type":"press","client_id":"{token}","post":"{token}","button":"a"}}',
        '{"type":{}}',
        "[" * random.randrange(2000),
        "🙂" * random.randrange(100),
    ]
    payload = random.choice(words).encode()
    return payload if random.random() < 0.8 else random.randbytes(random.choice((0, 1, 2, 5, 125, 126, 300, 65_535)))
