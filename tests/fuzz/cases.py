"""Own cases for RFC 6455: bytes that a member may send behind their hello, and what they must lead to."""

import itertools
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from tests.fuzz.wire import KEY, frame, head, text

GOES_ON: Final[frozenset[int | None]] = frozenset({None})
ACK = b'{"type":"ack","seq":0}'
WIDE = "Grüße 🙂".encode()
SAY = b'{"type":"send","client_id":"%b","text":"%b"}'


@dataclass(frozen=True, slots=True)
class Case:
    """`plain` is what aiohttp's own reader may do where it differs from ours."""

    data: bytes
    fates: frozenset[int | None] = GOES_ON
    plain: frozenset[int | None] = field(default=frozenset())


def fails(data: bytes, *codes: int, plain: tuple[int | None, ...] = ()) -> Case:
    return Case(data, frozenset(codes or (1002,)), frozenset(plain))


def pieces(payload: bytes, *cuts: int, first: int = 0x01) -> bytes:
    """A message in fragments."""
    edges = (0, *cuts, len(payload))
    parts = [payload[start:end] for start, end in itertools.pairwise(edges)]
    middle = b"".join(frame(0x00, part) for part in parts[1:-1])
    return frame(first, parts[0]) + middle + frame(0x80, parts[-1])


def _lengths() -> dict[str, Case]:
    long = b"x" * 65_536
    return {
        "2 bytes of length for 5": fails(head(0x81, b"\x7e\x00\x05") + bytes(5), plain=(None, 1007)),
        "8 bytes of length for 5": fails(head(0x81, b"\x7f" + (5).to_bytes(8)) + bytes(5), plain=(None, 1007)),
        "8 bytes of length for 126": fails(head(0x81, b"\x7f" + (126).to_bytes(8)) + bytes(126), plain=(None, 1007)),
        "2^63 bytes": fails(head(0x81, b"\x7f" + (1 << 63).to_bytes(8)), 1009, 1002),
        "2^64-1 bytes": fails(head(0x81, b"\x7f" + b"\xff" * 8), 1009, 1002),
        "2^62 bytes": fails(head(0x81, b"\x7f" + (1 << 62).to_bytes(8)), 1009),
        "a byte too long": fails(frame(0x81, long + b"x"), 1009),
        "as long as may be": Case(frame(0x81, long)),
        "too long in two fragments": fails(frame(0x01, long[:40_000]) + frame(0x80, long[:40_000]), 1009),
        "a thousand empty fragments": fails(frame(0x01) + frame(0x00) * 1000 + frame(0x80, ACK), 1009, plain=(None,)),
        "an empty text": Case(frame(0x81)),
        "an empty fragmented text": Case(frame(0x01) + frame(0x80)),
    }


def _heads() -> dict[str, Case]:
    made = {f"opcode {opcode:#x}": fails(frame(0x80 | opcode, b"x")) for opcode in (*range(3, 8), *range(0xB, 0x10))}
    made |= {f"reserved bit {bit:#x}": fails(frame(0x81 | bit, ACK)) for bit in (0x40, 0x20, 0x10)}
    made |= {f"reserved bit {bit:#x} on a ping": fails(frame(0x89 | bit, b"x")) for bit in (0x40, 0x20, 0x10)}
    return made | {
        "binary": fails(frame(0x82, ACK), 1003),
        "binary in fragments": fails(pieces(ACK, 3, first=0x02), 1003),
        "not masked": fails(frame(0x81, ACK, None), plain=(None,)),
        "a ping that is not masked": fails(frame(0x89, b"x", None), plain=(None,)),
        "a mask of zeros": Case(frame(0x81, ACK, bytes(4))),
        "a mask of ones": Case(frame(0x81, ACK, b"\xff" * 4)),
    }


def _fragments() -> dict[str, Case]:
    return {
        "text in two": Case(pieces(ACK, 5)),
        "text in single bytes": Case(pieces(ACK, *range(1, len(ACK)))),
        "a ping between fragments": Case(frame(0x01, ACK[:5]) + frame(0x89, b"?") + frame(0x80, ACK[5:])),
        "a pong between fragments": Case(frame(0x01, ACK[:5]) + frame(0x8A) + frame(0x80, ACK[5:])),
        "a close between fragments": fails(frame(0x01, ACK[:5]) + frame(0x88, b"\x03\xe8") + frame(0x80, ACK[5:]), 1000),
        "a text between fragments": fails(frame(0x01, ACK[:5]) + frame(0x81, ACK)),
        "a binary between fragments": fails(frame(0x01, ACK[:5]) + frame(0x82, ACK), 1002, 1003),
        "a second beginning": fails(frame(0x01, ACK[:5]) + frame(0x01, ACK)),
        "a continuation of nothing": fails(frame(0x80, ACK)),
        "a piece of a continuation of nothing": fails(frame(0x00, ACK)),
        "a continuation behind the end": fails(pieces(ACK, 5) + frame(0x80, ACK)),
    }


