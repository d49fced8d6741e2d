"""What plugins ask of services: what their options name and nothing else, inside the relay as in a worker."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import ClassVar

import pytest
from pydantic import BaseModel, SecretStr

from relay.core.asking import AskingError, BadAnswer, Busy, Reply, Request, TooLate, Unreachable
from relay.core.text import Tables
from relay.core.verdict import Decision, Rules
from relay.pipeline.asker import AT_ONCE, MOST_OPEN, Gate
from relay.pipeline.breaker import IN_A_ROW
from relay.pipeline.forks import Forks, WorkerSettings
from relay.pipeline.pipeline import Pipeline, Places
from relay.pipeline.source import foreign
from relay.pipeline.watchdog import longest_hold
from relay.plugin import Context, Incoming, NoOptions, NotForPluginsError, Plugin, ServiceUrl, Signal
from relay.ports import Outbound
from relay.testing.moderation import StillClock, started, submission
from relay.testing.services import Canned

URL = "https://ask.example/check"


class AskingOptions(BaseModel):
    url: ServiceUrl = URL
    secret: SecretStr = SecretStr("hush")


class Asks(Plugin[AskingOptions]):
    """Asks what the message says, and sees what the answer says."""

    name, version, deadline_ms = "asks", "1.0", 2000
    signals: ClassVar = {"asks.status": 1.0}
    reaches = ("url",)

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        url = incoming.text.raw if incoming.text.raw.startswith("http") else self.options.url
        headers = {"x-secret": self.options.secret.get_secret_value()}
        reply = await context.http.post(url, json={"text": incoming.text.raw}, headers=headers, timeout=1)
        yield Signal("asks.status", reason=f"{reply.status} {reply.json()} {reply.headers.get('x-a')}")


class Catches(Asks):
    """Goes on without an answer."""

    name = "catches"
    signals: ClassVar = {"catches.kind": 1.0}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        try:
            await context.http.post(self.options.url)
        except AskingError as error:
            yield Signal("catches.kind", reason=f"{type(error).__name__}: {error}")


class Undeclared(Plugin[NoOptions]):
    """Asks without having said so."""

    name, version = "undeclared", "1.0"
    signals: ClassVar = {"undeclared.x": 1.0}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        await context.http.post(URL)
        yield Signal("undeclared.x")


class AtSetUp(Asks):
    """Asks before there is a message."""

    name = "at_set_up"
    signals: ClassVar = {"at_set_up.status": 1.0}

    async def setup(self, context: Context) -> None:
        await context.http.post(self.options.url)


@dataclass(frozen=True, slots=True)
class Where:
    """Inside of the relay, or in a worker."""

    kind: str
    forks: Forks


async def judged(kind: type[Asks] | type[Undeclared], where: Where, http: Outbound | None, text: str = "hello") -> Decision:
    plugin = kind(kind.options_type())  # type: ignore[arg-type]  # each its own
    placed = foreign(plugin, "is tested") if where.kind == "worker" else plugin
    pipeline = Pipeline([placed], Rules(), Tables(), StillClock(), Places(where.forks, outbound=http))
    try:
        await pipeline.open()
        await started(pipeline)
        return await pipeline.judge(submission(text))
    finally:
        await pipeline.close_plugins()


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    """One fork server for all."""
    made = Forks(Tables(), WorkerSettings())
    yield made
    made.close()


@pytest.fixture(params=["inline", "worker"])
def where(request: pytest.FixtureRequest, forks: Forks) -> Where:
    return Where(request.param, forks)


async def test_a_question_goes_out_and_its_answer_comes_back(where: Where) -> None:
    http = Canned(Reply(200, b'{"ok": "\xc3\xa4"}', {"x-a": "b"}))

    decision = await judged(Asks, where, http, "grüß 👋 \ud800")

    assert [seen.signal.reason for seen in decision.signals] == ["200 {'ok': 'ä'} b"]
    (asked,) = http.asked
    assert (asked.url, asked.body.decode()) == (URL, '{"text": "grüß 👋 ?"}')
    assert asked.headers == {"Content-Type": "application/json", "x-secret": "hush"}
    assert asked.seconds <= 1


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/check",
        "http://ask.example/check",
        "https://ask.example:444/check",
        "https://ask.example.",
        "http://127.1/",
    ],
)
async def test_what_no_option_names_is_not_asked(url: str, where: Where) -> None:
    http = Canned({})

    decision = await judged(Asks, where, http, url)

    assert http.asked == []
    ((_, why),) = decision.failures
    assert why.startswith("raised NotForPluginsError at ")
    assert why.endswith(": asked a service that none of its options names")


async def test_where_http_is_not_offered_it_says_so(where: Where) -> None:
    decision = await judged(Asks, where, None)

    ((_, why),) = decision.failures
    assert "raised NotForPluginsError" in why
    assert "HTTP is not offered here" in why


@pytest.mark.parametrize("error", [Unreachable("no such host"), TooLate("slow"), BadAnswer("odd"), Busy("full")], ids=repr)
async def test_a_trouble_can_be_caught_by_its_name(error: AskingError, where: Where) -> None:
    decision = await judged(Catches, where, Canned(error))

    assert [seen.signal.reason for seen in decision.signals] == [f"{type(error).__name__}: {error}"]
    assert decision.failures == ()


async def test_a_trouble_that_is_not_caught_is_told_in_the_case(where: Where) -> None:
    decision = await judged(Asks, where, Canned(Reply(503, b"no json")))

    ((_, why),) = decision.failures
    assert why.startswith("raised BadAnswer at ")
    assert why.endswith(": https://ask.example answered with status 503")


async def test_who_does_not_declare_it_has_no_http(where: Where) -> None:
    http = Canned({})

    decision = await judged(Undeclared, where, http)

    assert http.asked == []
    assert "raised NotForPluginsError" in decision.failures[0][1]


async def test_there_is_no_http_at_set_up(where: Where) -> None:
    http = Canned({})

    decision = await judged(AtSetUp, where, http)

    assert http.asked == []
    assert decision.failures != ()


class Slow:
    """A service that answers when it is told to."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.under_way = 0
        self.most = 0

    async def ask(self, request: Request) -> Reply:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            async with asyncio.timeout(request.seconds):
                await self.go.wait()
        except TimeoutError:
            raise TooLate from None
        finally:
            self.under_way -= 1
        return Reply(200, b"{}")

    async def close(self) -> None:
        """Nothing is open."""


