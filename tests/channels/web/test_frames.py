"""Frames of RFC 6455: its cases as tables, and random bytes in random slices."""

import random
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.channels.web import frames
from relay.channels.web.frames import CLOSE, PING, PONG, TEXT, Event, Parser, ProtocolError

KEY = b"\x37\xfa\x21\x3d"


def masked(first: int, payload: bytes, key: bytes = KEY) -> bytes:
    """A client's frame, made independently of the codec's own arithmetic."""
    size = len(payload)
    if size < 126:
        length = bytes((0x80 | size,))
    elif size < 65_536:
        length = b"\xfe" + size.to_bytes(2)
    else:
        length = b"\xff" + size.to_bytes(8)
    return bytes((first,)) + length + key + bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))


def feed(*chunks: bytes, limit: int = frames.MESSAGE_LIMIT) -> tuple[list[Event], int | None]:
    """All events, and the close code if the bytes ended in an error."""
    parser = Parser(limit)
    events: list[Event] = []
    try:
        for chunk in chunks:
            events.extend(parser.feed(chunk))
    except ProtocolError as error:
        return events, error.code
    return events, None


def sliced(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param("818537fa213d7f9f4d5158", Event(TEXT, b"Hello"), id="masked text (5.7)"),
        pytest.param("018337fa213d7f9f4d808237fa213d5b95", Event(TEXT, b"Hello"), id="fragmented text (5.7)"),
        pytest.param("898537fa213d7f9f4d5158", Event(PING, b"Hello"), id="ping (5.7)"),
        pytest.param("8a8537fa213d7f9f4d5158", Event(PONG, b"Hello"), id="pong (5.7)"),
        pytest.param("818037fa213d", Event(TEXT, b""), id="empty text"),
        pytest.param("888037fa213d", Event(CLOSE, b""), id="close without a code"),
        pytest.param("8882000000 0003e8".replace(" ", ""), Event(CLOSE, b"\x03\xe8"), id="close 1000"),
    ],
)
def test_a_valid_frame_becomes_its_event(raw: str, expected: Event) -> None:
    data = bytes.fromhex(raw)

    events, error = feed(data)

    assert (events, error) == ([expected], None)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"\x81\x05Hello", 1002, id="not masked"),
        pytest.param(masked(0xC1, b"x"), 1002, id="first reserved bit"),
        pytest.param(masked(0xA1, b"x"), 1002, id="second reserved bit"),
        pytest.param(masked(0x91, b"x"), 1002, id="third reserved bit"),
        pytest.param(masked(0x83, b"x"), 1002, id="reserved data opcode"),
        pytest.param(masked(0x8B, b"x"), 1002, id="reserved control opcode"),
        pytest.param(masked(0x82, b"x"), 1003, id="binary"),
        pytest.param(masked(0x09, b"x"), 1002, id="ping in pieces"),
        pytest.param(masked(0x89, b"x" * 126), 1002, id="long ping"),
        pytest.param(masked(0x80, b"x"), 1002, id="continuation of nothing"),
        pytest.param(masked(0x01, b"x") + masked(0x81, b"y"), 1002, id="new text inside a text"),
        pytest.param(b"\x81\xfe\x00\x05" + bytes(4) + b"Hello", 1002, id="2 bytes of length for 5"),
        pytest.param(b"\x81\xff" + (126).to_bytes(8) + KEY + bytes(126), 1002, id="8 bytes of length for 126"),
        pytest.param(masked(0x81, b"\xff\xfe"), 1007, id="not UTF-8"),
        pytest.param(masked(0x81, b"\xed\xa0\x80"), 1007, id="lone surrogate"),
        pytest.param(masked(0x01, b"\xc3") + masked(0x80, b"("), 1007, id="not UTF-8 over two fragments"),
        pytest.param(masked(0x88, b"\x03"), 1002, id="half a close code"),
        pytest.param(masked(0x88, (1005).to_bytes(2)), 1002, id="close 1005"),
        pytest.param(masked(0x88, (1006).to_bytes(2)), 1002, id="close 1006"),
        pytest.param(masked(0x88, (999).to_bytes(2)), 1002, id="close 999"),
        pytest.param(masked(0x88, (2999).to_bytes(2)), 1002, id="close 2999"),
        pytest.param(masked(0x88, (5000).to_bytes(2)), 1002, id="close 5000"),
        pytest.param(masked(0x88, b"\x03\xe8\xff"), 1007, id="close reason not UTF-8"),
        pytest.param(b"\x81\xff" + (1 << 63).to_bytes(8) + KEY, 1009, id="length with the highest bit"),
        pytest.param(b"\x81\xff\x01\x00" + bytes(4) + bytes(256), 1009, id="8 bytes of length that fit as 2"),
        pytest.param(b"\x81\xff" + (65_537).to_bytes(8), 1009, id="a byte too long, before its payload came"),
        pytest.param(masked(0x01, b"x" * 65_000) + b"\x80\xfe\x04\x00", 1009, id="too long in two fragments"),
        pytest.param(masked(0x01, b"") + masked(0x00, b"") * 255, 1009, id="endless empty fragments"),
    ],
)
def test_an_invalid_frame_ends_with_its_close_code_in_one_chunk_or_bytewise(data: bytes, code: int) -> None:
    at_once = feed(data)
    bytewise = feed(*(data[i : i + 1] for i in range(len(data))))

    assert at_once == ([], code)
    assert bytewise == ([], code)
    assert frames.whole(data) is None


