"""Runs in SQL: the relay processes at work on this store; one whose row is gone has ended."""

from datetime import datetime

from relay.core.errors import Stale
from relay.core.run import EndRun, KeepRun, StartRun
from relay.stores.sql import locks
from relay.stores.sql.cells import us
from relay.stores.sql.steps import Steps

START = """
    INSERT INTO runs (started_at, until_at) VALUES ($1, $2)
    RETURNING n"""
# An earlier renewal that was slow may be written after a later one.
KEEP = """
    UPDATE runs SET until_at = CASE WHEN until_at < $2 THEN $2 ELSE until_at END WHERE n = $1
    RETURNING n"""
END = """
    DELETE FROM runs WHERE n = $1"""
OVERDUE = """
    DELETE FROM runs WHERE until_at <= $1"""
LIVE = """
    SELECT n FROM runs WHERE n = $1 AND until_at > $2"""


def start(change: StartRun) -> Steps[int]:
    yield locks.one_more_run()
    rows = yield START, (us(change.now), us(change.until))
    return int(rows[0][0])


def keep(change: KeepRun) -> Steps[None]:
    rows = yield KEEP, (change.epoch, us(change.until))
    if not rows:
        raise Stale("This run has ended; another took over what it left.")


def end(change: EndRun) -> Steps[None]:
    yield END, (change.epoch,)


def end_overdue(now: datetime) -> Steps[None]:
    """Before anything of theirs is taken over, so that none is renewed afterwards."""
    yield OVERDUE, (us(now),)


def want_live(epoch: int, now: datetime) -> Steps[None]:
    """Raises Stale when another may take over, and keeps it from doing so until the commit."""
    yield locks.run(epoch)
    rows = yield LIVE, (epoch, us(now))
    if not rows:
        raise Stale("This run has ended, or is overdue.")
