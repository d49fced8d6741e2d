"""A real HTTP server on a loopback port, over a real store in a temporary file; time, ids and moderation are the test's."""

import contextlib
import io
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from http.cookies import SimpleCookie
from itertools import count
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
from relay.compose import asyncapi
from relay.core.change import Change, Outcome
from relay.core.device import SALT_BYTES
from relay.core.identity import token_digest
from relay.core.known import Known
from relay.core.staff import SCOPES, Role
from relay.core.text import Tables
from relay.flows.admit import Admit
from relay.flows.answer import Answer
from relay.flows.deliver import Deliver
from relay.flows.enrol import Enrol
from relay.flows.govern import Govern
from relay.flows.join import Join
from relay.flows.judge import Judging
from relay.flows.learn import Learn
from relay.flows.look import Look
from relay.flows.pause import Pauses
from relay.flows.publish import Publish
from relay.flows.receive import Receive
from relay.flows.rejudge import Rejudge
from relay.flows.restrain import Restrain
from relay.flows.review import Review
from relay.flows.sign_in import SignIn
from relay.flows.watch import Watch
from relay.hasher import Cost, Hasher
from relay.learner import Learner
from relay.observe import Metrics
from relay.pipeline.pipeline import PluginState
from relay.ports import Paging, SignedIn, Told
from relay.stores.sqlite import SqliteStore
from relay.testing.clock import Drawn, ManualClock, drawn_tokens
from relay.web.door import Runner
from relay.web.server import Parts, build
from relay.web.settings import HttpSettings
from tests.web.browser import Browser, browser, joined, secret_of
from tests.web.moderation import by_first_word, fits, none_came

OWNER_TOKEN = "owner-token-of-these-tests-0123456789"
CONSENT = {"consent": {"source": "counter", "text_version": "3.4"}}
RUN = 1  # of this relay
PASSPHRASE = "four eyes see more than two"
CHEAP = Cost(passes=1, kib=8)  # the least that Argon2 takes
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0"
IMPRINT = "Bad am See GmbH, Seestr. 1"
PATIENCE = 10  # seconds until a test that waits gives up


@dataclass(frozen=True, slots=True)
class Said:
    """One answer of the relay."""

    status: int
    body: Any
    headers: Mapping[str, str]
    raw: bytes
    cookies: tuple[str, ...] = ()


def is_problem(said: Said, status: int) -> bool:
    """Everything RFC 9457 asks for, and the type leads to a page of the relay."""
    assert said.status == status, said
    assert said.headers["Content-Type"] == "application/problem+json"
    assert {"type", "title", "status", "detail"} <= set(said.body) <= {"type", "title", "status", "detail", "errors"}
    assert said.body["status"] == status
    assert said.body["type"].startswith("/docs/errors#")
    return True


def cookies(said: Said) -> SimpleCookie:
    """All that an answer gives the browser to keep."""
    found: SimpleCookie = SimpleCookie()
    for one in said.cookies:
        found.load(one)
    return found


def cookie_of(said: Said) -> str:
    """The session's secret that an answer gives the browser; empty when it takes it away, or says nothing of it."""
    found = cookies(said).get("relay")
    return found.value if found else ""


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
            return Said(
                found.status,
                await found.json(content_type=None) if is_json else None,
                found.headers,
                raw,
                tuple(found.headers.getall("Set-Cookie", ())),
            )

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
    hasher: Hasher
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    @property
    def owner(self) -> Caller:
        return self.caller(OWNER_TOKEN)

    @property
    def nobody(self) -> Caller:
        return self.caller(None)

    def caller(self, token: str | None, **headers: str) -> Caller:
        return Caller(self.url, self.session, token, {name.replace("_", "-"): value for name, value in headers.items()})

    def fresh(self, name: str) -> str:
        """A name that nobody has."""
        return f"{name} {next(self._numbers)}"

    async def hired(self, role: Role = Role.AGENT, name: str | None = None) -> Any:  # noqa: ANN401  as the relay shows them
        made = await self.owner("POST", "/v1/staff", {"name": name or self.fresh(role.title()), "role": role})
        assert made.status == 201, made
        return made.body

    async def staff(self, role: Role) -> Caller:
        return self.caller((await self.hired(role))["token"])

    @property
    def page(self) -> Caller:
        """The relay's own page in a browser that is not signed in."""
        return self.caller(None, Origin=self.url, User_Agent=FIREFOX)

    def browser(self, secret: str) -> Caller:
        """The same in one that is."""
        return self.caller(None, Origin=self.url, User_Agent=FIREFOX, Cookie=f"relay={secret}")

    async def arrived(self, link: str, passphrase: str = PASSPHRASE, **more: str) -> Caller:
        """The browser of who uses this link."""
        said = await self.page("POST", "/v1/sign-in:link", {"link": secret_of(link), "passphrase": passphrase, **more})
        assert said.status == 200, said
        return self.browser(cookie_of(said))

    async def signed_on(self, role: Role) -> Caller:
        """The browser of somebody new."""
        return await self.arrived((await self.hired(role))["link"])

    def proxied(self, address: str) -> dict[str, str]:
        """What a proxy that ends TLS adds."""
        return {"X_Forwarded_For": address, "X_Forwarded_Proto": "https", "Origin": self.url.replace("http:", "https:")}

    async def owner_link(self) -> str:
        (owner,) = [one for one in (await self.owner("GET", "/v1/staff")).body["items"] if one["name"] == "Owner"]
        made = await self.owner("POST", f"/v1/staff/{owner['id']}/links", {})
        return str(made.body["link"])

    async def key(self, *scopes: str) -> Caller:
        made = await self.owner("POST", "/v1/keys", {"name": "shop", "scopes": list(scopes or SCOPES)})
        return self.caller(made.body["token"])

    async def community(self, slug: str = "bad", **more: object) -> str:
        made = await self.owner("POST", "/v1/communities", {"slug": slug, "name": "Bad am See", **more})
        assert made.status == 201, made
        return slug

    async def invited(self, **more: object) -> str:
        """The address of an invite."""
        made = await self.owner("POST", "/v1/communities/bad/invites", more)
        return f"/i/{made.body['code']}"

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


