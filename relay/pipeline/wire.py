"""What travels between the relay and a worker process: frames of JSON, each with its length before it, bounded both ways.

Only plain values travel (nothing is unpickled, ever): what a worker sends is a stranger's until it has been checked.
"""

import binascii
import json
import math
from collections.abc import Iterator, Mapping
from struct import Struct
from typing import Any, Final

import orjson

from relay.core.asking import LARGEST_BODY, AskingError, BadAnswer, Busy, Reply, Request, TooLate, Unreachable
from relay.core.moment import from_micros, micros
from relay.core.text import Tables, Text
from relay.core.verdict import Attachment, MemberFacts, Signal
from relay.plugin import Incoming, NotForPluginsError

LONGEST_FRAME: Final = (
    256 * 1024
)  # bytes: the longest text (10,000 characters, 12 bytes each when escaped) and what goes with it
DEEPEST = 8  # tuples within tuples: what is remembered is plain

MOST_HEADERS = 32  # of a question

Frame = dict[str, Any]
_TROUBLES: Final[Mapping[str, type[Exception]]] = {
    each.__name__: each for each in (Unreachable, TooLate, BadAnswer, Busy, NotForPluginsError)
}
_LENGTH: Final = Struct(">I")


class WireError(Exception):
    """What came is no frame of ours."""


def packed(frame: Mapping[str, Any]) -> bytes:
    """One frame. Raises WireError when it is too long, or holds what is no plain value."""
    try:
        body = orjson.dumps(frame)
    except TypeError:  # lone surrogates are text too, and more than orjson writes
        body = _escaped(frame)
    if len(body) > LONGEST_FRAME:
        raise WireError(f"{len(body)} bytes, at most {LONGEST_FRAME} travel at once")
    return _LENGTH.pack(len(body)) + body


def _escaped(frame: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(frame, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise WireError("holds what is no plain value") from error


class Frames:
    """Cuts a stream of bytes into frames; holds at most one unfinished one."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take what was read and give the frames that are whole. Raises WireError; then the stream cannot be used any more."""
        self._buffer += data
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            if length > LONGEST_FRAME:
                raise WireError("a frame that is too long")
            end = _LENGTH.size + length
            if len(self._buffer) < end:
                return
            body = bytes(self._buffer[_LENGTH.size : end])
            del self._buffer[:end]
            yield _unpacked(body)


def _unpacked(body: bytes) -> Frame:
    try:
        frame = orjson.loads(body)
    except orjson.JSONDecodeError:
        frame = _unescaped(body)
    if type(frame) is not dict:
        raise WireError("no table")
    return frame


def _unescaped(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise WireError("no JSON") from error


def incoming_frame(incoming: Incoming) -> Frame:
    """The message as it travels; its views are computed where it arrives."""
    member = incoming.member
    frame: Frame = {
        "text": incoming.text.raw,
        "member": [member.id, micros(member.joined_at), member.approved, member.trusted, member.known, member.headroom],
        "channel": incoming.channel,
        "at": micros(incoming.at),
    }
    if incoming.reply_to is not None:
        frame["reply_to"] = incoming.reply_to
    if incoming.attachments:
        frame["attachments"] = [[a.name, a.media_type, a.size, a.digest] for a in incoming.attachments]
    if incoming.language is not None:
        frame["language"] = incoming.language
    return frame


def incoming_of(frame: Frame, tables: Tables) -> Incoming:
    """The inverse of `incoming_frame`; for the worker, who trusts the relay."""
    member, joined_at, *facts = frame["member"]
    return Incoming(
        Text(frame["text"], tables),
        MemberFacts(member, from_micros(joined_at), *facts),
        frame["channel"],
        from_micros(frame["at"]),
        frame.get("reply_to"),
        tuple(Attachment(*each) for each in frame.get("attachments", ())),
        frame.get("language"),
    )


def signal_row(signal: Signal) -> list[object]:
    return [signal.name, signal.factor, signal.reason, signal.start, signal.end, signal.hard]


def signal_of(row: object) -> object:
    """A Signal of whatever the fields hold, or the row itself: who takes it checks it, field by field."""
    return Signal(*row) if type(row) is list and len(row) == len(Signal.__slots__) else row


def request_frame(request: Request) -> Frame:
    """A question to a service, as a worker sends it."""
    body = binascii.b2a_base64(request.body, newline=False).decode()
    return {"url": request.url, "body": body, "headers": dict(request.headers), "seconds": request.seconds}


def request_of(frame: Frame) -> Request:
    """The inverse, of a stranger's frame. Raises WireError."""
    url, headers, seconds = frame.get("url"), frame.get("headers"), frame.get("seconds")
    if type(url) is not str or type(headers) is not dict or type(seconds) is not float:
        raise WireError("a question of the wrong form")
    if len(headers) > MOST_HEADERS or not all(type(value) is str for value in headers.values()):
        raise WireError("a question with too many headers, or with one that is no text")
    return Request(url, _bytes_of(frame.get("body")), headers, seconds)


def reply_frame(reply: Reply) -> Frame:
    body = binascii.b2a_base64(reply.body, newline=False).decode()
    return {"status": reply.status, "headers": dict(reply.headers), "body": body}


def failed_frame(error: AskingError | NotForPluginsError) -> Frame:
    return {"error": [type(error).__name__, str(error)]}


def reply_of(frame: Frame) -> Reply:
    """For the worker, who trusts the relay. Raises what the question ran into."""
    if "error" in frame:
        kind, said = frame["error"]
        raise _TROUBLES.get(kind, AskingError)(said)
    return Reply(frame["status"], _bytes_of(frame["body"]), frame["headers"])


def _bytes_of(text: object) -> bytes:
    try:
        body = binascii.a2b_base64(text, strict_mode=True) if type(text) is str else None
    except ValueError:
        body = None
    if body is None or len(body) > LARGEST_BODY:
        raise WireError(f"a body that is no base64 of at most {LARGEST_BODY} bytes")
    return body


def plain(value: object, depth: int = 0) -> object:
    """A value to remember as it travels: tuples are marked, so that they come back as tuples. Raises WireError."""
    if _is_scalar(value):
        return value
    if type(value) in {tuple, list} and depth < DEEPEST:
        inner = [plain(each, depth + 1) for each in value]  # type: ignore[attr-defined]  # it is one of the two
        return {"t": inner} if type(value) is tuple else inner
    raise WireError(f"this {type(value).__name__} cannot be remembered: keep numbers, strings, and tuples or lists of them")


def remembered(value: object, depth: int = 0) -> object:
    """The inverse of `plain`. Raises WireError for anything that `plain` does not make."""
    if _is_scalar(value):
        return value
    if depth < DEEPEST and type(value) is list:
        return [remembered(each, depth + 1) for each in value]
    if depth < DEEPEST and type(value) is dict and list(value) == ["t"] and type(value["t"]) is list:
        return tuple(remembered(each, depth + 1) for each in value["t"])
    raise WireError("no value that could be remembered")


def _is_scalar(value: object) -> bool:
    """What JSON keeps as it is: no number beyond 64 bits, no NaN."""
    if type(value) is int:
        return -(2**63) <= value < 2**63
    return value is None or type(value) in {bool, str} or (type(value) is float and math.isfinite(value))
