"""Calls made up from the OpenAPI, by everybody: no fault of the relay, no door that forgets to ask, answers as documented."""

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from random import Random
from typing import Any, cast

import aiohttp
import hypothesis
import requests
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from relay.web.route import Route
from relay.web.table import ROUTES
from tests.e2e.cast import Cast
from tests.e2e.conftest import HOLDING, Relay, unlimited
from tests.fuzz.callers import LATELY, SLUG, SOON, Caller, World

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
WRONG = 0.25  # of the calls break the schema on purpose
KNOWN = 0.7  # of the ids are of something that is there
Made = schemathesis.Case[Any]
NAMED = {"post": "posts", "case": "cases", "in_reply_to": "posts", "assignee": "staff"}  # fields that name something
WORDS = {
    "name": "Anna {}", "slug": "town-{}", "source": "form", "text_version": "1", "label": "Yes", "text": "Hello",
    "title": "News", "client_id": "c{}", "button": "yes", "time_zone": "Europe/Berlin", "tags": "pool", "labels": "urgent",
    "language": "de", "privacy_url": "https://example.com", "address": "a{}", "expires_at": "2099-01-01T00:00:00Z",
    "until": SOON, "config": "[plugins.words]", "since": LATELY,
}  # fmt: skip
NUMBERS = {"seq": 4, "version": 3}  # below these there mostly is such a thing
RARE = {  # need a moment, a proposal, a hundred decisions, a passphrase, a link, a code, or a session
    "GET /v1/me/stream", "GET /v1/staff/stream", "POST /v1/me/appeals", "POST /v1/posts/{id}:cancel",
    "POST /v1/sign-in", "POST /v1/sign-in:look", "POST /v1/sign-in:link",
    "DELETE /v1/session", "POST /v1/session/passphrase", "DELETE /v1/sessions/{id}",
    "POST /v1/communities/{slug}/join", "POST /v1/join:confirm",
    "POST /v1/measures/{id}:confirm", "POST /v1/measures/{id}:dismiss",
    "POST /v1/measures/{id}:answer",
    "GET /v1/models/{id}", "POST /v1/models/{id}:use", "POST /v1/models/{id}:withdraw",
}  # fmt: skip
IN_JSON = {f"{route.method} {route.path}" for route in ROUTES if route.kind == "json"}
ENOUGH = 50  # calls of a route
FEWER = 20  # on the second engine: what is made up is the same, but for what its database minds
LIMIT = 20.0
LONGEST = 8_000  # characters of an address: the server refuses longer lines before anything of the relay sees them


