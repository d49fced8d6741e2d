"""What PostgreSQL's errors mean: a race to run again, a lost connection, a state of the server, or an answer to a flow."""

from collections.abc import Mapping
from typing import Any

from relay.core.errors import Invalid, RelayError, Stale, Taken, Unavailable

RACES = {"40001", "40P01"}
"""serialization_failure, deadlock_detected: the same again may go through."""

GONE = ("08", "57P", "25P03")
"""connection exceptions, shutdown and start-up, idle_in_transaction_session_timeout: this connection is over."""

OUT_OF_STEP = {"InterfaceError", "InternalClientError"}
"""What asyncpg says when it and the server no longer are at the same point; as a ValueError it is about how to connect."""

BUSY = "The database was busy for too long; nothing was changed."
REFUSED: Mapping[str, str] = {
    "25006": "The database takes no writes: it is a standby, or read-only; nothing was changed.",
    "42501": "The role in store.url lacks a right on the relay's tables; nothing was changed.",
    "53100": "The database's disk is full; nothing was changed.",
    "53200": "The database is out of memory; nothing was changed.",
    "53300": "The database takes no more connections (max_connections); nothing was changed.",
    "55P03": BUSY,  # lock_not_available, after lock_timeout
    "57014": BUSY,  # query_canceled, after statement_timeout
    "58030": "The database met an error of its disk; nothing was changed.",
    "XX001": "The database found damaged data; nothing was changed. Look at the server's log, and restore a backup.",
    "XX002": "The database found a damaged index; nothing was changed. Look at the server's log, then REINDEX it.",
}
STALE: Mapping[str, str] = {"threads_by_post": "The member has a thread for this post meanwhile."}
TAKEN: Mapping[str, str] = {
    "communities_slug_key": "This slug is in use already.",
    "addresses_community_channel_address_key": "This address is in use already.",
    "messages_by_client_id": "This client_id is in use already.",
    "answers_pkey": "This Idempotency-Key is in use already.",
}


def is_race(error: BaseException) -> bool:
    """Whether the whole commit may be run again."""
    return _state(error) in RACES


def is_lost(error: BaseException) -> bool:
    """Whether nothing more comes through this connection; `connection.is_closed()` tells as well."""
    if isinstance(error, OSError) or _state(error).startswith(GONE):
        return True
    kinds = {kind.__name__ for kind in type(error).__mro__}
    return bool(kinds & OUT_OF_STEP) and "ValueError" not in kinds


def is_answer(error: BaseException) -> bool:
    """Whether the server said so, or the driver before it asked; the connection is as it was."""
    return bool(_state(error)) and not is_lost(error)


def is_certain(error: BaseException) -> bool:
    """Whether an error in answer to COMMIT says that nothing was committed: the server refused it, and goes on."""
    return bool(_state(error)) and not is_lost(error) and getattr(error, "severity_en", None) == "ERROR"


def meaning(error: Exception) -> Exception:
    """What it says to a flow; a fault of the relay stays as it is."""
    state = _state(error)
    if isinstance(error, RelayError) or not state:
        return error
    if state in REFUSED:
        return Unavailable(REFUSED[state])
    constraint = getattr(error, "constraint_name", None) or ""
    match state:
        case "23503":
            return Stale("What this belongs to is gone.")
        case "23505":
            return Stale(STALE[constraint]) if constraint in STALE else Taken(TAKEN.get(constraint))
        case "22021" | "22P05":
            return Invalid("The text holds a character that cannot be stored, such as NUL.")
        case _:
            return error


def _state(error: Any) -> str:  # noqa: ANN401  asyncpg's errors carry it, others do not
    return str(getattr(error, "sqlstate", None) or "")
