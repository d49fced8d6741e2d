"""The documents: valid OpenAPI 3.1 that says what the relay does, and pages that need no scripts."""

import re
from functools import cache
from html.parser import HTMLParser
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from openapi_spec_validator import validate

from relay.core.errors import Muted, RelayError
from relay.core.problem import TYPE, problem
from relay.core.staff import Role
from relay.web.openapi import document
from relay.web.reference import problems
from relay.web.route import Route, Who
from relay.web.table import ROUTES
from tests.web.conftest import Relay
from tests.web.test_matrix import World, name_of

JSON = "application/json"
ANSWERING = [route for route in ROUTES if route.kind == "json" and route.answer is not None]


@cache
def whole() -> Any:  # noqa: ANN401 - JSON
    return document(ROUTES)


def operation(route: Route) -> Any:  # noqa: ANN401 - JSON
    return whole()["paths"][route.path][route.method.lower()]


def fits(value: object, schema: Any) -> bool:  # noqa: ANN401 - JSON
    resolving = {**schema, "components": whole()["components"]}
    faults = [f"{fault.json_path}: {fault.message}" for fault in Draft202012Validator(resolving).iter_errors(value)]
    assert faults == []
    return True


async def test_it_is_valid_and_holds_every_route(relay: Relay) -> None:
    said = await relay.nobody("GET", "/openapi.json")

    validate(said.body)
    assert said.body["openapi"] == "3.1.0"
    assert {(method.upper(), path) for path, methods in said.body["paths"].items() for method in methods} == {
        (route.method, route.path) for route in ROUTES
    }


def test_security_is_said_as_it_is_kept() -> None:
    for route in ROUTES:
        security = operation(route)["security"]

        assert (security == []) == (route.who is Who.PUBLIC), name_of(route)
        assert all(set(one) <= {route.who.value, "session"} for one in security)
        assert ({"session": []} in security) == (route.who is Who.STAFF)
        assert ({} in security) == (route.kind == "socket")


def test_who_creates_takes_a_key_and_who_shows_a_secret_says_so() -> None:
    for route in ROUTES:
        names = {one["name"] for one in operation(route)["parameters"]}

        assert ("Idempotency-Key" in names) == route.is_creating
        assert ("shown this once" in operation(route)["description"]) == bool(route.secret)


def test_every_post_that_makes_something_is_creating() -> None:
    making_nothing = {
        "/v1/members/{id}:lift", "/v1/measures/{id}:lift", "/v1/measures/{id}:dismiss",
        "/v1/models/{id}:use", "/v1/models/{id}:withdraw",
        "/v1/posts/{id}:cancel", "/v1/threads/{id}/lease", "/v1/me/ack", "/v1/me/read", "/v1/me/press", "/v1/me/leave",
        "/v1/sign-in", "/v1/sign-in:look", "/v1/sign-in:link", "/v1/session/passphrase",
        "/v1/me/pause",
        "/v1/communities/{slug}/join", "/v1/join:confirm",  # nobody yet, whose key it could be
    }  # fmt: skip

    assert {
        route.path for route in ROUTES if (route.method, route.kind) == ("POST", "json") and not route.is_creating
    } == making_nothing


@pytest.fixture
def route(request: pytest.FixtureRequest) -> Route:
    found: Route = request.param
    return found


@pytest.mark.parametrize("route", ANSWERING, ids=name_of, indirect=True)
async def test_what_is_answered_is_what_the_schema_says(relay: Relay, route: Route) -> None:
    world = World(relay, route)
    await world.open()
    world.person = await relay.member(tags=["pool"], attributes={"a": 1, "b": 1.5, "c": True, "d": "e"}, name="Anna")
    path, body = await world.make()
    caller = world.member.call if route.who is Who.MEMBER else relay.owner
    if route.is_own:
        world.browser = caller = await relay.signed_on(Role.AGENT)

    said = await caller(route.method, path, body)

    response = operation(route)["responses"][str(said.status)]
    assert fits(said.body, response["content"][JSON]["schema"])


