"""What can be seen from outside: logs on standard error, without anybody's words, and the metrics of one relay."""

import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any, Final, Literal, TextIO

import orjson
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from pydantic import BaseModel, ConfigDict, Field, field_validator

from relay.core.errors import RelayError

LogFormat = Literal["auto", "console", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]
Event = MutableMapping[str, Any]

PERSONAL: Final = frozenset(
    {
        "address", "addresses", "attributes", "authorization", "body", "client_id", "cookie", "email", "item", "items",
        "message", "name", "payload", "password", "phone", "secret", "text", "title", "token", "tokens",
    }
)  # fmt: skip
"""Fields that are never logged, whoever asks for it: they hold what people wrote, who they are, or what opens a door."""

# What an exception says may quote what somebody wrote; these speak of code, files and our own rules alone.
_QUOTES_NOBODY: Final = (RelayError, OSError, TypeError, AttributeError, NameError, ImportError, RecursionError)

QUOTING: Final = ("aiohttp.internal", "aiohttp.websocket")
"""Loggers that warn of what a caller sent, word for word: names of cookies, and subprotocols, where some put a token."""

_NAME: Final = re.compile("[a-z][a-z0-9_]*")

BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)  # seconds
GROUPS: Final = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000)  # changes in one commit


class LogSettings(BaseModel):
    """How the relay logs. Logs go to standard error, one line an event, never with anybody's words or addresses."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: LogFormat = Field("auto", description="console (for people), json (for machines), or auto: console on a terminal")
    level: LogLevel = Field("info", description="the least that is logged: debug, info, warning or error")
    trace_plugins: str = Field(
        "",
        description="1, or names with commas between: each check of all plugins, or of these, is a line of level info, with ids"
        " and figures and without a text",
    )

    @field_validator("trace_plugins")
    @classmethod
    def _names_plugins(cls, said: str) -> str:
        if said.strip() not in {"", "1"} and not all(_NAME.fullmatch(name.strip()) for name in said.split(",")):
            raise ValueError("should be 1 for all plugins, or names of plugins with commas between")
        return said


def set_up_logs(stream: TextIO, settings: LogSettings) -> None:
    """Send structlog's and the standard library's events to `stream`, redacted. Calling it again replaces what was set."""
    for_people = settings.format == "console" or (settings.format == "auto" and stream.isatty())
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    before: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        trace,
        redact,
    ]
    last: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=stream.isatty(), pad_event_to=0, exception_formatter=structlog.dev.plain_traceback)
        if for_people
        else as_json
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *before,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # a logger made before this call must still follow it
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in QUOTING:
        logging.getLogger(name).setLevel(max(level, logging.ERROR))


def redact(_: object, __: str, event: Event) -> Event:
    """Drop what is personal, also inside of tables and lists."""
    for key in [key for key in event if key.lower() in PERSONAL]:
        del event[key]
    for key, value in event.items():
        event[key] = _redacted(value)
    return event


def _redacted(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _redacted(inner) for key, inner in value.items() if str(key).lower() not in PERSONAL}
    if isinstance(value, list | tuple):
        return [_redacted(inner) for inner in value]
    return value


def trace(_: object, __: str, event: Event) -> Event:
    """Turn an exception into its trace: where and what kind, without what it quotes."""
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["exception"] = "\n".join(traced(error))
    return event


def traced(error: BaseException, seen: frozenset[int] = frozenset()) -> list[str]:
    """The lines of a trace, the first cause first; a group shows the traces of its members.

    Causes that go round in a circle, as some libraries make them, are shown once.
    """
    lines: list[str] = []
    seen |= {id(error)}
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None and id(cause) not in seen:
        lines += [*traced(cause, seen), "which led to:"]
    lines += _frames(error.__traceback__)
    lines.append(f"{type(error).__module__}.{type(error).__qualname__}{_said(error)}")
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            lines += ["  | " + line for line in traced(member)]
    return lines


def _frames(trace_of: TracebackType | None) -> list[str]:
    return [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(trace_of)]


def _said(error: BaseException) -> str:
    return f": {error}" if isinstance(error, _QUOTES_NOBODY) else ""


def as_json(_: object, __: str, event: Event) -> str:
    """One line; what JSON does not know is written as its text."""
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


class MqttMetrics:
    """The numbers of the MQTT channel; all 0 where there is no broker."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.up = Gauge("relay_mqtt_connected", "1 while this relay is connected to the broker", registry=registry)
        self.members = Gauge("relay_mqtt_members", "Members whom it reaches through the broker", registry=registry)
        self.came = Gauge("relay_mqtt_in", "Messages that came from the broker", registry=registry)
        self.out = Gauge("relay_mqtt_out", "Messages that the broker confirmed", registry=registry)
        self.resent = Gauge("relay_mqtt_resent", "Items that went to the broker again", registry=registry)
        self.denied = Gauge("relay_mqtt_denied", "Messages that the broker did not take", registry=registry)
        self.refused = Gauge("relay_mqtt_refused", "Messages that the relay did not take", ["reason"], registry=registry)


