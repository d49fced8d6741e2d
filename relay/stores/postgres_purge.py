"""What PostgreSQL keeps of deleted rows, cleared away, and how it is known that none is kept.

VACUUM deletes dead rows, but none that an older snapshot could still see: of a session, of whatever role, a prepared
transaction, a replication slot or a standby. A frozen table tells how far it came: every row that ended before its
`relfrozenxid` is gone. Indexes are built anew, for what they were built from outlives its rows in them: the full-text index
drops no word, and the inner pages of the others no key.
"""

import asyncio
import time

import structlog

from relay.core.errors import Unavailable
from relay.stores.postgres_connect import Connection

STEP_S = 1800.0  # seconds for one table or index, which nobody waits for: both stay in use meanwhile
WAIT_S = 3.0  # seconds for the commits that were under way when it began
AGAIN_S = 0.1  # seconds between two looks

# Whatever an erasure deletes or changes, see sql/erasures.py. The narrow ones first: if one keeps something, all do.
TABLES = (
    "presses", "strikes", "measures", "deferrals", "consents", "addresses", "tokens", "members", "streams", "thread_labels",
    "threads", "answers", "attempts", "cases", "decisions", "messages", "deliveries", "devices", "models", "model_members",
)  # fmt: skip
INDEXES = (
    "messages_words", "messages_by_client_id", "addresses_community_channel_address_key", "answers_pkey", "thread_labels_pkey",
    "thread_labels_by_label", "attempts_by_reference",
)  # fmt: skip
"""Those over words that came from outside."""

PATIENCE = """SET lock_timeout = '60s'"""  # who waits for these locks keeps nobody waiting
ALONE = """SELECT pg_try_advisory_lock(1380928859)"""
RELEASE = """SELECT pg_advisory_unlock_all()"""  # at once, and not when the server notices that the connection is gone
HORIZON = """SELECT pg_snapshot_xmax(pg_current_snapshot())::text"""
VACUUM = """VACUUM (FREEZE, INDEX_CLEANUP ON) {}"""
KEEPS = """
    SELECT greatest(age(c.relfrozenxid), age(t.relfrozenxid)) > age($2::text::xid8::xid)
    FROM pg_class c LEFT JOIN pg_class t ON t.oid = c.reltoastrelid WHERE c.oid = $1::text::regclass"""
REBUILD = """REINDEX INDEX CONCURRENTLY {}"""
CUT_OFF = ("{}_ccnew", "{}_ccold")  # what a rebuild leaves that did not end
DROP = """DROP INDEX CONCURRENTLY IF EXISTS {}"""

OTHER = "Another relay clears the database of what was erased."
KEPT = (
    "The database keeps deleted rows of {} for somebody who could still see them: a transaction that is open for long, a"
    " prepared transaction, a replication slot or a standby. See pg_stat_activity, pg_prepared_xacts, pg_replication_slots."
)

log = structlog.get_logger(__name__)


async def purge(connection: Connection) -> None:
    """Returns when no row that was deleted before is in any table or index. Raises Unavailable while some are kept.

    The connection is of no further use.
    """
    began = time.monotonic()
    await connection.execute(PATIENCE)
    if not await connection.fetchval(ALONE):
        raise Unavailable(OTHER)
    keeping = await _vacuum(connection)
    if keeping is None:
        await _rebuild(connection)
    await connection.execute(RELEASE)
    if keeping is not None:
        raise Unavailable(KEPT.format(keeping))
    log.info("deleted rows cleared away", seconds=round(time.monotonic() - began, 1))


async def _vacuum(connection: Connection) -> str | None:
    """The first table that keeps rows which ended before; None when there is none."""
    horizon = await connection.fetchval(HORIZON)
    for table in TABLES:
        until = time.monotonic() + WAIT_S
        await connection.execute(VACUUM.format(table))
        while await connection.fetchval(KEEPS, table, horizon):
            if time.monotonic() > until:
                return table
            await asyncio.sleep(AGAIN_S)
            await connection.execute(VACUUM.format(table))
    return None


async def _rebuild(connection: Connection) -> None:
    for index in INDEXES:
        for rest in CUT_OFF:
            await connection.execute(DROP.format(rest.format(index)))
        await connection.execute(REBUILD.format(index))
