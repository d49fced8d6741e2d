"""A dump of PostgreSQL that is put back with its own tools: `relay restore --by-hand` does the rest."""

import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from relay.core.restore import SEQ_LEAP
from tests.cli.town import Town
from tests.servers.postgres import Postgres


@pytest.fixture
async def town(tmp_path: Path, postgres: Postgres) -> AsyncIterator[Town]:
    """A running relay on a database of its own."""
    url = await postgres.database()
    made = Town(tmp_path, {"RELAY_STORE__URL": url}).open()
    yield made
    made.stop()
    await postgres.give_back(url)


def test_a_dump_that_is_put_back_brings_nobody_back_and_gives_no_number_again(
    town: Town, require: Callable[[str], Path]
) -> None:
    dump, restore, url = require("pg_dump"), require("pg_restore"), town.environ["RELAY_STORE__URL"]
    gone, kept = town.member(), town.member("Somebody else")
    subprocess.run([dump, "--format=custom", f"--file={town.folder / 'dump'}", url], check=True, timeout=60)
    town.erase(gone)
    town.post("Forgotten by the restore")
    seen = town.heard(kept)[-1][0]
    town.stop()
    shutil.copy(town.data / "erasures.jsonl", town.folder / "newest.jsonl")
    shutil.rmtree(town.data)  # a new machine
    subprocess.run(
        [restore, "--clean", "--if-exists", "--exit-on-error", "--single-transaction", f"--dbname={url}", town.folder / "dump"],
        check=True,
        timeout=60,
    )

    done = town.relay.json("restore", "--by-hand", "--erasures", "newest.jsonl", "--yes").thing
    town.start()
    town.post("Said afterwards")

    assert done["erased_again"] == 1
    assert town.ids() == {kept["id"]}
    assert [item for item in town.heard(kept) if item[0] > seen] == [(SEQ_LEAP + seen, "Said afterwards")]