class Metrics:
    """The numbers of one relay, in a registry that is given; nobody's id, name or slug is a label."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.posts = Counter("relay_posts_accepted", "Posts that were accepted", registry=registry)
        self.released = Counter("relay_deliveries_released", "Deliveries that got their seq", registry=registry)
        self.replies = Counter(
            "relay_replies", "Members' messages by what moderation made of them", ["action"], registry=registry
        )
        self.answers = Counter("relay_answers", "Messages of staff to members", registry=registry)
        self.rulings = Counter("relay_rulings", "Cases that staff decided", ["ruling"], registry=registry)
        self.group_size = Histogram(
            "relay_commit_group_size", "Changes written with one fsync", buckets=GROUPS, registry=registry
        )
        self.group_seconds = Histogram(
            "relay_commit_seconds", "Time one group takes to be on stable storage", buckets=BUCKETS, registry=registry
        )
        self.read_only = Gauge(
            "relay_store_read_only", "1 while nothing that adds data is taken: the disk is nearly full", registry=registry
        )
        self.disk_free = Gauge("relay_disk_free_bytes", "Room on the disk of the data", registry=registry)
        self.disk_reserve = Gauge("relay_disk_reserve_bytes", "What is kept free of it", registry=registry)
        self.connected = Gauge("relay_members_connected", "Sockets of members that are signed in", registry=registry)
        self.staff_connected = Gauge("relay_staff_connected", "Sockets of staff that are signed in", registry=registry)
        self.objects = Gauge("relay_objects", "Objects in memory: what only ever grows has a leak", registry=registry)
        self.objects.set_function(sys.getallocatedblocks)
        self.moderation = Histogram(
            "relay_moderation_seconds", "Time one message takes through the inline stages", buckets=BUCKETS, registry=registry
        )
        self.raids = Gauge("relay_raids", "Communities in raid mode: more of what strangers write is held", registry=registry)
        self.plugin_up = Gauge(
            "relay_plugin_running", "1 while the plugin judges; 0: its messages are held by name", ["plugin"], registry=registry
        )
        self.plugin_runs = Gauge("relay_plugin_runs", "Messages that the plugin was asked about", ["plugin"], registry=registry)
        self.plugin_errors = Gauge("relay_plugin_errors", "Messages at which it failed", ["plugin"], registry=registry)
        self.plugin_restarts = Gauge(
            "relay_plugin_restarts", "Worker processes of the plugin after its first", ["plugin"], registry=registry
        )
        self.mqtt = MqttMetrics(registry)
        self.requests = Counter(
            "relay_http_requests", "Answered HTTP requests", ["method", "route", "status"], registry=registry
        )

    def committed(self, changes: int, seconds: float) -> None:
        """One group of commits is on stable storage."""
        self.group_size.observe(changes)
        self.group_seconds.observe(seconds)

    def judged(self, action: str, took_us: int) -> None:
        """One member's message has its decision."""
        self.replies.labels(action).inc()
        self.moderation.observe(took_us / 1e6)

    def answered(self, method: str, route: str, status: int) -> None:
        """One HTTP request; `route` is the pattern, never the path with its ids."""
        self.requests.labels(method, route, str(status)).inc()

    def exposition(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)