@dataclass(slots=True)
class Fuzz:
    """One run over all routes; `faults` says once of each kind what was wrong."""

    url: str
    world: World
    random: Random
    examples: int
    step: int = 1
    faults: dict[tuple[str, str], str] = field(default_factory=dict)
    statuses: dict[str, set[int]] = field(default_factory=dict)
    calls: int = 0

    def run(self) -> None:
        """Every route in turn, by every caller in turn. Blocks."""
        schema = schemathesis.openapi.from_url(f"{self.url}/openapi.json")
        routes = {(route.method, route.path): route for route in ROUTES}
        with requests.Session() as session:
            for found in list(schema.get_all_operations())[:: self.step]:
                assert isinstance(found, Ok), found
                operation = found.ok()
                route = routes[operation.method.upper(), operation.path]
                for mode, share in ((GenerationMode.POSITIVE, 1 - WRONG), (GenerationMode.NEGATIVE, WRONG)):
                    self._calls(session, route, operation.as_strategy(generation_mode=mode), round(self.examples * share))

    def _calls(self, session: requests.Session, route: Route, cases: Any, count: int) -> None:  # noqa: ANN401 - a strategy
        phases = [hypothesis.Phase.generate]
        quiet = list(hypothesis.HealthCheck)
        settings = hypothesis.settings(
            max_examples=count, database=None, phases=phases, suppress_health_check=quiet, deadline=None
        )

        @hypothesis.seed(self.random.randrange(2**32))
        @settings
        @hypothesis.given(cases)
        def call(case: Made) -> None:
            self._call(session, route, case)

        with suppress(hypothesis.errors.Unsatisfiable):  # a route that takes nothing cannot be called wrongly
            call()

    def _call(self, session: requests.Session, route: Route, case: Made) -> None:
        callers = self.world.callers
        if self.calls % 2:
            callers = [caller for caller in callers if not caller.denied(route)]
        caller = callers[self.calls // 2 % len(callers)]
        self.calls += 1
        self._fill_in(route, case)
        made = case.as_transport_kwargs(self.url)
        made["headers"].pop("Authorization", None)  # who is asking is decided here alone
        made["headers"].pop("Cookie", None)
        made.pop("cookies", None)
        if token := caller.token(self.random):
            made["headers"]["Authorization"] = f"Bearer {token}"
        response = session.request(**made, timeout=LIMIT)
        if len(response.url) > LONGEST and response.status_code == HTTPStatus.BAD_REQUEST:
            return
        if token and (route.method, route.path, response.status_code) == ("DELETE", "/v1/me", 204):
            caller.tokens.remove(token)
        self.statuses.setdefault(f"{route.method} {route.path}", set()).add(response.status_code)
        self._check_access(caller, route, case, response.status_code)
        try:
            case.validate_response(response, checks=CHECKS if route.kind == "json" else [not_a_server_error])
        except Failure as failure:
            self._note(route, caller, case, f"{response.status_code}: {failure}")
        except FailureGroup as failures:
            self._note(route, caller, case, f"{response.status_code}: {'; '.join(map(str, failures.exceptions))}")

    def _fill_in(self, route: Route, case: Made) -> None:
        """Real ids, mostly: what is not there is answered before anything else happens."""
        parameters = case.path_parameters
        if parameters and self.random.random() < KNOWN:
            if "slug" in parameters:
                parameters["slug"] = SLUG
            if "id" in parameters:
                parameters["id"] = self.random.choice(self.world.ids[route.path.split("/")[2]])
        if self.random.random() < KNOWN:
            case.body = cast("Any", self._sensible(case.body, ""))
        if isinstance(case.body, dict) and case.body.get("closed") is True:
            case.body["closed"] = False  # a closed community refuses all that comes after

    def _sensible(self, value: object, name: str) -> object:
        """The same with real ids, and with words that pass where the schema cannot say what a word is."""
        if isinstance(value, dict):
            return {inner: self._sensible(found, inner) for inner, found in value.items()}
        if isinstance(value, list):
            return [self._sensible(found, name) for found in value]
        if name in NUMBERS:
            return self.random.randrange(NUMBERS[name])
        if not isinstance(value, str):
            return value
        if name in NAMED:
            return self.random.choice(self.world.ids[NAMED[name]])
        return WORDS[name].format(self.calls) if name in WORDS else value

    def _check_access(self, caller: Caller, route: Route, case: Made, status: int) -> None:
        expected = caller.denied(route)
        if expected and status not in expected and route.expression.fullmatch(case.formatted_path):
            self._note(route, caller, case, f"{caller.name} may not, and was answered with {status}")

    def _note(self, route: Route, caller: Caller, case: Made, what: str) -> None:
        kind = what.partition("\n")[0][:80]
        self.faults.setdefault((f"{route.method} {route.path}", kind), f"{caller.name}: {case.as_curl_command()}\n{what}")


async def test_made_up_calls_of_everybody_find_no_fault(
    start_relay: Relay, http: aiohttp.ClientSession, seed: int, size: Callable[[int, int], int], engine: Mapping[str, str]
) -> None:
    server = await start_relay(**HOLDING, **unlimited("staff", "visitor", "member", "key", "failed"))
    world = World()
    async with Cast(http, server) as cast:
        await world.fill(cast)
    examples, step = (10, 5) if "RELAY_EXAMPLES" in os.environ else (size(FEWER if engine else ENOUGH, 5000), 1)
    fuzz = Fuzz(server.url, world, Random(seed), examples, step)

    await asyncio.to_thread(fuzz.run)

    assert list(fuzz.faults.values()) == []
    assert fuzz.calls >= len(fuzz.statuses) * fuzz.examples / 2
    never = {name for name, found in fuzz.statuses.items() if min(found) >= 300 and name in IN_JSON}
    assert never <= RARE or fuzz.examples < ENOUGH, "calls that never succeed show little"
