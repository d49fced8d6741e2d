"""The erasure list as a file: on the disk before anybody is answered, repaired where it is torn, refused where it is wrong."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from relay.core.erasure import Erasure, to_line
from relay.core.errors import Unavailable
from relay.stores.erasure_list import NAME, ErasureList
from relay.testing.clock import Drawn

AT = datetime(2026, 5, 1, 10, 15, tzinfo=UTC)
ids = Drawn("list")
ADA, BOB, EVE = (Erasure(ids(), AT) for _ in range(3))


def lines(*erasures: Erasure) -> bytes:
    return b"".join(map(to_line, erasures))


async def test_what_is_entered_is_in_the_file_and_in_the_next_reading(tmp_path: Path) -> None:
    listing = ErasureList(tmp_path / NAME)
    await listing.enter([ADA])
    await listing.enter([ADA, BOB])

    again = ErasureList(tmp_path / NAME)

    assert (tmp_path / NAME).read_bytes() == lines(ADA, BOB)
    assert tuple(again) == (ADA, BOB)
    assert listing.is_new
    assert not again.is_new


async def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    await ErasureList(tmp_path / NAME).enter([ADA])

    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600


async def test_many_at_once_each_stand_in_a_line_of_their_own(tmp_path: Path) -> None:
    listing, many = ErasureList(tmp_path / NAME), [Erasure(ids(), AT) for _ in range(50)]

    await asyncio.gather(*(listing.enter([each]) for each in many))

    assert set(ErasureList(tmp_path / NAME)) == set(many)


async def test_nothing_is_written_for_what_is_there(tmp_path: Path) -> None:
    listing = ErasureList(tmp_path / NAME)
    await listing.enter([ADA])
    before = (tmp_path / NAME).stat().st_mtime_ns

    await listing.enter([ADA])

    assert (tmp_path / NAME).stat().st_mtime_ns == before


async def test_half_a_line_goes_with_the_next_entry_and_takes_nothing_along(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(lines(ADA) + b'{"member": "a')
    listing = ErasureList(tmp_path / NAME)

    await listing.enter([BOB])

    assert (tmp_path / NAME).read_bytes() == lines(ADA, BOB)


async def test_half_a_line_is_mended_even_when_nothing_is_new(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(lines(ADA) + b"\0\0")
    listing = ErasureList(tmp_path / NAME)

    await listing.enter([])

    assert (tmp_path / NAME).read_bytes() == lines(ADA)


def test_a_line_that_is_no_erasure_is_refused_with_its_place(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(lines(ADA) + b"who knows\n")

    with pytest.raises(Unavailable, match=r"erasures\.jsonl:2 is no erasure"):
        ErasureList(tmp_path / NAME)


async def test_what_cannot_be_written_is_told_and_written_with_the_next(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    listing = ErasureList(folder / NAME)
    await listing.enter([ADA])
    folder.rename(tmp_path / "away")

    with pytest.raises(Unavailable, match="No such file or directory"):
        await listing.enter([BOB])
    (tmp_path / "away").rename(folder)
    await listing.enter([EVE])
    await listing.enter([BOB])

    assert (folder / NAME).read_bytes() == lines(ADA, EVE, BOB)


async def test_a_file_that_somebody_took_away_is_made_anew_and_whole(tmp_path: Path) -> None:
    listing = ErasureList(tmp_path / NAME)
    await listing.enter([ADA])
    (tmp_path / NAME).unlink()

    await listing.enter([BOB])

    assert (tmp_path / NAME).read_bytes() == lines(ADA, BOB)


def test_a_folder_in_its_place_is_named(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()

    with pytest.raises(Unavailable, match="cannot be read: Is a directory"):
        ErasureList(tmp_path / NAME)