async def test_what_is_sent_is_what_the_schema_says_and_what_it_forbids_is_refused(relay: Relay) -> None:
    await relay.community()
    path = "/v1/communities/{slug}/posts"
    (posts,) = [route for route in ROUTES if (route.method, route.path) == ("POST", path)]
    schema = operation(posts)["requestBody"]["content"][JSON]["schema"]
    post = {"text": "a", "title": None, "buttons": [{"id": "a", "label": "b"}], "expires_at": "2027-01-01T00:00:00Z"}

    sent = await relay.owner("POST", "/v1/communities/bad/posts", post)

    assert fits(post, schema)
    assert sent.status == 202
    for wrong in ({**post, "text": 7}, {**post, "urgent": "yes"}, {**post, "other": 1}, {}, {**post, "segment": "a"}):
        resolving = {**schema, "components": whole()["components"]}
        assert not Draft202012Validator(resolving).is_valid(wrong), wrong
        assert (await relay.owner("POST", "/v1/communities/bad/posts", wrong)).status == 422


async def test_problems_fit_their_schema(relay: Relay) -> None:
    schema = whole()["components"]["schemas"]["Problem"]

    said = [
        await relay.nobody("GET", "/v1/me"),
        await relay.owner("POST", "/v1/communities", {"slug": "", "name": ""}),
        await relay.owner("GET", "/v1/none"),
        await relay.owner("DELETE", "/v1/communities"),
    ]

    assert [one.status for one in said] == [401, 422, 404, 405]
    assert all(fits(one.body, schema) for one in said)


class Page(HTMLParser):
    """What a page holds."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.links += [value or "" for name, value in attrs if name in {"href", "src", "action"}]
        assert not any(name.startswith("on") or name == "style" for name, _ in attrs)


@pytest.mark.parametrize("path", ["/", "/docs", "/docs/mqtt", "/docs/errors"])
async def test_a_page_has_no_scripts_and_nothing_from_elsewhere(relay: Relay, path: str) -> None:
    said = await relay.nobody("GET", path)
    page = Page(said.raw.decode())

    assert said.headers["Content-Type"] == "text/html; charset=utf-8"
    assert not {"script", "style", "iframe", "object", "img", "base"} & set(page.tags)
    assert page.tags.count("h1") == 1
    assert len(page.ids) == len(set(page.ids))
    for link in page.links:
        assert link.startswith(("/", "#"))
        if link.startswith("/"):
            assert (await relay.nobody("GET", link)).status == 200
        else:
            assert link[1:] in page.ids


async def test_the_reference_names_every_route(relay: Relay) -> None:
    text = (await relay.nobody("GET", "/docs")).raw.decode().replace("<wbr>", "")

    missing = [name_of(route) for route in ROUTES if f"<code>{route.path}</code>" not in text]

    assert missing == []


async def test_every_type_of_problem_leads_to_its_place(relay: Relay) -> None:
    page = Page((await relay.nobody("GET", "/docs/errors")).raw.decode())

    def leaves(kind: type[RelayError]) -> list[type[RelayError]]:
        return [kind, *(leaf for under in kind.__subclasses__() for leaf in leaves(under))]

    def made(kind: type[RelayError]) -> RelayError:
        if kind is Muted:
            return Muted(until=relay.clock.now())
        try:
            return kind()
        except TypeError:
            return kind(retry_after=1)  # type: ignore[call-arg]

    types = {problem(made(kind))["type"].removeprefix(TYPE) for kind in leaves(RelayError)}
    assert types | {slug for slug, *_ in problems()} <= set(page.ids)


async def test_colours_follow_the_system(relay: Relay) -> None:
    style = (await relay.nobody("GET", "/docs/style.css")).raw.decode()

    assert "color-scheme: light dark" in style
    assert re.findall(r"#[0-9a-f]{3,8}\b", style) == []
