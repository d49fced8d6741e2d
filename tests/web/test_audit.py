"""What staff and keys read and do stands in the audit log, whichever way they come to it; reading once an hour."""

import asyncio
import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest
from structlog.testing import capture_logs

from relay.core.staff import Role
from relay.ports import AuditEntry, Paging
from relay.stores.sqlite import SqliteStore
from relay.web.bodies import Nothing
from relay.web.route import Route, Who
from relay.web.table import ROUTES
from tests.web.conftest import PASSPHRASE, PATIENCE, Caller, Person, Relay
from tests.web.test_matrix import World, greeted, name_of

AUDITED: Final = tomllib.loads(Path(__file__).with_name("audited.toml").read_text("utf-8"))
STAFF_ROUTES: Final = [route for route in ROUTES if route.who is Who.STAFF]
BY_OTHER_WAYS: Final = {
    "thread.search", "thread.list", "thread.note", "case.reject", "measure.uphold", "member.export", "member.erased",
    "link.use", "member.join", "raid.begin", "moderation.reload", "model.learn",
}  # fmt: skip
WORD: Final = "zebra-crossing"  # nothing that the relay writes by itself

Entries = list[AuditEntry]


@pytest.fixture
async def anna(relay: Relay) -> Person:
    await relay.community()
    return await relay.member()


async def log_of(relay: Relay) -> Entries:
    """All rows, the oldest first, read past the surface: asking it leaves a row as well."""
    rows: Entries = []
    after = None
    while True:
        page = await relay.parts.store.audit(Paging(200, after))
        rows += page.items
        if (after := page.next) is None:
            return rows[::-1]


async def reads(relay: Relay) -> Counter[tuple[str, str]]:
    """How often each (action, subject) of reading stands in the log."""
    return Counter((row.action, row.subject) for row in await log_of(relay) if row.action.endswith(".read"))


# ----------------------------------------------------------------------------------------------------------- every route


def test_every_route_of_staff_stands_in_the_table_once_and_nothing_else_does() -> None:
    recorded, unrecorded = set(AUDITED["recorded"]), set(AUDITED["unrecorded"])

    assert recorded | unrecorded == set(map(name_of, STAFF_ROUTES))
    assert recorded & unrecorded == set()
    assert all(AUDITED["unrecorded"].values())


def test_every_action_stands_on_the_page_about_the_log() -> None:
    page = (Path(__file__).parents[2] / "docs/how-to/check-the-audit-log.md").read_text("utf-8")

    actions = recorded_actions() | BY_OTHER_WAYS

    assert {action for action in actions if f"`{action}`" not in page} == set()
    assert set(re.findall(r"`([a-z]+\.[a-z]+)`", page)) == actions


@pytest.mark.parametrize("route", STAFF_ROUTES, ids=name_of)
async def test_a_route_leaves_in_the_log_what_the_table_says(relay: Relay, route: Route) -> None:
    world = World(relay, route)
    await world.open()
    owner = await relay.signed_on(Role.OWNER) if route.is_own else await relay.staff(Role.OWNER)
    world.browser = owner if route.is_own else None
    callers = [owner, *([await relay.key()] if route.scope else [])]

    for caller in callers:
        assert await left_by(world, caller) == set(recorded_of(name_of(route)))


def recorded_of(name: str) -> list[str]:
    """The rows that the table names for a route."""
    return [row for row in AUDITED["recorded"].get(name, "").split(", ") if row]


def recorded_actions() -> set[str]:
    return {row.split()[0] for name in AUDITED["recorded"] for row in recorded_of(name)}


async def left_by(world: World, caller: Caller) -> set[str]:
    """Calls the route, and tells the rows that came of it as the table does."""
    relay = world.relay
    caller_id = await acting(relay, caller)
    world.person = await relay.member()
    if name_of(world.route).endswith(("/cases", "/clusters")):
        await world.held_case()
        await relay.reply(await relay.member(), "hold this")
    path, body = await world.make()
    session = (await caller("GET", "/v1/session")).body.get("session")
    before = len(await log_of(relay))
    answer = await caller(world.route.method, path, body) if world.route.kind == "json" else await greeted(caller, path)

    rows = (await log_of(relay))[before:]
    assert {row.actor for row in rows} <= {caller_id}
    known = {session: "session", **await names_of(world, path, caller_id, getattr(answer, "body", None))}
    return {f"{row.action} {known.get(row.subject, row.subject)}" for row in rows}


async def acting(relay: Relay, caller: Caller) -> str:
    """The id of somebody new: it stands beside the first that they do."""
    await caller("GET", "/v1/communities/bad/threads?q=x")
    (last,) = (await relay.parts.store.audit(Paging(1))).items
    return last.actor


