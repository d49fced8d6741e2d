"""What a power cut left, looked at with the SQLite that the relay uses: what is lost, and what does not fit together."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from relay.stores.sqlite_file import lite
from tests.power.disk import Moment

DATABASE = "relay.db"
CHECKS = {
    "a page that is wrong": "SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
    "a row that points to nothing": 'SELECT "table", rowid FROM pragma_foreign_key_check',
    "a post without all of its deliveries": """
        SELECT n FROM posts p WHERE state > 0 AND audience <> (SELECT count(*) FROM deliveries d WHERE d.post = p.n)""",
    "a stream with a gap": """
        SELECT member FROM streams s
        WHERE last_seq <> (SELECT count(*) FROM deliveries d WHERE d.member = s.member AND d.seq IS NOT NULL)
        OR last_seq <> (SELECT coalesce(max(seq), 0) FROM deliveries d WHERE d.member = s.member)""",
    "a message that nobody finds": "SELECT n FROM messages WHERE n NOT IN (SELECT id FROM messages_fts_docsize)",
}


@dataclass(frozen=True, slots=True)
class Cut:
    """An instant of the disk, the commits that had been acknowledged until then, and the group that the mark had."""

    moment: Moment
    acknowledged: frozenset[str]
    group: int

    @contextmanager
    def image(self, draw: Random) -> Iterator[Path]:
        """A folder with what is left."""
        with TemporaryDirectory() as folder:
            self.moment.cut(Path(folder), draw)
            yield Path(folder)

    def lost(self, image: Path) -> set[str]:
        """Acknowledged and not there."""
        return set(self.acknowledged) - facts(image)


def facts(image: Path) -> set[str]:
    """Names of the commits that are there."""
    with closing(lite.connect(image / DATABASE)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM facts WHERE name > 'commit' AND name < 'commiu'")}


def faults(image: Path) -> list[str]:
    """What does not fit together."""
    with closing(lite.connect(image / DATABASE)) as connection:
        return [f"{what}: {row}" for what, sql in CHECKS.items() for row in connection.execute(sql).fetchmany(3)]
