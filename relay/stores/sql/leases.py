"""Leases in SQL: one statement decides who has one, so that two who ask at once cannot both."""

from relay.core.lease import EndLease, HoldLease
from relay.stores.sql.cells import us
from relay.stores.sql.steps import Steps

HOLD = """
    INSERT INTO leases (name, run, until_at) VALUES ($1, $2, $3)
    ON CONFLICT (name) DO UPDATE SET run = excluded.run, until_at = excluded.until_at
    WHERE leases.run = $2 OR leases.until_at <= $4
    RETURNING run"""
END = """
    DELETE FROM leases WHERE name = $1 AND run = $2"""


def hold(change: HoldLease) -> Steps[int]:
    rows = yield HOLD, (change.name, change.run, us(change.until), us(change.now))
    return len(rows)


def end(change: EndLease) -> Steps[None]:
    yield END, (change.name, change.run)
