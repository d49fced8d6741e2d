"""A real PostgreSQL of the tests' own: its folder, its port, its processes; databases made quickly, crashes, returns."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import IO

import asyncpg

from relay.stores.postgres_schema import migrate
from tests.servers.ports import own_port

OWNER = "relay"
TEMPLATE = "with_tables"
READY = "database system is ready to accept connections"
NOT_ROOT = ("postgres", "nobody")  # the server refuses to run as root
LIMIT = 60.0  # seconds to start, and to stop
LINES = 400  # of its log that are kept to be shown
CUT_OFF = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"""
# Neither the audit log's guard nor foreign keys stand in the way of a replica.
EMPTIED = """
    SET session_replication_role = replica;
    DO $$ DECLARE one name; BEGIN
        FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'relay_migrations' LOOP
            EXECUTE format('DELETE FROM %I', one);
        END LOOP;
    END $$"""
SETTINGS = {
    "listen_addresses": "'127.0.0.1'",
    "unix_socket_directories": "''",
    "fsync": "on",
    "full_page_writes": "on",
    "max_connections": "300",
    "shared_buffers": "'128MB'",
    "max_wal_size": "'2GB'",
    "timezone": "'Asia/Tokyo'",  # no test may depend on the server's own
    "log_min_messages": "log",
}


class Postgres:
    """One server; it comes back on the same port, with what it had on its disk."""

    def __init__(self, programs: Path, folder: Path) -> None:
        """`programs` is the folder of postgres and initdb."""
        self.port = own_port()
        self._programs = programs
        self._folder = folder
        self._user = _unprivileged() if os.geteuid() == 0 else None
        self._process: subprocess.Popen[str] | None = None
        self._log: _Log | None = None
        self._names = count(1)
        self._has_template = False
        self._free: list[str] = []

    def make(self, **settings: str) -> None:
        """The cluster, in its folder; `settings` go over those that all tests have."""
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        options = ("-U", OWNER, "-A", "trust", "--encoding=UTF8", "--no-locale", "--no-instructions", "--no-sync")
        command = [str(self._programs / "initdb"), "-D", str(self._data), *options]
        subprocess.run(command, user=self._user, cwd=self._folder, check=True, capture_output=True, timeout=LIMIT)
        with (self._data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in {**SETTINGS, **settings, "port": str(self.port)}.items())

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    # ------------------------------------------------------------------------------------------------- coming and going

    def start(self) -> None:
        """Returns when it takes connections; after a crash it recovers first."""
        self._process = subprocess.Popen(
            [self._programs / "postgres", "-D", self._data],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            user=self._user,
            cwd=self._folder,
        )
        assert self._process.stderr is not None
        self._log = _Log(self._process.stderr)
        assert self._log.says_ready(LIMIT), f"it did not start:\n{self._log}"

    def stop(self) -> None:
        """As an operator does, without waiting for who is connected."""
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """Immediate stop: nothing is written any more, and the next start recovers."""
        self._end(signal.SIGQUIT)

    def kill(self) -> None:
        """Kill -9 of all its processes in the middle of whatever they do."""
        if self._process is not None:
            for pid in (self._process.pid, *_children(self._process.pid)):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._end(signal.SIGKILL)

    def pause(self) -> None:
        """It says nothing any more, as behind a network that is gone."""
        self._signal_all(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: signal.Signals) -> None:
        assert self._process is not None
        for pid in (self._process.pid, *_children(self._process.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(number)
        process.wait(LIMIT)
        if self._log is not None:
            self._log.end()  # its last process has closed it: none is left

    # --------------------------------------------------------------------------------------------------------- databases

    def url(self, database: str = "postgres") -> str:
        """Where a relay finds it."""
        return f"postgresql://{OWNER}@127.0.0.1:{self.port}/{database}"

    async def empty(self) -> str:
        """The URL of a new database without tables."""
        name = f"test_{next(self._names)}"
        await self.run(f"CREATE DATABASE {name}")
        return self.url(name)

    async def database(self) -> str:
        """The URL of a database with the relay's tables, all of them empty."""
        if self._free:
            return self._free.pop()
        if not self._has_template:
            await self.run(f"CREATE DATABASE {TEMPLATE}")
            connection = await asyncpg.connect(self.url(TEMPLATE))
            await migrate(connection)
            await connection.close()
            self._has_template = True
        name = f"test_{next(self._names)}"
        await self.run(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        return self.url(name)

    async def give_back(self, url: str) -> None:
        """For the next one who asks: cuts off whoever is connected, and empties it, which takes less time than a new one."""
        database = url.rpartition("/")[2]
        await self.run(CUT_OFF, database)
        await self.run(EMPTIED, database)
        self._free.append(url)

    async def drop(self, url: str) -> None:
        """Takes a database away, whoever is connected to it."""
        await self.run(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    async def files(self, url: str) -> list[Path]:
        """Of a database's tables, indexes and catalogs; what was not written to them yet is there after a CHECKPOINT."""
        connection = await asyncpg.connect(url)
        try:
            oid = await connection.fetchval("SELECT oid FROM pg_database WHERE datname = current_database()")
        finally:
            await connection.close()
        forks = ("_fsm", "_vm", "_init")  # maps of the pages, without content
        found = (self._data / "base" / str(oid)).iterdir()
        return sorted(file for file in found if file.name[:1].isdigit() and not file.name.endswith(forks))

    async def run(self, sql: str, database: str = "postgres") -> None:
        """As the server's owner."""
        connection = await asyncpg.connect(self.url(database))
        try:
            await connection.execute(sql)
        finally:
            await connection.close()


class _Log:
    """Reads what the server says, so that it never waits to be heard."""

    def __init__(self, lines: IO[str]) -> None:
        self._lines = lines
        self._kept: deque[str] = deque(maxlen=LINES)
        self._decided = threading.Event()
        self._is_ready = False
        self._thread = threading.Thread(target=self._read, name="postgres log", daemon=True)
        self._thread.start()

    def __str__(self) -> str:
        return "".join(self._kept)

    def says_ready(self, limit: float) -> bool:
        return self._decided.wait(limit) and self._is_ready

    def end(self) -> None:
        self._thread.join(LIMIT)
        self._lines.close()

    def _read(self) -> None:
        for line in self._lines:
            self._kept.append(line)
            if READY in line:
                self._is_ready = True
                self._decided.set()
        self._decided.set()


@contextmanager
def running(require: Callable[[str], Path], **settings: str) -> Iterator[Postgres]:
    """A server that is gone afterwards, with all that was in it. Skips where PostgreSQL is not installed."""
    programs = require("postgres").resolve().parent
    folder = Path(tempfile.mkdtemp(prefix="relay-postgres-"))  # pytest's own folders are closed to other users
    server = Postgres(programs, folder)
    try:
        server.make(**settings)
        server.start()
        yield server
    finally:
        server.crash()
        shutil.rmtree(folder)


def _unprivileged() -> str:
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in NOT_ROOT if name in known)


def _children(parent: int) -> list[int]:
    """Where the system tells; elsewhere they notice by themselves that their parent is gone."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            after_name = stat.read_text().rpartition(")")[2].split()
            if int(after_name[1]) == parent:
                found.append(int(stat.parent.name))
    return found
