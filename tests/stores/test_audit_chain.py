"""The audit log is a chain: whatever is changed, taken out, put in or cut off behind the relay's back is found."""

import asyncio
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from relay.core.chain import BEGINNING, AuditRow, Walked, digest_of, followed
from relay.core.change import AddCommunity, Change, Record, SetFact
from relay.core.community import Community
from relay.core.errors import Taken, Unavailable
from relay.stores import sqlite_file
from relay.stores.schema import MIGRATIONS
from relay.stores.sql.record import OwnRecord
from relay.stores.sqlite import SqliteStore
from relay.stores.sqlite_file import lite
from relay.stores.sqlite_look import SqliteLook
from relay.testing.clock import ManualClock
from tests.stores.conftest import World

EXAMPLES = int(os.environ.get("RELAY_EXAMPLES", "200"))
ROWS = 12
COLUMNS = ("n", "at", "actor", "action", "subject", "detail", "digest")
Cells = list[tuple[Any, ...]]
Tamper = Callable[[Cells], Cells]


# ------------------------------------------------------------------------------------------------------------- as written


async def test_every_row_is_chained_to_the_one_before(world: World) -> None:
    for count in range(5):
        await world.store.commit(record(world.clock, count), SetFact(str(count), "x"), record(world.clock, -count))

    rows = await chain(world)

    assert [row.n for row in rows] == list(range(1, 11))
    assert [row.digest for row in rows] == [digest_of(before, row) for before, row in pairs(rows)]
    assert followed(Walked(), rows) == Walked(rows=10, last=rows[-1])


async def test_commits_at_the_same_time_make_one_chain(world: World) -> None:
    await asyncio.gather(*(world.store.commit(record(world.clock, count)) for count in range(50)))

    walked = followed(Walked(), await chain(world))

    assert (walked.rows, walked.broken) == (50, None)


async def test_a_commit_that_fails_leaves_no_gap(world: World) -> None:
    await world.community("bad")
    again = AddCommunity(Community(world.ids(), "bad", "Bad", world.clock.now()))

    with pytest.raises(Taken):
        await world.store.commit(record(world.clock, 1), again)
    await world.store.commit(record(world.clock, 2))

    (row,) = await chain(world)
    assert (row.n, row.detail) == (1, '{"count":2,"nobody":null}')


async def test_the_digest_is_what_the_page_says_it_is(world: World) -> None:
    await world.store.commit(record(world.clock, 1))
    await world.store.commit(Record(world.clock.now(), "Käthe", "act", "ü", {"b": True, "a": "é"}))

    first, second = await chain(world)

    text = f'["{first.digest}",2,{second.at},"K\\u00e4the","act","\\u00fc","{{\\"a\\":\\"\\u00e9\\",\\"b\\":true}}"]'
    assert second.digest == sha256(text.encode()).hexdigest()
    assert json.loads(text)[0] == first.digest


async def test_the_chain_is_read_in_pages(world: World) -> None:
    for count in range(5):
        await world.store.commit(record(world.clock, count))
    store = cast("OwnRecord", world.store)

    first = await store.audit_chain(0, 2)
    second = await store.audit_chain(first[-1].n, 2)
    third = await store.audit_chain(second[-1].n, 2)

    assert [row.n for row in (*first, *second, *third)] == [1, 2, 3, 4, 5]
    assert followed(followed(followed(Walked(), first), second), third).rows == 5


# ------------------------------------------------------------------------------------------------------- behind its back


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed database whose log has a dozen rows, and lets itself be changed."""
    path = tmp_path_factory.mktemp("chain") / "relay.db"
    commit(path, *(record(ManualClock(), count) for count in range(ROWS)))
    with closing(lite.connect(path, isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER audit_unchanged")
        connection.execute("DROP TRIGGER audit_undeleted")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return path


@pytest.fixture(scope="module")
def head(written: Path) -> str:
    """As somebody noted it elsewhere."""
    return str(cells(written)[-1][6])


rows_of_it = st.integers(0, ROWS - 1)
values = st.one_of(st.text(max_size=4), st.binary(max_size=4), st.integers(-3, 2**40), st.floats(allow_nan=False))


@st.composite
def other_cells(draw: st.DrawFn) -> Tamper:
    row, column, value = draw(rows_of_it), draw(st.integers(1, 6)), draw(values)
    return lambda found: [*found[:row], put(found[row], column, value), *found[row + 1 :]]


@st.composite
def flipped_bytes(draw: st.DrawFn) -> Tamper:
    row, column, place, bit = draw(rows_of_it), draw(st.integers(1, 6)), draw(st.integers(0, 200)), draw(st.integers(0, 7))

    def flip(found: Cells) -> Cells:
        cell = found[row][column]
        if isinstance(cell, int):
            return [*found[:row], put(found[row], column, cell ^ 1 << bit), *found[row + 1 :]]
        raw = bytearray(str(cell).encode())
        raw[place % len(raw)] ^= 1 << bit
        return [*found[:row], put(found[row], column, bytes(raw).decode("utf-8", "surrogateescape")), *found[row + 1 :]]

    return flip


@st.composite
def taken_out(draw: st.DrawFn) -> Tamper:
    gone = draw(st.sets(rows_of_it, min_size=1))
    return lambda found: [row for place, row in enumerate(found) if place not in gone]


@st.composite
def another_order(draw: st.DrawFn) -> Tamper:
    """The same rows under each other's n."""
    order = draw(st.permutations(range(ROWS)))
    return lambda found: [(place + 1, *found[old][1:]) for place, old in enumerate(order)]


