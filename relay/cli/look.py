"""The look that commands take at the database of a relay that may be running, stopped or broken."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from relay.compose.storage import DATABASE
from relay.configuration import Settings
from relay.stores.postgres_look import PostgresLook
from relay.stores.sql.look import Look
from relay.stores.sqlite_look import SqliteLook


@asynccontextmanager
async def looking(settings: Settings) -> AsyncIterator[Look]:
    """The configured database, read-only. Raises Unavailable."""
    url = settings.store.url
    look: Look = (
        SqliteLook(settings.store.folder / DATABASE) if url is None else await PostgresLook.open(url.get_secret_value())
    )
    try:
        yield look
    finally:
        await look.close()