@dataclass
class Ground:
    """What a relay stands on."""

    store: SqliteStore
    bus: Bus
    clock: ManualClock
    hasher: Hasher


def described(name: str) -> dict[str, object]:
    """A plugin as a pipeline describes it."""
    return asdict(PluginState(name, "1.0", "content", "inline", {f"{name}.any": 1.0}, runs=0, hits=0, errors=0, mean_us=0.0))


def built(ground: Ground, ready: list[bool], plugins: list[dict[str, object]]) -> Parts:
    """The parts as app.py makes them, with moderation that the test decides and streams that nobody sweeps."""
    store, clock, ids, secrets = ground.store, ground.clock, Drawn(), drawn_tokens()
    deliver = Deliver(store, clock)
    hub = Hub(store, deliver.reached)
    streams = Streams(hub, clock, Random(1), Doors(_silent, _silent), StreamSettings(), Sweeper())
    return Parts(
        store=store,
        clock=clock,
        ids=ids,
        bus=ground.bus,
        metrics=Metrics(CollectorRegistry()),
        publish=Publish(store, clock, ids, lambda: RUN),
        receive=Receive(store, clock, ids, Judging(by_first_word), lambda: RUN, allows_shadow=True),
        review=Review(store, clock, ids),
        restrain=Restrain(store, clock, ids, allows_shadow=True),
        answer=Answer(store, clock, ids),
        look=Look(store, clock, Tables(), by_first_word),
        enrol=Enrol(store, clock, ids, secrets, b"key"),
        join=Join(store, clock, ids, b"key", b"join key"),
        pauses=Pauses(store, clock),
        govern=Govern(store, clock, ids, secrets),
        sign_in=SignIn(store, clock, ids, secrets, ground.hasher.hash, ground.hasher.verify),
        watch=Watch(store, clock, over=lambda _slug: True),
        rejudge=Rejudge(store, clock, ids, fits, none_came),
        learn=Learn(store, clock, ids, Learner(Tables), {}, lambda: True),
        admit=Admit(store, clock, ids, secrets, lambda: bytes(SALT_BYTES)),
        deliver=deliver,
        known=Known(b"join key", ids),
        plugins=lambda: plugins,
        members_stream=streams.handle,
        is_ready=lambda: ready[0],
        frames=asyncapi.document,
    )


@asynccontextmanager
async def running(folder: Path, settings: HttpSettings) -> AsyncIterator[Relay]:
    clock, bus, ready = ManualClock(), Bus(), [True]
    also_told: list[Told] = [bus.announce]

    def tell(changes: tuple[Change, ...], outcomes: tuple[Outcome, ...]) -> None:
        for told in also_told:
            told(changes, outcomes)

    store = await SqliteStore.open(folder / "relay.db", told=tell)
    plugins: list[dict[str, object]] = [described("words")]
    hasher = Hasher(CHEAP)
    parts = built(Ground(store, bus, clock, hasher), ready, plugins)
    await parts.govern.first_owner(OWNER_TOKEN)
    runner = Runner(build(parts, settings), settings)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    connector = aiohttp.TCPConnector(limit=0)
    jar, patience = aiohttp.DummyCookieJar(), aiohttp.ClientTimeout(PATIENCE)  # tests say themselves which cookie goes
    async with aiohttp.ClientSession(connector=connector, cookie_jar=jar, timeout=patience) as session:
        yield Relay(url, parts, clock, session, runner, ready, also_told, plugins, hasher)
    await runner.cleanup()
    hasher.close()
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


@pytest.fixture
async def invitation(relay: Relay) -> str:
    """The address of an invite to a community that has said who it is."""
    await relay.community(imprint=IMPRINT, privacy_url="https://example.com/privacy", time_zone="Europe/Berlin")
    return await relay.invited()


@pytest.fixture
async def nobody(relay: Relay) -> AsyncIterator[Browser]:
    """A browser that knows nobody."""
    async with browser(relay.url) as made:
        yield made


@pytest.fixture
async def ada(nobody: Browser, invitation: str) -> Browser:
    """Somebody who joined, at their stream."""
    return await joined(nobody, invitation)


async def numbers(relay: Relay) -> tuple[int, int, int]:
    """How much there is; what a refused request must not move."""
    store = relay.parts.store
    community = await store.community("bad")
    assert community is not None
    posts = (await relay.owner("GET", "/v1/communities/bad/posts")).body["items"]
    threads = (await relay.owner("GET", "/v1/communities/bad/threads")).body["items"]
    members = (await store.members(community.n, Paging(1000))).items
    return len(members), len(posts), len(threads)
