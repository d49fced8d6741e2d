"""Everything a plugin author imports: Plugin, Incoming, Context, Signal.

A plugin is one file with one class. It looks at one incoming message and yields signals; the relay weighs them and decides:

    class Shouting(Plugin[Options]):
        name, version, api = "shouting", "1.0", 1
        signals = {"shouting.capitals": 1.0}

        async def check(self, incoming, context):
            if incoming.text.upper_share > self.options.max_share:
                yield Signal("shouting.capitals", reason="mostly capitals")

A plugin has no clock, no store and no network of its own: what it needs comes through `context`, so that a test is
deterministic and a message can be judged again. It holds no state but its options.
"""

import json as as_json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict

from relay.core.alike import CELLS, fingerprint, letters_of
from relay.core.asking import AskingError, BadAnswer, Busy, Reply, Request, TooLate, Unreachable
from relay.core.label import API, Label, Mode, Stage
from relay.core.links import Link
from relay.core.model import Learned
from relay.core.origin import read_url
from relay.core.text import Text
from relay.core.verdict import Attachment, MemberFacts, OnError, Signal
from relay.core.webhook import Signer
from relay.core.weights import Weights
from relay.core.wordlist import Hit, WordList

__all__ = [
    "API",
    "CELLS",
    "AskingError",
    "Attachment",
    "BadAnswer",
    "Busy",
    "Context",
    "Hit",
    "Http",
    "Incoming",
    "Learned",
    "Link",
    "MemberFacts",
    "Memory",
    "Mode",
    "NoOptions",
    "NotForPluginsError",
    "OnError",
    "Plugin",
    "Reply",
    "ServiceUrl",
    "Signal",
    "Signer",
    "Stage",
    "Text",
    "TooLate",
    "Unreachable",
    "Weights",
    "WordList",
    "fingerprint",
    "letters_of",
]


def _url(text: str) -> str:
    origin, path = read_url(text)
    return f"{origin}{path}"


ServiceUrl = Annotated[str, AfterValidator(_url)]
"""An option that holds the URL of a service; the plugin's class names it in `reaches`."""

OptionsT = TypeVar("OptionsT", bound=BaseModel)
ValueT = TypeVar("ValueT")


class NotForPluginsError(RuntimeError):
    """This plugin may not use that part of its context; the message says what to declare or to leave out."""


class NoOptions(BaseModel):
    """The options of a plugin that has none."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message, as a plugin sees it.

    `text` computes its views once for all plugins; `member.id` is opaque; `reply_to` says what the member answers, None for a
    message out of the blue; `language` is an ISO 639-1 code, None while nobody has told it.
    """

    text: Text
    member: MemberFacts
    channel: str
    at: datetime
    reply_to: Literal["post", "message"] | None = None
    attachments: tuple[Attachment, ...] = ()
    language: str | None = None


class Memory(ABC):
    """A small store with expiry. It is bounded and may forget early: never let correctness depend on it.

    Keep plain values (numbers, strings, tuples of them): in worker mode they travel between processes.
    """

    __slots__ = ()

    @abstractmethod
    async def get(self, key: str, default: ValueT) -> ValueT:
        """Give the value kept under `key`, or `default` when there is none or it has expired."""

    @abstractmethod
    async def set(self, key: str, value: object, ttl: float) -> None:
        """Keep `value` for `ttl` seconds."""

    @abstractmethod
    async def increment(self, key: str, by: int = 1, *, ttl: float) -> int:
        """Add to a counter in one step and give the new value; it expires `ttl` seconds after its first increment."""

    @abstractmethod
    async def forget(self, key: str) -> None:
        """Drop `key`; nothing happens when it is not there."""


class Http(ABC):
    """Questions to the services that the plugin's options name, and to nothing else; see `Plugin.reaches`."""

    __slots__ = ()

    async def post(
        self,
        url: str,
        *,
        json: object = None,
        body: bytes | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
        timeout: float = 5.0,  # noqa: ASYNC109 - it travels to where the question is asked
    ) -> Reply:
        """Send `json`, or a `body` that you made yourself, and give the answer whatever its status, at most 64 KiB.

        `timeout` is in seconds, and ends before the plugin's own deadline. Redirects are not followed, nothing is kept between
        two questions. Raises AskingError, or a leaf of it.
        """
        if body is None:
            body = as_json.dumps(json, allow_nan=False, ensure_ascii=False).encode("utf-8", "replace")
            headers = {"Content-Type": "application/json", **headers}
        return await self.ask(Request(url, body, dict(headers), float(timeout)))

    @abstractmethod
    async def ask(self, request: Request) -> Reply:
        """The same for a question that is made already."""


