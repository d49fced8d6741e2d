"""The threads that read SQLite: a few for what takes longer than a look-up, and one that looks at the whole file."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue

import structlog

from relay.core.errors import Unavailable
from relay.stores import sqlite_file
from relay.stores.sql.steps import Row
from relay.stores.sqlite_file import Connection, lite
from relay.stores.sqlite_log import Log
from relay.stores.sqlite_mark import Mark
from relay.stores.sqlite_opening import look_at_all

INTERRUPT_AGAIN = 0.02  # seconds
SCANNERS = 2  # threads; more would only compete for the same disk and processor

log = structlog.get_logger(__name__)


class Scanners:
    """Threads that read, each with a connection of its own."""

    def __init__(self, path: Path, log_: Log) -> None:
        self._log = log_
        self._closing = False
        self._own = threading.local()
        self._free: SimpleQueue[Connection] = SimpleQueue()  # opened now, so that no thread fails to begin
        self._all: list[tuple[threading.Thread, Connection]] = []
        for _ in range(SCANNERS):
            self._free.put(sqlite_file.reader(path))
        self.pool = ThreadPoolExecutor(SCANNERS, "sqlite reader", self._take)

    def _take(self) -> None:
        self._own.connection = self._free.get_nowait()
        self._all.append((threading.current_thread(), self._own.connection))

    def rows(self, sql: str, args: tuple[object, ...]) -> list[Row]:
        """Raises Unavailable when the store closes before it is done."""
        try:
            self._log.room()
            if not self._closing:
                return self._own.connection.execute(sql, args).fetchall()  # type: ignore[no-any-return]
        except lite.OperationalError:
            if not self._closing:
                raise
        raise Unavailable("The relay is shutting down.")

    def close(self) -> None:
        """Breaks off what runs; what waits runs into its end by itself."""
        self._closing = True
        self._log.let_go()
        self.pool.shutdown(wait=False)
        for thread, connection in self._all:
            _break_off(thread, connection)
        with suppress(Empty):
            while True:
                self._free.get_nowait().close()


class Check:
    """The look at the whole file after an unclean end, beside the work: on a cold disk it takes longer than a start may.

    `found` is called in its thread when something is wrong, with what it is, or with the error that ended it.
    """

    def __init__(self, path: Path, mark: Mark, found: Callable[[str | Exception], None]) -> None:
        self._mark = mark
        self._closing = False
        self._found = found
        self._connection = sqlite_file.reader(path)
        self._thread = threading.Thread(target=self._run, name="sqlite check", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        log.warning("the last run did not end cleanly, the whole file is looked at")
        began = time.monotonic()
        try:
            fault: str | Exception | None = look_at_all(self._connection)
        except lite.Error as error:
            if self._closing:
                return
            fault = error
        if fault is not None:
            self._found(fault)
            return
        self._mark.is_sound = True
        log.info("the file is sound", seconds=round(time.monotonic() - began, 1))

    def close(self) -> None:
        """Breaks it off; the next start begins it anew."""
        self._closing = True
        _break_off(self._thread, self._connection)


def _break_off(thread: threading.Thread, connection: Connection) -> None:
    while thread.is_alive():
        connection.interrupt()  # which one that begins just now does not hear
        thread.join(INTERRUPT_AGAIN)
    connection.close()