async def names_of(world: World, path: str, caller_id: str, shown: Any) -> dict[str, str]:  # noqa: ANN401  any answer
    """The table's words for ids; the same id under two words goes by the last."""
    community = await world.relay.parts.store.community("bad")
    assert community is not None
    threads = await world.relay.owner("GET", "/v1/communities/bad/threads?limit=1")
    cases = await world.relay.parts.store.cases(community.n, None, Paging(200))
    return {
        **{case.case.id: "case" for case in cases.items},
        **{thread["id"]: "thread" for thread in threads.body["items"]},
        **{shown[name]: "made" for name in ("id", "session") if isinstance(shown, dict) and name in shown},
        community.id: "community",
        **({path.split("/")[3].partition(":")[0]: "path"} if "{id}" in world.route.path else {}),
        caller_id: "self",
    }


async def test_searching_the_texts_is_recorded_without_what_was_searched_for(relay: Relay, anna: Person) -> None:
    await relay.reply(anna, f"{WORD} ahead")
    agent = await relay.staff(Role.AGENT)

    found = await agent("GET", f"/v1/communities/bad/threads?q={WORD}")

    (row,) = [row for row in await log_of(relay) if row.action == "thread.search"]
    community = await relay.parts.store.community("bad")
    assert community is not None
    assert (len(found.body["items"]), row.subject, row.detail) == (1, community.id, {})


async def test_a_note_among_staff_is_recorded(relay: Relay, anna: Person) -> None:
    await relay.reply(anna, "private")
    thread = await relay.only_thread()

    noted = await relay.owner("POST", f"/v1/threads/{thread}/messages", {"text": "careful", "internal": True})

    last = (await log_of(relay))[-1]
    assert (last.action, last.subject, last.detail) == ("thread.note", thread, {"message": noted.body["id"]})


async def test_a_members_own_export_and_erasure_are_recorded(relay: Relay, anna: Person) -> None:
    for _ in range(2):
        await anna.call("GET", "/v1/me/export")
    await anna.call("DELETE", "/v1/me")

    own = [(row.action, row.subject) for row in await log_of(relay) if row.actor == anna.id]
    assert own == [("member.export", anna.id), ("member.erase", anna.id)]


# ---------------------------------------------------------------------------------------------------------- what it holds

WORDY: Final[dict[str, dict[str, Any]]] = {
    "POST /v1/communities": {"slug": "other", "name": WORD, "imprint": WORD, "privacy_url": f"https://{WORD}.example"},
    "PATCH /v1/communities/{slug}": {"name": WORD, "imprint": WORD, "privacy_url": f"https://{WORD}.example"},
    "POST /v1/communities/{slug}/members": {
        "consent": {"source": WORD, "text_version": WORD},
        "name": WORD,
        "tags": [WORD],
        "attributes": {WORD: WORD},
        "addresses": [{"channel": "email", "address": f"{WORD}@example.org"}],
    },
    "PATCH /v1/members/{id}": {"name": WORD, "tags": [WORD], "attributes": {WORD: WORD}},
    "POST /v1/members/{id}:lift": {"reason": "harm"},  # one of four words: a text of its own is refused
    "POST /v1/members/{id}/tokens": {"kind": "web", "device": WORD},
    "POST /v1/members/{id}/messages": {"text": WORD},
    "POST /v1/communities/{slug}/invites": {"label": WORD},
    "PUT /v1/communities/{slug}/consent": {"language": "de", "text": WORD},
    "POST /v1/communities/{slug}/posts": {"text": WORD, "title": WORD, "buttons": [{"id": WORD, "label": WORD}]},
    "POST /v1/communities/{slug}/moderation:replay": {
        "config": f"[plugins.words]\nadd = ['{WORD}']",
        "since": "2026-01-01T00:00:00Z",
    },
    "POST /v1/threads/{id}/messages": {"text": WORD},
    "PATCH /v1/threads/{id}": {"version": 1, "labels": [WORD]},
    "POST /v1/cases/{id}:decide": {"action": "reject", "reason": WORD},
    "POST /v1/members/{id}/measures": {"kind": "mute", "until": "2026-12-24T12:00:00Z", "reason": WORD},
    "POST /v1/measures/{id}:answer": {"action": "overturn", "reason": WORD},
    "POST /v1/measures/{id}:confirm": {"reason": WORD},
    "POST /v1/staff": {"name": WORD, "role": "agent"},
    "POST /v1/session/passphrase": {"old": PASSPHRASE, "new": f"{WORD} and {WORD}"},
    "POST /v1/keys": {"name": WORD, "scopes": ["posts:write"]},
}
"""Everything of each body that somebody can put into words."""

QUERIES: Final = {
    "GET /v1/communities/{slug}/threads": f"?q={WORD}&label={WORD}",
    "DELETE /v1/members/{id}/tokens": f"?device={WORD}",
}

EXCUSED: Final = {"stream.read", "case.deliver"}  # the stream has its own test; here cases are rejected, which takes a reason


def test_every_body_has_its_words() -> None:
    with_words = {name_of(route) for route in STAFF_ROUTES if route.body not in {None, Nothing}}

    assert with_words == set(WORDY)


