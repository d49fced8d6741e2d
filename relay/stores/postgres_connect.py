"""Connections to PostgreSQL: the driver, how each connection is set, and what a server must be like to be relied on."""

import socket
from collections.abc import Mapping
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from relay.core.errors import Unavailable

Connection = Any
"""Of asyncpg, which only those who use PostgreSQL install."""

CONNECT_S = 4.0  # seconds until a server that does not answer counts as away
OLDEST = 140_000  # PostgreSQL 14: reports a client that is gone, and folds texts as the search needs it
STATEMENTS = 1024  # prepared ones a connection keeps: more than there are
SETTINGS: Mapping[str, str] = {
    "application_name": "foureyes",
    "timezone": "UTC",
    "synchronous_commit": "on",  # whatever the role or the database says: accepted means durable
    "default_transaction_isolation": "read committed",
    "idle_in_transaction_session_timeout": "5s",  # a relay that hangs, or is cut off, keeps nothing locked for longer
    "lock_timeout": "5s",
    "jit": "off",  # compiling costs more than any of these queries takes
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "15s",
    "client_connection_check_interval": "5s",  # a long query ends when nobody waits for it any more
}

KEEPALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in (("TCP_KEEPIDLE", 4), ("TCP_KEEPINTVL", 1), ("TCP_KEEPCNT", 4), ("TCP_USER_TIMEOUT", 8000))
        if hasattr(socket, name)
    ),
)
"""Of the socket, as its level takes them: seconds, a count, and milliseconds at the end."""

LOOK = """
    SELECT current_setting('server_version_num')::int, current_setting('server_version'),
        (SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()),
        current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit'),
        pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on'"""


def driver() -> Any:  # noqa: ANN401  a module without types
    """The asyncpg module, loaded when it is first wanted. Raises Unavailable when it is not installed."""
    try:
        return import_module("asyncpg")
    except ImportError:
        raise Unavailable("PostgreSQL needs asyncpg, which is not installed: pip install 'foureyes[postgres]'") from None


def named(url: str) -> str:
    """What may be said of a URL: never the password, nor the user."""
    try:
        parts = urlsplit(url)
        place = f"{parts.hostname or 'the default host'}{f':{parts.port}' if parts.port else ''}{parts.path}"
    except ValueError:
        return "The PostgreSQL of store.url"
    return f"PostgreSQL at {place}" if parts.scheme.startswith("postgres") else "The PostgreSQL of store.url"


def said(error: Exception) -> str:
    """What the server or the system says, where that cannot hold the password."""
    if isinstance(error, TimeoutError):
        return "it does not answer in time."
    if isinstance(error, ValueError) and not isinstance(error, OSError):
        return "store.url is no such URL: postgresql://USER:PASSWORD@HOST:5432/DATABASE"
    return (str(error).strip().rstrip(".") or type(error).__name__) + "."


async def connect(url: str, statement_s: float) -> Connection:
    """A connection with its settings; no statement of it runs for longer than `statement_s`. Raises what asyncpg raises."""
    connection = await driver().connect(
        url,
        timeout=CONNECT_S,
        statement_cache_size=STATEMENTS,
        max_cached_statement_lifetime=0,
        max_cacheable_statement_size=0,
        server_settings={**SETTINGS, "statement_timeout": f"{int(statement_s * 1000)}ms"},
    )
    _watch(connection)
    return connection


def _watch(connection: Connection) -> None:
    """Has a network that is gone noticed within seconds, also while an answer is awaited; over a Unix socket there is none."""
    transport = connection._transport  # noqa: SLF001  asyncpg has no option for it
    found = transport.get_extra_info("socket") if transport else None
    if found is None or found.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    for level, name, value in KEEPALIVE:
        found.setsockopt(level, name, value)


async def look(connection: Connection) -> None:
    """Raises Unavailable when what is accepted on this server might be lost, or it is not one that the relay knows."""
    number, version, encoding, fsync, full_page_writes, synchronous, is_read_only = await connection.fetchrow(LOOK)
    wrong = {
        f"It is PostgreSQL {version}; 14 or newer is needed.": number < OLDEST,
        f"The database's encoding is {encoding}; make one with ENCODING 'UTF8'.": encoding != "UTF8",
        "It runs with fsync = off: what was accepted could be lost. Set fsync = on.": fsync != "on",
        "It runs with full_page_writes = off: a power cut could tear pages. Set full_page_writes = on.": full_page_writes
        != "on",
        f"synchronous_commit stays {synchronous}; something between here and the server changes it.": synchronous != "on",
        "It takes no writes: it is a standby, or read-only. Name the primary server in store.url.": is_read_only,
    }
    found = [why for why, holds in wrong.items() if holds]
    if found:
        raise Unavailable(" ".join(found))