def test_events_before_the_fault_are_still_handed_over() -> None:
    data = masked(0x81, b"one") + masked(0x89, b"two") + b"\x81\x00"

    events, error = feed(data)

    assert events == [Event(TEXT, b"one"), Event(PING, b"two")]
    assert error == 1002


def test_a_ping_may_come_between_the_fragments_of_a_message() -> None:
    data = masked(0x01, b"Gr\xc3") + masked(0x89, b"?") + masked(0x80, b"\xbc\xc3\x9fe")

    events, error = feed(data)

    assert events == [Event(PING, b"?"), Event(TEXT, "Grüße".encode())]
    assert error is None


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536])
def test_a_message_of_every_form_of_length_arrives(size: int) -> None:
    payload = b"a" * size

    events, error = feed(masked(0x81, payload))

    assert (events, error) == ([Event(TEXT, payload)], None)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 255, 4_000, 65_535])
def test_a_chunk_that_is_one_text_frame_is_read_at_once(size: int) -> None:
    payload = ("ä" * size).encode()[:size] if size % 2 == 0 else b"a" * size

    assert payload == frames.whole(masked(0x81, payload))


def test_a_parser_is_idle_only_between_messages() -> None:
    parser = Parser()
    data = masked(0x01, b"a") + masked(0x80, b"b")

    idle = []
    for i in range(len(data)):
        list(parser.feed(data[i : i + 1]))
        idle.append(parser.is_idle)

    assert [False] * (len(data) - 1) + [True] == idle


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (frames.text(b"Hello"), "810548656c6c6f"),
        (frames.text(b"a" * 126)[:4], "817e007e"),
        (frames.text(b"a" * 65_536)[:10], "817f0000000000010000"),
        (frames.ping(b"Hello"), "890548656c6c6f"),
        (frames.pong(b"Hello"), "8a0548656c6c6f"),
        (frames.close(1000), "880203e8"),
        (frames.close(1005), "8800"),
        (frames.close(4403, "no"), "880411336e6f"),
    ],
)
def test_a_frame_of_the_server_has_the_bytes_of_the_rfc(made: bytes, expected: str) -> None:
    assert expected == made.hex()


def test_a_long_close_reason_is_cut_between_characters() -> None:
    frame = frames.close(1000, "ä" * 100)

    assert len(frame) == 2 + 2 + 122
    assert frame[4:].decode() == "ä" * 61


MESSAGES = st.lists(
    st.one_of(
        st.tuples(st.just(TEXT), st.text(max_size=300).map(str.encode)),
        st.tuples(st.sampled_from((PING, PONG)), st.binary(max_size=125)),
    ),
    max_size=8,
)
CUTS = st.lists(st.integers(0, 10_000), max_size=12)


@given(messages=MESSAGES, cuts=CUTS, key=st.binary(min_size=4, max_size=4), pieces=st.integers(1, 4))
def test_what_a_client_sends_arrives_however_it_is_sliced(
    messages: list[tuple[int, bytes]], cuts: list[int], key: bytes, pieces: int
) -> None:
    data = b"".join(_fragments(kind, payload, key, pieces) for kind, payload in messages)

    events, error = feed(*sliced(data, cuts))

    assert [Event(*message) for message in messages] == events
    assert error is None


@given(data=st.binary(max_size=400), cuts=CUTS)
def test_random_bytes_end_alike_however_they_are_sliced_and_never_crash(data: bytes, cuts: list[int]) -> None:
    assert feed(data) == feed(*sliced(data, cuts))


@given(data=st.binary(max_size=200), first=st.sampled_from((0x81, 0x01, 0x80, 0x89, 0x88, 0x82)), cuts=CUTS)
def test_random_payloads_in_true_frames_end_alike_too(data: bytes, first: int, cuts: list[int]) -> None:
    stream = masked(0x81, b"before") + masked(first, data) + masked(0x81, b"after")

    assert feed(stream) == feed(*sliced(stream, cuts))


@given(data=st.one_of(st.binary(max_size=300), st.binary(max_size=300).map(lambda payload: masked(0x81, payload))))
def test_the_short_way_and_the_parser_agree(data: bytes) -> None:
    short = frames.whole(data)

    if short is not None:
        assert ([Event(TEXT, short)], None) == feed(data)


@given(key=st.binary(min_size=4, max_size=4), data=st.binary(max_size=2_000))
def test_unmasking_is_the_bytewise_exclusive_or(key: bytes, data: bytes) -> None:
    expected = bytes(byte ^ key[i % 4] for i, byte in enumerate(data))

    assert expected == frames.unmask(key, data)


def test_random_and_damaged_frames_never_do_more_than_end_in_an_error(seed: int, size: Callable[[int, int], int]) -> None:
    chance = random.Random(seed)
    codes = set()

    for _ in range(size(5_000, 20_000_000)):
        data = bytearray(masked(chance.choice((0x81, 0x01, 0x80, 0x89, 0x88)), chance.randbytes(chance.randrange(140))))
        for _ in range(chance.randrange(4)):
            data[chance.randrange(min(len(data), 8))] = chance.randrange(256)
        codes.add(feed(bytes(data) * 2)[1])

    assert {None, 1002, 1003, 1007} <= codes <= {None, 1002, 1003, 1007, 1009}


def _fragments(kind: int, payload: bytes, key: bytes, pieces: int) -> bytes:
    if kind != TEXT or pieces == 1:
        return masked(0x80 | kind, payload, key)
    step = len(payload) // pieces + 1
    parts = [payload[i * step : (i + 1) * step] for i in range(pieces)]
    middle = b"".join(masked(0x00, part, key) for part in parts[1:-1])
    return masked(TEXT, parts[0], key) + middle + masked(0x80, parts[-1], key)
