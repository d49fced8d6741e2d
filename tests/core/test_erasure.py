"""The list of erasures as lines: what is written is read, half a line never counted, and nonsense is refused by its place."""

from datetime import UTC, datetime

import pytest

from relay.core.erasure import Erasure, UnreadableList, from_lines, missing, to_line
from relay.testing.clock import Drawn

AT = datetime(2026, 5, 1, 10, 15, tzinfo=UTC)
LATER = datetime(2026, 5, 2, 10, 15, tzinfo=UTC)
ids = Drawn("erasure")
ADA, BOB, EVE = ids(), ids(), ids()


def test_what_is_written_is_read() -> None:
    raw = to_line(Erasure(ADA, AT)) + to_line(Erasure(BOB, LATER))

    found = from_lines(raw)

    assert found.erasures == (Erasure(ADA, AT), Erasure(BOB, LATER))
    assert not found.is_torn


def test_a_line_holds_the_id_and_the_time_and_nothing_else() -> None:
    assert to_line(Erasure(ADA, AT, LATER)) == f'{{"member": "{ADA}", "at": "2026-05-01T10:15:00.000Z"}}\n'.encode()


@pytest.mark.parametrize("rest", [b'{"member": "', b"\0\0\0\0", to_line(Erasure(EVE, AT)).rstrip(b"\n")])
def test_half_a_line_at_the_end_does_not_count(rest: bytes) -> None:
    found = from_lines(to_line(Erasure(ADA, AT)) + rest)

    assert found.erasures == (Erasure(ADA, AT),)
    assert found.is_torn


def test_whoever_stands_there_twice_counts_once_with_the_first_time() -> None:
    found = from_lines(to_line(Erasure(ADA, AT)) + b"\n" + to_line(Erasure(ADA, LATER)))

    assert found.erasures == (Erasure(ADA, AT),)


@pytest.mark.parametrize(
    "line",
    [
        b"\0\0\0\0",
        b"hello",
        b"[]",
        b"{}",
        b'{"member": "ada", "at": "2026-05-01T10:15:00Z"}',
        f'{{"member": "{ADA}"}}'.encode(),
        f'{{"member": "{ADA}", "at": "yesterday"}}'.encode(),
        f'{{"member": "{ADA}", "at": "2026-05-01T10:15:00"}}'.encode(),
        f'{{"member": "{ADA}", "at": 5}}'.encode(),
        b'{"member": "\xff", "at": "2026-05-01T10:15:00Z"}',
    ],
)
def test_a_whole_line_that_is_no_erasure_is_named(line: bytes) -> None:
    with pytest.raises(UnreadableList) as refused:
        from_lines(to_line(Erasure(ADA, AT)) + line + b"\n" + to_line(Erasure(BOB, AT)))

    assert refused.value.line == 2


def test_a_name_that_a_later_relay_adds_is_passed_over() -> None:
    found = from_lines(f'{{"member": "{ADA}", "at": "2026-05-01T10:15:00Z", "by": "x"}}\n'.encode())

    assert found.erasures == (Erasure(ADA, AT),)


def test_what_is_missing_is_found_by_the_member_alone() -> None:
    assert missing([Erasure(ADA, AT), Erasure(BOB, AT)], [Erasure(ADA, LATER, LATER)]) == (Erasure(BOB, AT),)