def _controls() -> dict[str, Case]:
    codes = {code: (1000, 1001, 1002, 1003, *range(1007, 1012), 3000, 3999, 4000, 4999).count(code) for code in (
        0, 1, 999, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1015, 1016, 1100, 2000, 2999, 3000,
        3999, 4000, 4999, 5000, 65_535,
    )}  # fmt: skip
    made = {f"close {code}": fails(frame(0x88, code.to_bytes(2)), code if may else 1002) for code, may in codes.items()}
    return made | {
        "a close without a code": fails(frame(0x88), 1005, 1000),
        "a close of one byte": fails(frame(0x88, b"\x03")),
        "a close with a reason": fails(frame(0x88, b"\x03\xe8" + WIDE), 1000),
        "a close whose reason is no UTF-8": fails(frame(0x88, b"\x03\xe8\xff\xfe"), 1007, 1002),
        "a close of 125 bytes": fails(frame(0x88, b"\x03\xe8" + b"x" * 123), 1000),
        "a close of 126 bytes": fails(frame(0x88, b"\x03\xe8" + b"x" * 124)),
        "a close in pieces": fails(frame(0x08, b"\x03\xe8")),
        "a text behind a close": fails(frame(0x88, b"\x03\xe8") + frame(0x81, SAY % (b"late", b"late")), 1000),
        "a second close": fails(frame(0x88, b"\x03\xe8") + frame(0x88, b"\x03\xe9"), 1000),
        "a ping of 125 bytes": Case(frame(0x89, b"x" * 125)),
        "a ping of 126 bytes": fails(frame(0x89, b"x" * 126)),
        "a ping of 2^63 bytes": fails(head(0x89, b"\x7f" + (1 << 63).to_bytes(8))),
        "a ping in pieces": fails(frame(0x09, b"x")),
        "a pong in pieces": fails(frame(0x0A, b"x")),
        "a pong that nobody asked for": Case(frame(0x8A, b"x")),
        "a thousand pings": Case(frame(0x89, b"x" * 125) * 1000),
        "ten thousand pongs": Case(frame(0x8A) * 10_000),
    }


def _texts() -> dict[str, Case]:
    wrong = {
        "a lone byte": b"\xff", "a lone continuation": b"\x80", "too short": b"\xc3(", "overlong": b"\xc0\xaf",
        "a surrogate": b"\xed\xa0\x80", "beyond the last": b"\xf4\x90\x80\x80", "cut off": b"a\xf0\x9f\x99",
    }  # fmt: skip
    made = {f"no UTF-8: {name}": fails(frame(0x81, data), 1007) for name, data in wrong.items()}
    made |= {f"no UTF-8 in two: {name}": fails(pieces(b"xx" + data, 2), 1007) for name, data in wrong.items()}
    made |= {f"a letter cut at {at}": Case(pieces(b'"' + WIDE + b'"', at)) for at in range(1, len(WIDE) + 2)}
    return made | {
        "no JSON": Case(frame(0x81, b"{")),
        "a deep list": Case(frame(0x81, b"[" * 60_000)),
        "a deep object": Case(frame(0x81, b'{"a":' * 10_000)),
        "a large number": Case(frame(0x81, b'{"type":"ack","seq":' + b"9" * 60_000 + b"}")),
        "a negative number": Case(frame(0x81, b'{"type":"ack","seq":-1}')),
        "an acknowledgement of what never came": Case(text({"type": "ack", "seq": 10**9})),
        "a second hello": Case(text({"type": "hello", "token": "x"})),
        "NUL": Case(frame(0x81, b"\x00")),
        "half a surrogate pair": Case(frame(0x81, SAY % (b"a", b"\\ud800"))),
        "twenty bad frames": Case(frame(0x81, b"{") * 20),
        "twenty-one bad frames": fails(frame(0x81, b"{") * 21, 1008),
        "nothing but a key": Case(KEY[:0]),
    }


CASES: Final = MappingProxyType({**_heads(), **_lengths(), **_fragments(), **_controls(), **_texts()})
