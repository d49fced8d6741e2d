"""Every route x every caller against the table in git; a new route without a row fails."""

import base64
import tomllib
import zlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from relay.core.ladder import MeasureKind
from relay.core.measure import Impose, Measure, MeasureState, ObjectTo
from relay.core.model import LARGEST, AddModel, Content, Model, UseModel
from relay.core.moment import rfc3339
from relay.core.staff import SCOPES, Role
from relay.ports import Paging
from relay.web.route import Route, Who
from relay.web.table import ROUTES
from tests.web.browser import secret_of
from tests.web.conftest import CONSENT, PASSPHRASE, Caller, Person, Relay

MATRIX: Final = tomllib.loads(Path(__file__).with_name("matrix.toml").read_text("utf-8"))
COLUMNS: Final = MATRIX["columns"].split()

EMPTY: Final = base64.b64encode(zlib.compress(bytes(LARGEST))).decode()  # the table of a model that knows nothing

Made = tuple[str, object]
"""A path and a body."""


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"


class World:
    """A relay with one caller of each kind; what a call needs is made afresh for it."""

    def __init__(self, relay: Relay, route: Route) -> None:
        self.relay = relay
        self.route = route
        self.callers: dict[str, Caller] = {}
        self.person: Person | None = None
        self.browser: Caller | None = None

    async def open(self) -> None:
        relay = self.relay
        await relay.community()
        self.callers = {
            "owner": relay.owner,
            **{role.value: await relay.staff(role) for role in Role if role is not Role.OWNER},
            "key": await relay.key(),
            "key_without": await relay.key(*(scope for scope in SCOPES if scope != self.route.scope)),
            "none": relay.nobody,
        }

    async def call(self, column: str) -> int:
        """The status; of a stream 101, or the code with which it was closed."""
        relay = self.relay
        owner = await relay.member()
        self.person = owner
        path, body = await self.make()
        caller = self.callers.get(column)
        if column == "member_own":
            caller = owner.call
        elif column == "member_other":
            caller = (await relay.member()).call
        assert caller is not None, column
        if self.route.kind == "socket":
            return await greeted(caller, path)
        return (await caller(self.route.method, path, body)).status

    async def make(self) -> Made:
        path, body = self.route.path, BODIES.get(name_of(self.route))
        if "{slug}" in path:
            path = path.replace("{slug}", "bad")
        if "{id}" in path:
            path = path.replace("{id}", await (GONE.get(path) or THINGS[path.split("/")[2]])(self))
        path = path.replace("{area}/{file}", "look/tokens.css")
        if "{code}" in path:
            path = path.replace("{code}", (await self.invite())["code"])
        if path.endswith("/seen.svg"):
            path += f"?seq=0&mark={'x' * 26}"
        if callable(body):
            body = await body(self)
        return path, body

    @property
    def member(self) -> Person:
        assert self.person is not None
        return self.person

    async def post_id(self) -> str:
        made = await self.relay.owner("POST", "/v1/communities/bad/posts", {"text": "a"})
        return str(made.body["id"])

    async def thread_id(self) -> str:
        await self.relay.reply(self.member, "hello")
        newest = await self.relay.owner("GET", "/v1/communities/bad/threads?limit=1")
        return str(newest.body["items"][0]["id"])

    async def held_case(self) -> str:
        await self.relay.reply(self.member, "hold this")
        return await self.newest_case("open")

    async def newest_case(self, state: str) -> str:
        cases = await self.relay.owner("GET", f"/v1/communities/bad/cases?state={state}&limit=200")
        return str(cases.body["items"][-1]["id"])

    async def measure_id(self) -> str:
        """One that holds; for those who decide about proposals, one of these."""
        kind, state = MeasureKind.BAN, MeasureState.PROPOSED
        if self.route.path.endswith((":lift", ":answer")):
            kind, state = MeasureKind.MUTE, MeasureState.IMPOSED
        store, now = self.relay.parts.store, self.relay.parts.clock.now()
        member = await store.member(self.member.id)
        assert member is not None
        measure = Measure(self.relay.parts.ids(), member.n, kind, now, now + timedelta(days=1), state=state)
        await store.commit(Impose(measure))
        if self.route.path.endswith(":answer"):
            await store.commit(ObjectTo(member.n, measure.id, now, ""))
        return measure.id

    async def model_id(self) -> str:
        """One that can be put to use; for who takes it back, one that is."""
        store, parts, now = self.relay.parts.store, self.relay.parts, self.relay.parts.clock.now()
        member = await store.member(self.member.id)
        assert member is not None
        newest = (await store.models(member.community, Paging(1))).items
        number = newest[0].number + 1 if newest else 1
        worth = dict.fromkeys(("macro_f1", "recall", "false_alarms"), 0.9)
        model = Model(parts.ids(), member.community, number, now, now, 50, 50, 1, worth, 0)
        await store.commit(AddModel(model, Content({}, EMPTY, 1.0, 0.0, 1.0), (member.n,)))
        if self.route.path.endswith(":withdraw"):
            await store.commit(UseModel(member.community, model.id, now, "eva"))
        return model.id

    async def invite(self) -> dict[str, Any]:
        made: dict[str, Any] = (await self.relay.owner("POST", "/v1/communities/bad/invites", {"label": "desk"})).body
        return made

    async def invite_id(self) -> str:
        return str((await self.invite())["id"])

    async def staff_id(self) -> str:
        return str((await self.relay.hired())["id"])

    async def session_id(self) -> str:
        """Of who asks by it, else of the owner."""
        browser = self.browser or await self.relay.arrived(await self.relay.owner_link())
        return str((await browser("GET", "/v1/session")).body["session"])

    async def key_id(self) -> str:
        made = await self.relay.owner("POST", "/v1/keys", {"name": "shop", "scopes": ["posts:read"]})
        return str(made.body["id"])


