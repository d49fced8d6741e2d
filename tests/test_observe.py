"""Logs are one event a line and hold nobody's words; metrics count without naming anybody."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from prometheus_client import CollectorRegistry

from relay.core.errors import Invalid
from relay.observe import PERSONAL, LogSettings, Metrics, set_up_logs

CANARY = "Meine Nummer ist 0151-2345678"


class Terminal(io.StringIO):
    """A stream that people look at."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, shape = list(root.handlers), root.level, structlog.get_config()
    yield
    root.handlers, root.level = handlers, level
    structlog.configure(**shape)


def logged(stream: io.StringIO) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(stream.getvalue())
    return event


def fail(error: Exception, because: Exception | None = None) -> None:
    raise error from because


def test_an_event_is_one_line_of_json_in_a_pipe() -> None:
    stream = io.StringIO()
    set_up_logs(stream, LogSettings())

    structlog.get_logger("relay.test").info("reply filed", thread="t1")

    event = logged(stream)
    assert event.pop("timestamp").endswith("Z")
    assert event == {"event": "reply filed", "thread": "t1", "level": "info", "logger": "relay.test"}


def test_a_terminal_gets_lines_for_people() -> None:
    stream = Terminal()
    set_up_logs(stream, LogSettings())

    structlog.get_logger("relay.test").info("reply filed", thread="t1")

    assert "reply filed" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_the_format_can_be_chosen() -> None:
    stream = Terminal()
    set_up_logs(stream, LogSettings(format="json"))

    structlog.get_logger("relay.test").info("reply filed")

    assert logged(stream)["event"] == "reply filed"


@pytest.mark.parametrize("logger", ["relay.test", "aiohttp.server"])
def test_the_level_holds_for_ours_and_for_libraries(logger: str) -> None:
    stream = io.StringIO()
    set_up_logs(stream, LogSettings(level="warning"))

    structlog.get_logger(logger).info("quiet")
    logging.getLogger(logger).info("quiet")

    assert stream.getvalue() == ""


@pytest.mark.parametrize("field", sorted(PERSONAL))
def test_what_is_personal_is_dropped_at_any_depth(field: str) -> None:
    stream = io.StringIO()
    set_up_logs(stream, LogSettings())

    planted = {field: CANARY, field.upper(): CANARY, "fields": {field: CANARY, "list": [{field: CANARY}]}}
    structlog.get_logger("relay.test").warning("planted", **planted, kept=1)

    assert CANARY not in stream.getvalue()
    assert logged(stream)["kept"] == 1


def test_what_is_bound_to_the_context_is_dropped_too() -> None:
    stream = io.StringIO()
    set_up_logs(stream, LogSettings())

    with structlog.contextvars.bound_contextvars(text=CANARY, request="r1"):
        structlog.get_logger("relay.test").info("planted")

    assert CANARY not in stream.getvalue()
    assert logged(stream)["request"] == "r1"


def test_a_trace_says_where_and_what_kind_and_quotes_nobody() -> None:
    stream = io.StringIO()
    set_up_logs(stream, LogSettings())

    try:
        fail(ExceptionGroup(CANARY, [KeyError(CANARY)]), because=ValueError(CANARY))
    except ExceptionGroup:
        structlog.get_logger("relay.test").exception("it failed")

    trace = logged(stream)["exception"]
    assert CANARY not in stream.getvalue()
    assert "test_observe.py" in trace
    assert "builtins.ValueError\nwhich led to:" in trace
    assert "  | builtins.KeyError" in trace


def test_a_trace_of_a_library_is_treated_the_same() -> None:
    stream = io.StringIO()
    set_up_logs(stream, LogSettings())

    try:
        fail(ValueError(CANARY))
    except ValueError:
        logging.getLogger("aiohttp.server").exception("Error handling request")

    assert CANARY not in stream.getvalue()
    assert "builtins.ValueError" in logged(stream)["exception"]


def test_our_own_errors_say_what_is_wrong() -> None:
    stream = io.StringIO()
    set_up_logs(stream, LogSettings())

    try:
        fail(Invalid("The post is not valid."))
    except Invalid:
        structlog.get_logger("relay.test").exception("refused")

    assert logged(stream)["exception"].endswith("relay.core.errors.Invalid: The post is not valid.")


@pytest.mark.parametrize("name", ["aiohttp.internal", "aiohttp.websocket"])
def test_what_a_caller_sent_is_not_quoted_by_a_library(name: str) -> None:
    stream = io.StringIO()
    set_up_logs(stream, LogSettings(level="debug"))

    logging.getLogger(name).warning("Client protocols %r", [CANARY])

    assert stream.getvalue() == ""


def test_metrics_stand_in_the_registry_that_is_given() -> None:
    first, second = Metrics(CollectorRegistry()), Metrics(CollectorRegistry())

    first.judged("hold", 1500)
    first.committed(12, 0.002)
    first.answered("GET", "/v1/posts/{id}", 200)
    first.posts.inc()

    lines = first.exposition().decode().splitlines()
    assert 'relay_replies_total{action="hold"} 1.0' in lines
    assert 'relay_moderation_seconds_bucket{le="0.0025"} 1.0' in lines
    assert 'relay_commit_group_size_bucket{le="25.0"} 1.0' in lines
    assert 'relay_http_requests_total{method="GET",route="/v1/posts/{id}",status="200"} 1.0' in lines
    assert "relay_posts_accepted_total 0.0" in second.exposition().decode()
