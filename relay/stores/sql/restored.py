"""What a restore writes into the database that it puts back, in SQL."""

from relay.core.restore import EndAllTokens, LeapSeqs
from relay.stores.sql import devices
from relay.stores.sql.cells import us
from relay.stores.sql.steps import Steps

# What was given stays as it is and is still read; a stream without items begins behind the leap.
LEAP = """
    UPDATE streams
    SET first_seq = CASE WHEN last_seq < first_seq THEN first_seq + $1 ELSE first_seq END, last_seq = last_seq + $1"""
VALID = """
    SELECT count(*) FROM tokens WHERE revoked_at IS NULL"""
END_ALL = """
    UPDATE tokens SET revoked_at = $1 WHERE revoked_at IS NULL"""


def leap(change: LeapSeqs) -> Steps[None]:
    yield LEAP, (change.by,)


def end_all_tokens(change: EndAllTokens) -> Steps[int]:
    rows = yield VALID, ()
    yield END_ALL, (us(change.at),)
    yield from devices.end_all(change.at)
    return int(rows[0][0])