@st.composite
def other_numbers(draw: st.DrawFn) -> Tamper:
    row, n = draw(rows_of_it), draw(st.integers(-(2**63) + 1, 2**63 - 1) | st.integers(-5, 40))
    return lambda found: [*found[:row], (n, *found[row][1:]), *found[row + 1 :]]


@st.composite
def blanked(draw: st.DrawFn) -> Tamper:
    """Some pretend to be older than the chain."""
    blank = draw(st.sets(rows_of_it, min_size=1))
    return lambda found: [put(row, 6, "") if place in blank else row for place, row in enumerate(found)]


@st.composite
def written_anew(draw: st.DrawFn) -> Tamper:
    """Whoever knows how the digest is made changes a row and chains all that follow again."""
    row, actor = draw(rows_of_it), draw(st.text(st.characters(exclude_categories=["C"]), max_size=4))

    def change(found: Cells) -> Cells:
        changed = [put(cells, 2, actor) if place == row else cells for place, cells in enumerate(found)]
        before, chained = "", []
        for cells_ in changed:
            before = digest_of(before, AuditRow(*cells_[:6]))
            chained.append((*cells_[:6], before))
        return chained

    return change


tampering = st.one_of(other_cells(), flipped_bytes(), taken_out(), another_order(), other_numbers(), blanked(), written_anew())


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tamper=tampering)
def test_whatever_is_changed_is_found(tamper: Tamper, written: Path, head: str, tmp_path: Path) -> None:
    before = cells(written)

    after, walked = tampered(written, tmp_path, tamper, noted=head)

    assume(after != before)
    assert walked.broken is not None or walked.is_noted_missing


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tamper=st.one_of(other_cells(), flipped_bytes(), another_order()))
def test_a_changed_row_needs_no_noted_digest_to_be_found(tamper: Tamper, written: Path, tmp_path: Path) -> None:
    before = cells(written)

    after, walked = tampered(written, tmp_path, tamper)

    assume(after != before)
    assume(any(row[6] for row in after))
    assert walked.broken is not None


@pytest.mark.parametrize("kept", range(ROWS))
def test_a_tail_that_was_cut_off_is_found_by_a_digest_noted_earlier(
    kept: int, written: Path, head: str, tmp_path: Path
) -> None:
    _, unnoted = tampered(written, tmp_path, lambda found: found[:kept])
    _, walked = tampered(written, tmp_path, lambda found: found[:kept], noted=head)

    assert (unnoted.rows, unnoted.broken) == (kept, None)
    assert walked.is_noted_missing


def test_a_digest_noted_earlier_is_found_wherever_it_stands(written: Path, tmp_path: Path) -> None:
    for n, *_, digest in cells(written):
        _, walked = tampered(written, tmp_path, lambda found: found, noted=digest)

        assert (walked.noted_at, walked.broken, walked.rows) == (n, None, ROWS)


def test_the_first_row_that_does_not_hold_is_named(written: Path, tmp_path: Path) -> None:
    changed = tampered(written, tmp_path, lambda found: [*found[:4], put(found[4], 2, "jan"), *found[5:]])[1]
    removed = tampered(written, tmp_path, lambda found: [*found[:4], *found[5:]])[1]

    assert changed.broken is not None
    assert (changed.rows, changed.broken.n, changed.broken.actor) == (4, 5, "jan")
    assert removed.broken is not None
    assert (removed.rows, removed.broken.n) == (4, 6)


def test_rows_from_before_the_chain_are_counted_and_it_goes_on_behind_them(tmp_path: Path) -> None:
    path = tmp_path / "relay.db"
    with closing(lite.connect(path, isolation_level=None)) as connection:
        sqlite_file.migrate(connection, path, sqlite_file.migrations(MIGRATIONS[:1]))
        for n in range(3):
            old = "INSERT INTO audit (at, actor, action, subject, detail) VALUES (?, 'eva', 'act', 'x', '{}')"
            connection.execute(old, (n,))

    commit(path, record(ManualClock(), 1), record(ManualClock(), 2))

    walked = walk(path)
    assert (walked.older, walked.rows, walked.broken) == (3, 2, None)
    assert walked.last is not None
    assert walked.last.n == 5