async def test_no_words_of_anybody_stand_in_the_log_whatever_staff_do(relay: Relay) -> None:
    await relay.community()

    for number, route in enumerate(STAFF_ROUTES):
        await call_with_words(World(relay, route), f"{WORD}-{number}")

    rows = await log_of(relay)
    assert {row.action for row in rows} >= recorded_actions() - EXCUSED
    assert [row for row in rows if WORD in repr(row)] == []


async def call_with_words(world: World, key: str) -> None:
    relay, route = world.relay, world.route
    world.person = await relay.member(name=WORD, tags=[WORD])
    caller = relay.owner
    if route.is_own:
        hired = await relay.hired(Role.OWNER, relay.fresh(WORD))
        world.browser = caller = await relay.arrived(hired["link"], name=relay.fresh(f"{WORD} again"))
    path, body = await world.make()
    if route.kind == "json":
        path, body = path + QUERIES.get(name_of(route), ""), WORDY.get(name_of(route), body)
        said = await caller(route.method, path, body, Idempotency_Key=key)
        assert said.status < 300, (name_of(route), said)


# ---------------------------------------------------------------------------------------------------- once an hour


@pytest.mark.parametrize("query", ["", "?after=MA", "?limit=1", "?after=MQ&limit=200"])
async def test_every_page_of_a_thread_is_recorded(relay: Relay, anna: Person, query: str) -> None:
    await relay.reply(anna, "private", "1")
    await relay.reply(anna, "more", "2")
    thread = await relay.only_thread()
    agent = await relay.staff(Role.AGENT)

    said = await agent("GET", f"/v1/threads/{thread}/messages{query}")

    assert said.status == 200
    assert await reads(relay) == {("thread.read", thread): 1}


async def test_one_person_in_one_hour_is_one_row(relay: Relay, anna: Person) -> None:
    await relay.reply(anna, "private")
    thread = await relay.only_thread()
    agent, other = await relay.staff(Role.AGENT), await relay.staff(Role.AGENT)
    path = f"/v1/threads/{thread}/messages"

    for caller in (agent, agent, other, agent):
        await caller("GET", path)
    in_the_hour = (await reads(relay))["thread.read", thread]
    relay.clock.pass_(3600)
    await agent("GET", path)

    assert in_the_hour == 2
    assert (await reads(relay))["thread.read", thread] == 3


async def test_looking_in_two_ways_is_two_rows(relay: Relay, anna: Person) -> None:
    await relay.reply(anna, "private")

    for path in ("/v1/communities/bad/members", "/v1/communities/bad/threads?q=private") * 2:
        await relay.owner("GET", path)

    actions = [row.action for row in await log_of(relay) if row.action in {"member.list", "thread.search"}]
    assert actions == ["member.list", "thread.search"]


async def test_a_store_that_takes_nothing_keeps_nobody_from_reading(relay: Relay, anna: Person) -> None:
    await relay.reply(anna, "private")
    thread = await relay.only_thread()
    store = relay.parts.store
    assert isinstance(store, SqliteStore)
    path = f"/v1/threads/{thread}/messages"

    with capture_logs() as logged:
        store.broken.set()
        unrecorded = await relay.owner("GET", path)
        store.broken.clear()
        recorded = await relay.owner("GET", path)

    (warning,) = [entry for entry in logged if entry["event"] == "reading not recorded"]
    assert (unrecorded.status, unrecorded.body) == (200, recorded.body)
    assert (warning["log_level"], warning["action"], warning["subjects"]) == ("warning", "thread.read", (thread,))
    assert await reads(relay) == {("thread.read", thread): 1}


@pytest.mark.parametrize("is_listed", [False, True], ids=["read", "listed"])
async def test_who_reads_held_texts_is_recorded(relay: Relay, anna: Person, *, is_listed: bool) -> None:
    await relay.reply(anna, "hold this", "1")
    (case,) = [one.case.id for one in (await relay.parts.store.cases(1, None, Paging(200))).items]
    moderator = await relay.staff(Role.MODERATOR)

    for _ in range(2):
        await moderator("GET", "/v1/communities/bad/cases" if is_listed else f"/v1/cases/{case}")

    assert await reads(relay) == {("case.read", case): 1}


async def test_who_listens_to_the_staffs_stream_is_recorded(relay: Relay, anna: Person) -> None:
    agent = await relay.staff(Role.AGENT)

    for _ in range(2):
        await _listen(agent)

    (person,) = [one["id"] for one in (await relay.owner("GET", "/v1/staff")).body["items"] if one["role"] == "agent"]
    assert await reads(relay) == {("stream.read", person): 1}
    assert anna.id


async def _listen(caller: Caller) -> None:
    async with caller.stream() as socket, asyncio.timeout(PATIENCE):
        await socket.send_json({"type": "hello"})
        assert (await socket.receive_json())["type"] == "welcome"
