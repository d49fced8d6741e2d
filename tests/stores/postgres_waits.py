"""Whether somebody waits for a lock of PostgreSQL: how tests make the order of two commits."""

import asyncio

import asyncpg

WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE $1"""
LIMIT_S = 30.0


async def until_waiting(url: str, statement: str = "%", count: int = 1) -> None:
    """Returns when so many wait with such a statement. A look within a transaction would stay the same."""
    looking = await asyncpg.connect(url)
    try:
        async with asyncio.timeout(LIMIT_S):
            while await looking.fetchval(WAITING, statement) < count:
                pass
    finally:
        await looking.close()