async def _member_id(world: World) -> str:
    return world.member.id


THINGS: Final[dict[str, Callable[[World], Awaitable[str]]]] = {
    "members": _member_id,
    "posts": World.post_id,
    "threads": World.thread_id,
    "cases": World.held_case,
    "measures": World.measure_id,
    "models": World.model_id,
    "invites": World.invite_id,
    "staff": World.staff_id,
    "keys": World.key_id,
    "sessions": World.session_id,
}


async def _erased_id(world: World) -> str:
    gone = (await world.relay.member()).id
    await world.relay.owner("DELETE", f"/v1/members/{gone}")
    return gone


GONE: Final[dict[str, Callable[[World], Awaitable[str]]]] = {"/v1/members/{id}/erasure": _erased_id}
"""Paths that ask for what is not there any more."""


async def _new_community(world: World) -> object:
    slugs = (await world.relay.owner("GET", "/v1/communities")).body["items"]
    return {"slug": f"c{len(slugs)}", "name": "Bad"}


async def _own_reply(world: World) -> object:
    """Answers something of the member's own: somebody else does not have it."""
    own = await world.relay.reply(world.member, "hello", "first")
    return {"client_id": "second", "text": "and?", "in_reply_to": own}


async def _own_press(world: World) -> object:
    """A post that only who was there by then has got."""
    return {"post": await world.relay.post(buttons=[{"id": "yes", "label": "I come"}]), "button": "yes"}


async def _own_appeal(world: World) -> object:
    await world.relay.reply(world.member, "reject this")
    return {"case": await world.newest_case("rejected"), "text": "why"}


async def _new_measure(world: World) -> object:
    until = world.relay.parts.clock.now() + timedelta(days=1)
    return {"kind": "mute", "until": rfc3339(until), "reason": "Insults."}


async def _new_person(world: World) -> object:
    return {"name": world.relay.fresh("Eva"), "role": "agent"}


async def _passphrase(world: World) -> object:
    name = world.relay.fresh("Jan")
    await world.relay.arrived((await world.relay.hired(name=name))["link"])
    return {"name": name, "passphrase": PASSPHRASE}


async def _link(world: World) -> object:
    return {"link": secret_of((await world.relay.hired())["link"])}


async def _arrival(world: World) -> object:
    return {"link": secret_of((await world.relay.hired())["link"]), "passphrase": PASSPHRASE}


async def _joining(world: World) -> dict[str, Any]:
    return {"invite": (await world.invite())["code"], "text_version": "default-1", "name": "Anna"}


async def _confirming(world: World) -> object:
    asked = await world.relay.nobody("POST", "/v1/communities/bad/join", await _joining(world))
    return {"code": asked.body["code"]}