class Context:
    """What a plugin may use besides the message: the time, a memory of its own, and services that its options name.

    `memory` belongs to this plugin and this member: no other plugin and no other member's message ever reads it. `learned` is
    the model of staff's decisions in the message's community, for plugins inside of the relay that declare
    `across_members = True`; None where none is in use.
    """

    __slots__ = ("_http", "_shared", "learned", "memory", "now")

    def __init__(
        self,
        now: datetime,
        memory: Memory,
        shared: Memory | None = None,
        http: Http | None = None,
        learned: Learned | None = None,
    ) -> None:
        self.now = now
        self.memory = memory
        self._shared = shared
        self._http = http
        self.learned = learned

    @property
    def shared(self) -> Memory:
        """A memory across members, for plugins that declare `across_members = True`; their signals never go past hold."""
        if self._shared is None:
            why = "context.shared crosses members: declare `across_members = True` in the plugin's class, or use context.memory"
            raise NotForPluginsError(why)
        return self._shared

    @property
    def http(self) -> Http:
        """Questions to services, for plugins that declare `reaches`, in `check` alone."""
        if self._http is None:
            why = 'context.http asks what an option names: declare `reaches = ("url",)` in its class, and ask in `check`'
            raise NotForPluginsError(why)
        return self._http


class Plugin(ABC, Generic[OptionsT]):
    """One idea of what is wrong with a message. Subclass it with your options: `class Shouting(Plugin[Options])`.

    The class attributes are the plugin's label; they are checked when it is loaded. `check` is the one method to write.
    """

    name: ClassVar[str]
    """Short, lower case, unique: it is the section `[plugins.NAME]` of the configuration."""

    version: ClassVar[str]
    """Written into every decision; raise it when the same text may give other signals."""

    api: ClassVar[int] = API
    """The version of this interface that the plugin was written for."""

    signals: ClassVar[Mapping[str, float]]
    """Every signal it may give, as `NAME.what`, with its default weight (0 or more): 2.5 flags, 5 holds by itself."""

    told: ClassVar[Mapping[str, Mapping[str, str]]] = MappingProxyType({})
    """What a rejected member reads of a signal, as {"NAME.what": {"en": "it holds an insult", "de": "sie enthält eine
    Beleidigung"}}: a short phrase that stands behind "Reason:", in both languages. A signal without it is told as a rule of the
    community; one that rests on other members is never told."""

    examples: ClassVar[Sequence[tuple[str, AbstractSet[str]]]] = ()
    """(text, names of the signals it must give): documentation and free tests. Each is judged alone."""

    stage: ClassVar[Stage] = "content"
    """behaviour (who and how often), content (the text), slow (runs only when the score is in the grey band)."""

    mode: ClassVar[Mode] = "inline"
    """inline in the relay's own process, or worker: in a process that is killed when it is late. A plugin that is not shipped
    runs in a worker whatever stands here, unless its table in the configuration says `trusted_inline = true`."""

    deadline_ms: ClassVar[int] = 50
    """A check that takes longer has failed, whatever it says."""

    on_error: ClassVar[OnError] = "hold"
    """What a failed check means for the message: hold, flag, or pass. Failing towards staff is the default."""

    across_members: ClassVar[bool] = False
    """True where a signal rests on what other members wrote: it may hold silently, and nothing more."""

    reaches: ClassVar[Sequence[str]] = ()
    """Names of the options that hold the URLs of services it asks through `context.http`; their hosts alone are reached."""

    statistical: ClassVar[bool] = False
    """True where a signal is a model's guess rather than a rule: all such plugins together are one kind of evidence, "wording",
    which holds at most and is never certain."""

    evidence: ClassVar[str] = ""
    """The kind of evidence that its signals are; to reject takes two kinds. Empty: a kind of its own. Plugins that look at the
    same thing name the same kind, as all do that go by the words of a text: "wording"."""

    options_type: ClassVar[type[BaseModel]] = NoOptions
    """Taken from `Plugin[Options]`."""

    options: OptionsT

    def __init_subclass__(cls, **rest: object) -> None:
        """Take the type of the options from the brackets behind Plugin."""
        super().__init_subclass__(**rest)
        for base in getattr(cls, "__orig_bases__", ()):
            origin = get_origin(base)
            if isinstance(origin, type) and issubclass(origin, Plugin):
                (options_type,) = get_args(base)
                if isinstance(options_type, type) and issubclass(options_type, BaseModel):
                    cls.options_type = options_type

    def __init__(self, options: OptionsT) -> None:
        """Take checked options; compile here what `check` needs again and again, and do no I/O but reading own data files."""
        self.options = options

    def wants(self, incoming: Incoming) -> bool:  # noqa: ARG002 - the base wants everything
        """Say cheaply whether `check` is worth running; it must not touch anything but `incoming`."""
        return True

    async def setup(self, context: Context) -> None:
        """Get ready, once, before the first message; raising here makes the plugin fail for every message."""

    async def close(self) -> None:
        """Let go of what `setup` took."""

    @abstractmethod
    def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        """Look at one message: an `async def` that yields a Signal for each thing seen, and nothing for a clean message."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """A plugin that the relay's own process does not run: where a worker finds it, and with which options it is built.

    `source` holds `module`, and either `file` with its `digest` (SHA-256) or `attribute`; `checked` is the options' JSON once
    they are checked. `reason` says why it runs in a worker, and `broken` why it cannot be had at all: then every message
    fails at it. `schema` is the JSON schema of its options, as it says itself.
    """

    label: Label
    source: Mapping[str, str]
    options: Mapping[str, object]
    checked: str = "{}"
    reason: str = ""
    broken: str = ""
    schema: Mapping[str, Any] = field(default_factory=dict)
