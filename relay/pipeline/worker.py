"""The worker: what runs in a process of its own, around one plugin that the relay does not trust.

It loads the plugin, says what its class says of itself, and then answers one message after another. It holds nothing of the
relay's: what it needs comes in a frame and goes with the process. Nothing here is a defence, for the plugin may change all of
it: the fence is put up before it is loaded, and the relay believes no answer unchecked.
"""

import asyncio
import hashlib
import importlib
import importlib.util
import inspect
import os
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any, TypeGuard, TypeVar

from pydantic import ValidationError

from relay.core.asking import LARGEST_BODY, Reply, Request, Unreachable
from relay.core.label import LABEL
from relay.core.moment import from_micros
from relay.core.text import Tables
from relay.core.verdict import Signal
from relay.pipeline.drive import drive, raised
from relay.pipeline.stopwatch import CollectorTime, Stopwatch
from relay.pipeline.wire import (
    LONGEST_FRAME,
    Frame,
    Frames,
    incoming_of,
    packed,
    plain,
    remembered,
    reply_of,
    request_frame,
    signal_row,
)
from relay.plugin import Context, Http, Memory, Plugin
from relay.wording import in_words

LONGEST_WORD = 500  # characters of what an error says
MOST_FIELDS = 200  # options that are named

ValueT = TypeVar("ValueT")


class FaultError(Exception):
    """The plugin cannot be used: `key` is the attribute or option, `what` includes what to do."""

    def __init__(self, key: str, what: str) -> None:
        super().__init__(what)
        self.key = key
        self.what = what[:LONGEST_WORD]


class Line:
    """The one connection that it has; reads and writes block."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._frames = Frames()
        self._read: list[Frame] = []
        self._process = os.getpid()

    def read(self) -> Frame | None:
        """The next frame, None when the relay has hung up."""
        while not self._read:
            data = self._sock.recv(LONGEST_FRAME)
            if not data:
                return None
            self._read += self._frames.feed(data)
        return self._read.pop(0)

    def write(self, frame: Mapping[str, Any]) -> None:
        if os.getpid() != self._process:
            os._exit(1)  # a process that the plugin forked has come back from its check: it is not asked
        self._sock.sendall(packed(frame))

    def ask(self, frame: Mapping[str, Any]) -> Frame:
        self.write(frame)
        answer = self.read()
        if answer is None:
            raise EOFError
        return answer


class FarMemory(Memory):
    """The memory that the relay keeps; each call is a round trip."""

    __slots__ = ("_line", "_n", "_shared")

    def __init__(self, line: Line, n: int, *, shared: bool) -> None:
        self._line = line
        self._n = n
        self._shared = shared

    async def get(self, key: str, default: ValueT) -> ValueT:
        answer = self._ask("get", key)
        return remembered(answer["value"]) if "value" in answer else default  # type: ignore[return-value]  # its own

    async def set(self, key: str, value: object, ttl: float) -> None:
        self._ask("set", key, value=plain(value), ttl=ttl)

    async def increment(self, key: str, by: int = 1, *, ttl: float) -> int:
        count: int = self._ask("increment", key, by=by, ttl=ttl)["value"]
        return count

    async def forget(self, key: str) -> None:
        self._ask("forget", key)

    def _ask(self, what: str, key: str, **more: object) -> Frame:
        return self._line.ask({"n": self._n, "do": what, "shared": self._shared, "key": key, **more})


class FarHttp(Http):
    """Services, which the relay asks: the worker itself reaches nothing."""

    __slots__ = ("_line", "_n")

    def __init__(self, line: Line, n: int) -> None:
        self._line = line
        self._n = n

    async def ask(self, request: Request) -> Reply:
        if len(request.body) > LARGEST_BODY:
            raise Unreachable(f"a question of {len(request.body)} bytes, at most {LARGEST_BODY} are sent")
        return reply_of(self._line.ask({"n": self._n, "do": "post", **request_frame(request)}))


def work(sock: socket.socket, hello: Frame, tables: Tables) -> None:
    """Serve until the relay hangs up. Ends early with what is wrong with the plugin."""
    line = Line(sock)
    try:
        classes = _classes(hello["source"])
        if hello["name"] is None:
            line.write({"classes": [_described(each) for each in classes]})
            return
        plugin = _named(classes, hello["name"])
        line.write({"label": _label(plugin)})
        built = _built(plugin, hello["options"])
        if hello["serves"]:
            asyncio.run(_serve(line, built, hello, tables))
        else:
            line.write({"checked": built.options.model_dump_json()})
    except FaultError as fault:
        line.write({"fault": [fault.key, fault.what]})


async def _serve(line: Line, plugin: Plugin[Any], hello: Frame, tables: Tables) -> None:
    collector = CollectorTime()
    try:
        await plugin.setup(_context(line, plugin, 0, from_micros(hello["now"])))
    except Exception as error:
        raise FaultError("setup", f"could not be set up: {raised(error)}") from error
    _be_quiet()
    line.write({"ready": True})
    while (frame := line.read()) is not None:
        signals: list[Signal] = []
        why = await _check(line, plugin, frame, tables, (signals, Stopwatch(collector)))
        line.write({"n": frame["n"], "signals": [signal_row(each) for each in signals], "why": why})
        if time.process_time() > hello["renew_s"]:
            line.write({"renew": True})
            return


async def _check(
    line: Line, plugin: Plugin[Any], frame: Frame, tables: Tables, out: tuple[list[Signal], Stopwatch]
) -> str | None:
    incoming = incoming_of(frame, tables)
    try:
        if not plugin.wants(incoming):
            return None
    except Exception as error:  # noqa: BLE001 - foreign code; it fails like check
        return f"wants() {raised(error)}"
    return await drive(plugin, incoming, _context(line, plugin, frame["n"], from_micros(frame["now"])), *out)


def _context(line: Line, plugin: Plugin[Any], n: int, now: datetime) -> Context:
    shared = FarMemory(line, n, shared=True) if plugin.across_members else None
    http = FarHttp(line, n) if plugin.reaches and n else None  # not while it is set up
    return Context(now, FarMemory(line, n, shared=False), shared, http)


def _be_quiet() -> None:
    """From here on members' words pass through: what is printed goes nowhere."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for file in (1, 2):
        os.dup2(nowhere, file)
    os.close(nowhere)