BODIES: Final[dict[str, Any]] = {
    "POST /v1/communities": _new_community,
    "PATCH /v1/communities/{slug}": {"name": "Bad am See"},
    "POST /v1/communities/{slug}/members": CONSENT,
    "PATCH /v1/members/{id}": {"name": "Anna"},
    "POST /v1/members/{id}:lift": {"reason": "law"},
    "POST /v1/members/{id}/tokens": {"kind": "web", "device": "phone"},
    "POST /v1/members/{id}/messages": {"text": "hello"},
    "PUT /v1/communities/{slug}/consent": {"language": "de", "text": "Ja"},
    "POST /v1/communities/{slug}/invites": {"label": "desk", "uses": 3},
    "POST /v1/communities/{slug}/moderation:replay": {"config": "[plugins.words]", "since": "2026-01-01T00:00:00Z"},
    "POST /v1/communities/{slug}/join": _joining,
    "POST /v1/join:confirm": _confirming,
    "POST /v1/communities/{slug}/posts": {"text": "hello"},
    "POST /v1/posts/{id}:cancel": {},
    "POST /v1/threads/{id}/messages": {"text": "hello"},
    "PATCH /v1/threads/{id}": {"version": 1, "labels": ["pool"]},
    "POST /v1/cases/{id}:decide": {"action": "deliver"},
    "POST /v1/members/{id}/measures": _new_measure,
    "POST /v1/measures/{id}:answer": {"action": "overturn"},
    "POST /v1/measures/{id}:confirm": {"reason": "Threats."},
    "POST /v1/measures/{id}:dismiss": {},
    "POST /v1/measures/{id}:lift": {},
    "POST /v1/models/{id}:use": {},
    "POST /v1/models/{id}:withdraw": {},
    "POST /v1/staff": _new_person,
    "POST /v1/sign-in": _passphrase,
    "POST /v1/sign-in:look": _link,
    "POST /v1/sign-in:link": _arrival,
    "POST /v1/session/passphrase": {"old": PASSPHRASE, "new": f"{PASSPHRASE}, and hear"},
    "POST /v1/keys": {"name": "shop", "scopes": ["posts:write"]},
    "POST /v1/me/messages": _own_reply,
    "POST /v1/me/ack": {"seq": 0},
    "POST /v1/me/read": {"seq": 0},
    "POST /v1/me/press": _own_press,
    "POST /v1/me/pause": {"until": "2026-11-28T12:00:00Z"},
    "POST /v1/me/appeals": _own_appeal,
}


async def greeted(caller: Caller, path: str) -> int:
    """Says hello on a stream: 101 when it is welcomed."""
    url = caller.url + path
    try:
        async with caller.session.ws_connect(url) as socket:
            await socket.send_json({"type": "hello", **({"token": caller.token} if caller.token else {})})
            async for message in socket:
                if message.json()["type"] == "welcome":
                    return 101
            return socket.close_code or 0
    except aiohttp.WSServerHandshakeError as refused:
        return refused.status


@pytest.fixture
async def world(relay: Relay, route: Route) -> World:
    made = World(relay, route)
    await made.open()
    return made


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
async def test_a_route_opens_to_those_the_table_names(world: World, route: Route) -> None:
    row = MATRIX["routes"].get(name_of(route))
    assert row is not None, f"{name_of(route)} has no row in matrix.toml"

    found = {column: await world.call(column) for column in COLUMNS}

    assert found == dict(zip(COLUMNS, map(int, row.split()), strict=True))


def test_the_table_has_no_row_for_what_is_gone() -> None:
    assert set(MATRIX["routes"]) == {name_of(route) for route in ROUTES}


def test_every_caller_stands_in_the_table() -> None:
    assert set(COLUMNS) == {*Role, "key", "key_without", "member_own", "member_other", "none"}


async def test_a_session_opens_what_the_persons_token_opens(relay: Relay) -> None:
    """The table holds for the cookie as well, but for what is about the session itself."""
    await relay.community()
    browsers = {role: await relay.signed_on(role) for role in Role}
    opened, expected = {}, {}
    for route in (one for one in ROUTES if one.kind == "json" and one.who is Who.STAFF and not one.is_own):
        world = World(relay, route)
        statuses = dict(zip(COLUMNS, map(int, MATRIX["routes"][name_of(route)].split()), strict=True))
        for role, browser in browsers.items():
            world.person = await relay.member()
            path, body = await world.make()
            opened[name_of(route), role] = (await browser(route.method, path, body)).status
            expected[name_of(route), role] = statuses[role]

    assert opened == expected
