"""The load programs tell the truth: counted against a small server of one's own, and against mosquitto."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pytest
from aiohttp import web

from benchmarks.load.client import Members, Tools, write_texts, write_tokens
from benchmarks.peers.mosquitto import mosquitto
from relay.channels.web import frames
from relay.channels.web.socket import Socket, Sweeper
from relay.channels.web.upgrade import upgrade

NUMBER = 30
SECONDS = 20.0


@dataclass(slots=True)
class Stub:
    """Welcomes every token, counts acknowledgements, accepts every reply but the empty ones."""

    sockets: list[Socket] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    acknowledged: int = 0
    replies: list[str] = field(default_factory=list)
    port: int = 0
    all_acknowledged: asyncio.Event = field(default_factory=asyncio.Event)

    def opened(self, socket: Socket, /) -> None: ...

    def closed(self, socket: Socket, code: int, /) -> None: ...

    def received(self, socket: Socket, text: bytes, /) -> None:
        frame = orjson.loads(text)
        if frame["type"] == "hello":
            self.tokens.add(frame["token"])
            self.sockets.append(socket)
            socket.admit()
            self.say(socket, {"type": "welcome", "first_seq": 1, "last_seq": 0})
        elif frame["type"] == "ack":
            self.acknowledged += 1
            if self.acknowledged == 2 * NUMBER:
                self.all_acknowledged.set()
        else:
            self.replies.append(frame["text"])
            answer = "accepted" if frame["text"] else "refused"
            self.say(socket, {"type": answer, "client_id": frame["client_id"]})

    def say(self, socket: Socket, frame: dict[str, object]) -> None:
        socket.send(frames.text(orjson.dumps(frame)))

    def post(self, seq: int, sockets: list[Socket]) -> None:
        for socket in sockets:
            self.say(socket, {"type": "item", "seq": seq, "kind": "post", "id": f"post-{seq}", "text": "x" * 200})


@pytest.fixture
async def stub() -> AsyncIterator[Stub]:
    stub, sweeper = Stub(), Sweeper()

    async def stream(request: web.Request) -> web.StreamResponse:
        return await upgrade(request, stub, sweeper)

    app = web.Application()
    app.router.add_get("/v1/me/stream", stream)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    stub.port = runner.addresses[0][1]
    yield stub
    for socket in sweeper:
        socket.abort()
    await runner.cleanup()


@pytest.fixture(params=["C", "Python"])
def tools(request: pytest.FixtureRequest, tmp_path: Path, require: Callable[[str], Path]) -> Tools:
    if request.param == "Python":
        return Tools(tmp_path, compiler="no-compiler-of-this-name")
    require("cc")
    return Tools(tmp_path)


@pytest.fixture
def compiled(tmp_path: Path, require: Callable[[str], Path]) -> Tools:
    require("cc")
    return Tools(tmp_path)


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    return write_tokens(tmp_path / "tokens", [f"token-{number}" for number in range(NUMBER + 1)])


async def test_members_arrive_with_their_own_tokens_and_acknowledge_each_item(stub: Stub, tools: Tools, tokens: Path) -> None:
    async with await tools.members(Members(stub.port, tokens, NUMBER)) as members:
        ready = await members.hear("ready", SECONDS)
        await members.ask("mark two 2", "marked", SECONDS)
        stub.post(1, stub.sockets)
        stub.post(2, stub.sockets)
        done = await members.hear("done", SECONDS)
        stats = await members.ask("stats", "stats", SECONDS)
        await asyncio.wait_for(stub.all_acknowledged.wait(), SECONDS)

    assert ready["members"] == NUMBER
    assert stub.tokens == {f"token-{number}" for number in range(NUMBER)}
    assert (done["mark"], done["posts"], done["repeated"], done["lost"]) == ("two", 2, 0, 0)
    assert 0 < done["first_ms"] <= done["p50_ms"] <= done["ms"]
    assert stats["items"] == 2 * NUMBER
    assert stub.acknowledged == 2 * NUMBER


async def test_a_post_that_misses_one_member_is_not_done(stub: Stub, tools: Tools, tokens: Path) -> None:
    async with await tools.members(Members(stub.port, tokens, NUMBER)) as members:
        await members.hear("ready", SECONDS)
        await members.ask("mark a", "marked", SECONDS)
        stub.post(1, stub.sockets[1:])
        stub.post(1, stub.sockets[1:2])
        stub.say(stub.sockets[0], {"type": "item", "seq": 1, "kind": "message", "id": "m", "text": "no post"})
        stats = await members.ask("stats", "stats", SECONDS)
        while stats["items"] < NUMBER + 1:
            stats = await members.ask("stats", "stats", SECONDS)
        stub.post(2, stub.sockets[:1])
        done = await members.hear("done", SECONDS)

    assert (stats["got"], stats["repeated"]) == (NUMBER - 1, 1)
    assert done["members"] == NUMBER


async def test_replies_are_counted_by_their_answers(stub: Stub, tools: Tools, tokens: Path, tmp_path: Path) -> None:
    texts = write_texts(tmp_path / "texts", ['Grüße, "wie" geht\'s?\n', "", "x" * 300])

    async with await tools.members(Members(stub.port, tokens, NUMBER, texts=texts)) as members:
        await members.hear("ready", SECONDS)
        replies = await members.ask(f"send {NUMBER} 90", "replies", SECONDS)

    assert (replies["sent"], replies["accepted"], replies["refused"]) == (90, 60, 30)
    assert 0 < replies["p50_ms"] <= replies["p99_ms"] <= replies["ms"]
    assert sorted(stub.replies) == sorted(['Grüße, "wie" geht\'s?\n', "", "x" * 300] * 30)


async def test_the_probe_measures_pings(stub: Stub, compiled: Tools, tokens: Path) -> None:
    async with await compiled.probe(Members(stub.port, tokens, first=NUMBER)) as probe:
        await probe.hear("ready", SECONDS)
        await probe.ask("mark a", "marked", SECONDS)
        stats = await probe.ask("stats", "stats", SECONDS)
        while not stats["pings"]:
            stats = await probe.ask("stats", "stats", SECONDS)

    assert stub.tokens == {f"token-{NUMBER}"}
    assert 0 < stats["ping_p50_ms"] <= stats["ping_p99_ms"] <= stats["ping_max_ms"]


async def test_the_bare_loop_serves_the_same_members(compiled: Tools, tokens: Path) -> None:
    bare, port = await compiled.bare()
    async with bare, await compiled.members(Members(port, tokens, NUMBER)) as members:
        await members.hear("ready", SECONDS)
        await members.ask("mark a", "marked", SECONDS)
        posted = await bare.ask("post 299", "posted", SECONDS)
        done = await members.hear("done", SECONDS)

    assert (posted["members"], posted["frame"]) == (NUMBER, 299 + 4)
    assert done["members"] == NUMBER


@pytest.mark.parametrize("version", [4, 5])
async def test_subscribers_of_mosquitto_get_posts_and_send_replies(
    compiled: Tools, tmp_path: Path, require: Callable[[str], Path], version: int
) -> None:
    require("mosquitto")
    async with mosquitto(tmp_path) as broker, await compiled.subscribers(broker.port, NUMBER, version) as members:
        await members.hear("ready", SECONDS)
        done = await members.ask("post a 299", "done", SECONDS)
        replies = await members.ask(f"send {NUMBER} 60 100", "replies", SECONDS)
        stats = await members.ask("stats", "stats", SECONDS)

    assert (done["members"], done["repeated"], done["lost"]) == (NUMBER, 0, 0)
    assert (replies["sent"], replies["accepted"]) == (60, 60)
    assert stats["items"] == NUMBER + 60