def _classes(source: Mapping[str, str]) -> list[type[Plugin[Any]]]:
    try:
        loaded = _loaded(source)
    except (Exception, SystemExit) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise FaultError("", f"cannot be loaded: {type(error).__name__}{line}: {error}") from error
    if isinstance(loaded, ModuleType):
        return [value for value in vars(loaded).values() if _is_plugin(value) and value.__module__ == loaded.__name__]
    return [loaded] if _is_plugin(loaded) else []


def _loaded(source: Mapping[str, str]) -> object:
    if "file" not in source:
        module = importlib.import_module(source["module"])
        return getattr(module, source["attribute"]) if source["attribute"] else module
    path = Path(source["file"])
    code = path.read_bytes()
    if hashlib.sha256(code).hexdigest() != source["digest"]:
        raise FaultError("", "was changed while the relay runs: start the relay again")
    spec = importlib.util.spec_from_file_location(source["module"], path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[source["module"]] = module
    spec.loader.exec_module(module)
    return module


def _named(classes: Sequence[type[Plugin[Any]]], name: str) -> type[Plugin[Any]]:
    for each in classes:
        if getattr(each, "name", None) == name:
            return each
    raise FaultError("", f"no plugin of the name {name!r} stands at the top of its file")


def _is_plugin(value: object) -> TypeGuard[type[Plugin[Any]]]:
    return isinstance(value, type) and issubclass(value, Plugin) and value is not Plugin


def _built(plugin: type[Plugin[Any]], options: Mapping[str, Any]) -> Plugin[Any]:
    try:
        checked = plugin.options_type.model_validate(options)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise FaultError(".".join(map(str, first["loc"])), in_words(first, table="a table")) from None
    try:
        return plugin(checked)
    except Exception as error:
        raise FaultError("", f"{type(error).__name__} while it was built: {error}") from error


def _label(plugin: type[Plugin[Any]]) -> Frame:
    """What the class says of itself, as plain values; whether that can be used is for the relay to say."""
    said = {key: _plainly(getattr(plugin, key, None)) for key in LABEL}
    return {**said, "yields": inspect.isasyncgenfunction(plugin.check)}


def _described(plugin: type[Plugin[Any]]) -> Frame:
    text = inspect.getdoc(sys.modules[plugin.__module__]) or inspect.getdoc(plugin) or ""
    return {
        "label": _label(plugin),
        "description": text.split("\n", 1)[0][:LONGEST_WORD],
        "fields": list(plugin.options_type.model_fields)[:MOST_FIELDS],
        "schema": plugin.options_type.model_json_schema(),
    }


def _plainly(value: object) -> object:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plainly(each) for key, each in value.items()}
    if isinstance(value, list | tuple | AbstractSet):
        return [_plainly(each) for each in value]
    return f"<{type(value).__name__}>"
