"""A real HTTP server on a loopback port, over a real store in a temporary file; time, ids and moderation are the test's."""

import contextlib
import io
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry

from relay.bus import Bus
from relay.channels.web.hub import Hub
from relay.channels.web.socket import Sweeper
from relay.channels.web.stream import Doors, Streams, StreamSettings
from relay.core.change import Change, Outcome
from relay.core.identity import token_digest
from relay.core.staff import SCOPES, Role
from relay.core.verdict import Action, Decision, Submission
from relay.flows.answer import Answer
from relay.flows.deliver import Deliver
from relay.flows.enrol import Enrol
from relay.flows.govern import Govern
from relay.flows.judge import Judging
from relay.flows.publish import Publish
from relay.flows.receive import Receive
from relay.flows.review import Review
from relay.observe import Metrics
from relay.ports import Paging, SignedIn, Told
from relay.stores.sqlite import SqliteStore
from relay.testing.clock import Drawn, ManualClock, drawn_tokens
from relay.web.door import Runner
from relay.web.server import Parts, build
from relay.web.settings import HttpSettings

OWNER_TOKEN = "owner-token-of-these-tests-0123456789"
CONSENT = {"consent": {"source": "counter", "text_version": "3.4"}}
PATIENCE = 10  # seconds until a test that waits gives up
_BY_WORD = {"hold": Action.HOLD, "flag": Action.FLAG, "reject": Action.REJECT, "discard": Action.DISCARD}


async def by_first_word(submission: Submission) -> Decision:
    """Moderation that does what the message begins with."""
    return Decision(_BY_WORD.get(submission.text.partition(" ")[0], Action.ALLOW), 0.0)


@dataclass(frozen=True, slots=True)
class Said:
    """One answer of the relay."""

    status: int
    body: Any
    headers: Mapping[str, str]
    raw: bytes


def is_problem(said: Said, status: int) -> bool:
    """Everything RFC 9457 asks for, and the type leads to a page of the relay."""
    assert said.status == status, said
    assert said.headers["Content-Type"] == "application/problem+json"
    assert {"type", "title", "status", "detail"} <= set(said.body) <= {"type", "title", "status", "detail", "errors"}
    assert said.body["status"] == status
    assert said.body["type"].startswith("/docs/errors#")
    return True


