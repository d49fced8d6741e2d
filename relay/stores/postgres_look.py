"""A look at a PostgreSQL database from outside: one connection, which may not write."""

from dataclasses import dataclass
from datetime import datetime

from relay.core.errors import RelayError, Unavailable
from relay.stores.postgres_connect import CONNECT_S, Connection, connect, look, named, said
from relay.stores.postgres_schema import APPLIED, HAS_LEDGER
from relay.stores.postgres_words import worded
from relay.stores.schema import MIGRATIONS
from relay.stores.sql.look import Look
from relay.stores.sql.steps import Row

SCAN_S = 60.0  # seconds for one question
READ_ONLY = """SET default_transaction_read_only = on"""
ABOUT = """
    SELECT current_setting('server_version'), clock_timestamp(), pg_database_size(current_database()),
        (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
        current_setting('max_connections')::int"""


@dataclass(frozen=True, slots=True)
class About:
    """What the server says of itself; `wrong` is why the relay would not rely on it, empty when it does."""

    version: str
    now: datetime
    size: int
    connections: int
    most_connections: int
    wrong: str


class PostgresLook(Look):
    """Made by `open`. What cannot be read raises Unavailable, which says why and never the password."""

    def __init__(self, connection: Connection, place: str, wrong: str) -> None:
        self._connection = connection
        self._place = place
        self._wrong = wrong

    @classmethod
    async def open(cls, url: str) -> "PostgresLook":
        """Also on a server that the relay would not rely on."""
        place, wrong = named(url), ""
        try:
            connection = await connect(url, SCAN_S)
            try:
                await look(connection)
            except Unavailable as problem:
                wrong = problem.detail
            await connection.execute(READ_ONLY)
        except RelayError:
            raise
        except Exception as error:  # noqa: BLE001  of the system, of the driver, of the server
            raise Unavailable(f"{place} cannot be reached: {said(error)}") from None
        return cls(connection, place, wrong)

    async def close(self) -> None:
        await self._connection.close(timeout=CONNECT_S)

    async def applied(self) -> tuple[set[str], set[str]]:
        had = await self._rows(APPLIED) if (await self._rows(HAS_LEDGER))[0][0] else []
        return {row[0] for row in had}, {name for name, _ in MIGRATIONS}

    async def about(self) -> About:
        ((version, now, size, connections, most),) = await self._rows(ABOUT)
        return About(version, now, size, connections, most, self._wrong)

    async def _rows(self, sql: str, *args: object) -> list[Row]:
        try:
            return [tuple(row) for row in await self._connection.fetch(worded(sql), *args)]
        except Exception as error:  # noqa: BLE001  of the system, of the driver, of the server
            raise Unavailable(f"{self._place} cannot be read: {said(error)}") from None

    async def _scan(self, sql: str, *args: object) -> list[Row]:
        return await self._rows(sql, *args)