@pytest.mark.parametrize("sql", ["UPDATE audit SET actor = 'jan' WHERE n = 1", "DELETE FROM audit", "UPDATE audit SET n = 9"])
def test_the_database_itself_refuses_to_change_a_row(sql: str, tmp_path: Path) -> None:
    path = tmp_path / "relay.db"
    commit(path, record(ManualClock(), 1))

    with closing(lite.connect(path)) as connection, pytest.raises(lite.IntegrityError, match="only added to"):
        connection.execute(sql)

    assert walk(path).rows == 1


# ----------------------------------------------------------------------------------------------------------- the look


def test_a_look_reads_beside_a_relay_and_changes_nothing(tmp_path: Path) -> None:
    async def look() -> tuple[Walked, str]:
        store = await SqliteStore.open(tmp_path / "relay.db", lambda _changes, _outcomes: None)
        await store.commit(record(ManualClock(), 1))
        walked = await asyncio.to_thread(walk, tmp_path / "relay.db")
        looking = SqliteLook(tmp_path / "relay.db")
        with pytest.raises(Unavailable) as refused:
            await looking._rows("DELETE FROM facts")  # noqa: SLF001  there is no public way to write
        await looking.close()
        await store.close()
        return walked, str(refused.value)

    walked, refusal = asyncio.run(look())

    assert walked.rows == 1
    assert "readonly" in refusal


def test_a_look_at_what_is_no_database_says_so(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database " * 100, "utf-8")

    for name, why in (("nowhere", "unable to open"), ("text", "not a database")):
        with pytest.raises(Unavailable, match=why):
            SqliteLook(tmp_path / name)


# -------------------------------------------------------------------------------------------------------------- means


def record(clock: ManualClock, count: int) -> Record:
    clock.pass_(1.000001)
    return Record(clock.now(), "eva", f"act.{count % 3}", f"subject-{count}", {"nobody": None, "count": count})


async def chain(world: World) -> list[AuditRow]:
    return list(await cast("OwnRecord", world.store).audit_chain(0, 1000))


def pairs(rows: list[AuditRow]) -> Iterator[tuple[str, AuditRow]]:
    yield from zip(["", *(row.digest for row in rows)], [replace(row, digest="") for row in rows], strict=False)


def commit(path: Path, *changes: Change) -> None:
    async def run() -> None:
        store = await SqliteStore.open(path, lambda _changes, _outcomes: None)
        for change in changes:
            await store.commit(change)
        await store.close()

    asyncio.run(run())


def put(row: tuple[Any, ...], column: int, value: object) -> tuple[Any, ...]:
    return (*row[:column], value, *row[column + 1 :])


def cells(path: Path) -> Cells:
    with closing(lite.connect(path)) as connection:
        connection.text_factory = bytes
        found = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM audit ORDER BY n").fetchall()  # noqa: S608  no input
        connection.text_factory = str
        kinds = connection.execute(f"SELECT {', '.join(f'typeof({name})' for name in COLUMNS)} FROM audit ORDER BY n")  # noqa: S608
        return [tuple(map(shown, row, kind)) for row, kind in zip(found, kinds.fetchall(), strict=True)]


def shown(cell: Any, kind: str) -> Any:  # noqa: ANN401  whatever stands there
    return cell.decode("utf-8", "surrogateescape") if kind == "text" else cell


def tampered(written: Path, folder: Path, tamper: Tamper, noted: str = "") -> tuple[Cells, Walked]:
    """What stands in the table after somebody wrote to it, and what following the chain finds."""
    path = folder / "tampered.db"
    shutil.copy(written, path)
    with closing(lite.connect(path, isolation_level=None)) as connection:
        rows = tamper(cells(path))
        connection.execute("BEGIN")
        connection.execute("DELETE FROM audit")
        for row in rows:
            connection.execute(INSERT_RAW, [raw for cell in row for raw in stored(cell)])
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return cells(path), walk(path, noted)


# Text that is no UTF-8 can only be bound as bytes and be called text then.
INSERT_RAW = f"""
    INSERT OR REPLACE INTO audit ({", ".join(COLUMNS)})
    VALUES ({", ".join(["CASE ? WHEN 'text' THEN CAST(? AS TEXT) ELSE ? END"] * len(COLUMNS))})"""  # noqa: S608  no input


def stored(cell: Any) -> tuple[str, Any, Any]:  # noqa: ANN401  whatever is to stand there
    if isinstance(cell, str):
        return "text", cell.encode("utf-8", "surrogateescape"), None
    return "", None, cell


def walk(path: Path, noted: str = "") -> Walked:
    async def run() -> Walked:
        look = SqliteLook(path)
        try:
            return followed(Walked(noted), await look.audit_chain(BEGINNING, 1000))
        finally:
            await look.close()

    return asyncio.run(run())