@dataclass
class Caller:
    """Somebody with a token, or nobody (None)."""

    url: str
    session: aiohttp.ClientSession
    token: str | None
    headers: dict[str, str] = field(default_factory=dict)

    async def __call__(self, method: str, path: str, body: object = None, **headers: str) -> Said:
        """`body` is sent as JSON; bytes go as they are. Headers are written with underscores."""
        sent = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        content: dict[str, Any] = {"json": body} if body is not None else {}
        if isinstance(body, bytes):
            content = {"data": io.BytesIO(body)}
            sent.setdefault("Content-Type", "application/json")
        async with self.session.request(method, self.url + path, headers=sent, allow_redirects=False, **content) as found:
            raw = await found.read()
            is_json = found.content_type.endswith("json") and raw
            return Said(found.status, await found.json(content_type=None) if is_json else None, found.headers, raw)

    @asynccontextmanager
    async def stream(self, path: str = "/v1/staff/stream", **headers: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        async with self.session.ws_connect(self.url + path, headers=sent, max_msg_size=0) as socket:
            yield socket


@dataclass
class Relay:
    """The running surface and what stands behind it."""

    url: str
    parts: Parts
    clock: ManualClock
    session: aiohttp.ClientSession
    runner: web.AppRunner
    ready: list[bool]
    also_told: list[Told]
    plugins: list[dict[str, object]]

    @property
    def owner(self) -> Caller:
        return self.caller(OWNER_TOKEN)

    @property
    def nobody(self) -> Caller:
        return self.caller(None)

    def caller(self, token: str | None, **headers: str) -> Caller:
        return Caller(self.url, self.session, token, {name.replace("_", "-"): value for name, value in headers.items()})

    async def staff(self, role: Role) -> Caller:
        made = await self.owner("POST", "/v1/staff", {"name": role.title(), "role": role})
        return self.caller(made.body["token"])

    async def key(self, *scopes: str) -> Caller:
        made = await self.owner("POST", "/v1/keys", {"name": "shop", "scopes": list(scopes or SCOPES)})
        return self.caller(made.body["token"])

    async def community(self, slug: str = "bad", **more: object) -> str:
        made = await self.owner("POST", "/v1/communities", {"slug": slug, "name": "Bad am See", **more})
        assert made.status == 201, made
        return slug

    async def member(self, slug: str = "bad", **more: object) -> "Person":
        made = await self.owner("POST", f"/v1/communities/{slug}/members", {**CONSENT, **more})
        assert made.status == 201, made
        return Person(made.body["id"], self.caller(made.body["token"]))

    async def post(self, slug: str = "bad", text: str = "Closed tomorrow", **more: object) -> str:
        """Accepted and released to everybody; its id."""
        made = await self.owner("POST", f"/v1/communities/{slug}/posts", {"text": text, **more})
        assert made.status == 202, made
        await self.release()
        return str(made.body["id"])

    async def release(self) -> None:
        while await self.parts.deliver.turn():
            pass

    async def reply(self, person: "Person", text: str, client_id: str = "c1") -> str:
        said = await person.call("POST", "/v1/me/messages", {"client_id": client_id, "text": text})
        assert said.status == 202, said
        return str(said.body["id"])

    async def only_thread(self, slug: str = "bad") -> str:
        found = await self.owner("GET", f"/v1/communities/{slug}/threads")
        (thread,) = found.body["items"]
        return str(thread["id"])

    async def signed_in(self, person: "Person") -> SignedIn:
        found = await self.parts.store.signed_in(token_digest(person.call.token or ""), self.clock.now())
        assert found is not None
        return found


@dataclass
class Person:
    """A member and their calls."""

    id: str
    call: Caller


Open = Callable[..., Any]


async def _silent(*_: object) -> bytes:
    return b""


def built(store: SqliteStore, bus: Bus, clock: ManualClock, ready: list[bool], plugins: list[dict[str, object]]) -> Parts:
    """The parts as app.py makes them, with moderation that the test decides and streams that nobody sweeps."""
    ids, secrets = Drawn(), drawn_tokens()
    deliver = Deliver(store, clock)
    hub = Hub(store, deliver.reached)
    streams = Streams(hub, clock, Random(1), Doors(_silent, _silent), StreamSettings(), Sweeper())
    return Parts(
        store=store,
        clock=clock,
        ids=ids,
        bus=bus,
        metrics=Metrics(CollectorRegistry()),
        publish=Publish(store, clock, ids),
        receive=Receive(store, clock, ids, Judging(by_first_word)),
        review=Review(store, clock, ids),
        answer=Answer(store, clock, ids),
        enrol=Enrol(store, clock, ids, secrets, b"key"),
        govern=Govern(store, clock, ids, secrets),
        deliver=deliver,
        plugins=lambda: plugins,
        members_stream=streams.handle,
        is_ready=lambda: ready[0],
    )


@asynccontextmanager
async def running(folder: Path, settings: HttpSettings) -> AsyncIterator[Relay]:
    clock, bus, ready = ManualClock(), Bus(), [True]
    also_told: list[Told] = [bus.announce]

    def tell(changes: tuple[Change, ...], outcomes: tuple[Outcome, ...]) -> None:
        for told in also_told:
            told(changes, outcomes)

    store = await SqliteStore.open(folder / "relay.db", told=tell)
    plugins: list[dict[str, object]] = [{"name": "words", "version": "1.0"}]
    parts = built(store, bus, clock, ready, plugins)
    await parts.govern.first_owner(OWNER_TOKEN)
    runner = Runner(build(parts, settings), settings)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(PATIENCE)) as session:
        yield Relay(url, parts, clock, session, runner, ready, also_told, plugins)
    await runner.cleanup()
    await store.close()


@pytest.fixture
async def open_relay(tmp_path: Path) -> AsyncIterator[Open]:
    """Starts a relay with other settings, given by name."""
    async with contextlib.AsyncExitStack() as stack:

        async def open_one(**settings: Any) -> Relay:  # noqa: ANN401 - whatever can be set
            return await stack.enter_async_context(running(tmp_path, HttpSettings(**settings)))

        yield open_one


@pytest.fixture
async def relay(open_relay: Open) -> Relay:
    opened: Relay = await open_relay()
    return opened


async def numbers(relay: Relay) -> tuple[int, int, int]:
    """How much there is; what a refused request must not move."""
    store = relay.parts.store
    community = await store.community("bad")
    assert community is not None
    posts = (await relay.owner("GET", "/v1/communities/bad/posts")).body["items"]
    threads = (await relay.owner("GET", "/v1/communities/bad/threads")).body["items"]
    members = (await store.members(community.n, Paging(1000))).items
    return len(members), len(posts), len(threads)