async def test_a_question_ends_before_its_check_does(where: Where) -> None:
    decision = await judged(Asks, where, Slow())

    ((_, why),) = decision.failures
    assert why.startswith("raised TooLate at ")


async def test_a_few_are_asked_at_once_and_not_too_many_wait() -> None:
    http = Slow()
    gate = Gate.of(Asks(AskingOptions()), http)
    assert gate is not None
    questions = [asyncio.create_task(gate.begin().ask(Request(URL, b"", seconds=1.5))) for _ in range(MOST_OPEN)]
    await asyncio.sleep(0)

    with pytest.raises(Busy, match="too many"):
        await gate.begin().ask(Request(URL, b""))

    http.go.set()
    assert {reply.status for reply in await asyncio.gather(*questions)} == {200}
    assert http.most == AT_ONCE
    assert gate.open == 0


async def test_a_service_that_fails_again_and_again_is_left_alone_and_no_message_is_to_blame() -> None:
    http = Canned(Unreachable("gone"))
    gate = Gate.of(Asks(AskingOptions()), http)
    assert gate is not None
    for _ in range(IN_A_ROW):
        with pytest.raises(Unreachable):
            await gate.begin().ask(Request(URL, b""))

    asker = gate.begin()
    with pytest.raises(Busy, match="again and again"):
        await asker.ask(Request(URL, b""))

    assert len(http.asked) == IN_A_ROW
    assert asker.is_across


async def test_a_time_that_makes_no_sense_is_too_late() -> None:
    gate = Gate.of(Asks(AskingOptions()), Canned({}))
    assert gate is not None

    for seconds in (0.0, -1.0, float("nan")):
        with pytest.raises(TooLate):
            await gate.begin().ask(Request(URL, b"", seconds=seconds))


def test_there_is_no_http_in_a_bare_context() -> None:
    context = Context(StillClock().now(), None)  # type: ignore[arg-type]  # no memory is touched

    with pytest.raises(NotForPluginsError, match="declare `reaches"):
        _ = context.http


def test_a_long_deadline_for_waiting_is_none_for_holding_the_loop() -> None:
    assert longest_hold(Asks(AskingOptions()), 1.0) == 1.0
    assert longest_hold(Undeclared(NoOptions()), 0.1) == 0.5
