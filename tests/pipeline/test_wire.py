"""The wire to a worker: what goes in comes out, and whatever else comes is refused."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.text import Tables, Text
from relay.core.verdict import Attachment, MemberFacts, Signal
from relay.pipeline.wire import (
    LONGEST_FRAME,
    Frames,
    WireError,
    incoming_frame,
    incoming_of,
    packed,
    plain,
    remembered,
    signal_of,
    signal_row,
)
from relay.plugin import Incoming

ANY_TEXT = st.text(st.characters(exclude_categories=())).filter(lambda text: len(text) < 1000)
WHOLE = st.integers(-(2**63), 2**63 - 1)
SCALARS = st.none() | st.booleans() | WHOLE | st.floats(allow_nan=False, allow_infinity=False) | ANY_TEXT
KEPT = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.lists(inner, max_size=4).map(tuple), max_leaves=8)


def sent(frame: dict[str, Any], pieces: int = 1) -> list[dict[str, Any]]:
    """What arrives of it when it is cut into pieces."""
    data, frames = packed(frame), Frames()
    step = max(1, len(data) // pieces)
    return [each for start in range(0, len(data), step) for each in frames.feed(data[start : start + step])]


@given(ANY_TEXT, st.integers(1, 10))
def test_any_text_arrives_whole_however_it_is_cut(text: str, pieces: int) -> None:
    assert sent({"text": text}, pieces) == [{"text": text}]


@given(KEPT)
def test_what_is_remembered_comes_back_as_it_was(value: object) -> None:
    (arrived,) = sent({"value": plain(value)})

    back = remembered(arrived["value"])

    assert back == value
    assert repr(back) == repr(value)


def test_a_message_arrives_as_it_was() -> None:
    now = datetime(2030, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)
    member = MemberFacts("ada", now, approved=3, trusted=True, known=True, headroom=1.5)
    files = (Attachment("x.png", "image/png", 12, "ab"),)
    incoming = Incoming(Text("Grüße 😀 \ud800", Tables()), member, "web", now, "post", files, "de")

    (arrived,) = sent(incoming_frame(incoming))
    back = incoming_of(arrived, Tables())

    assert back.text.raw == incoming.text.raw
    assert (back.member, back.channel, back.at, back.reply_to, back.attachments, back.language) == (
        member, "web", now, "post", files, "de",
    )  # fmt: skip


def test_a_signal_arrives_as_it_was() -> None:
    signal = Signal("x.y", 0.5, "why", 1, 2, hard=True)

    (arrived,) = sent({"row": signal_row(signal)})

    assert signal_of(arrived["row"]) == signal


@pytest.mark.parametrize(
    "value", [b"x", {1}, {"a": 1}, object(), float("nan"), float("inf"), 2**63, (((((((((1,),),),),),),),),)]
)
def test_what_is_not_plain_is_not_remembered(value: object) -> None:
    with pytest.raises(WireError):
        plain(value)


@pytest.mark.parametrize("value", [{"a": 1}, {"t": 1}, {"t": [], "u": 1}, [{"t": [{}]}], 2**70])
def test_what_plain_does_not_make_is_refused(value: object) -> None:
    with pytest.raises(WireError):
        remembered(value)


@pytest.mark.parametrize(
    "body", [b"", b"x", b"[]", b"1", b"null", b'{"a": ' + b"[" * 100_000, b"\xff\xfe", b'{"a": 1' + b"0" * 5000 + b"}"]
)
def test_what_is_no_table_is_refused(body: bytes) -> None:
    with pytest.raises(WireError):
        list(Frames().feed(len(body).to_bytes(4, "big") + body))


def test_a_frame_that_is_too_long_is_refused_by_its_length_alone() -> None:
    with pytest.raises(WireError):
        list(Frames().feed((LONGEST_FRAME + 1).to_bytes(4, "big")))


def test_what_is_too_long_is_not_sent() -> None:
    with pytest.raises(WireError):
        packed({"text": "x" * LONGEST_FRAME})


@given(st.binary(max_size=200))
def test_any_bytes_are_frames_or_an_error(data: bytes) -> None:
    try:
        found = list(Frames().feed(data))
    except WireError:
        return
    assert all(type(each) is dict for each in found)
