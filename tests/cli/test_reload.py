"""`relay reload` and SIGHUP: a running relay reads its configuration again, and says what came of it."""

import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.cli.conftest import OWNER, PATIENCE, CommandLine, Result, Served

WORDS = "[plugins.words]\n"
BOTH = "[plugins.words]\n[plugins.flood]\n"
OWN = '[moderation]\nfolder = "own"\n[plugins.own]\n'
PLUGIN = '''"""Sees nothing, in a process of its own."""
from relay.plugin import NoOptions, Plugin

class Own(Plugin[NoOptions]):
    name, version, api = "own", "1.0", 1
    signals = {"own.seen": 1.0}

    async def check(self, incoming, context):
        return
        yield
'''


class Reloaded:
    """A relay with a configuration file, and the command line of its owner beside it."""

    def __init__(self, folder: Path, relay: CommandLine) -> None:
        self.config = folder / "relay.toml"
        self.write(WORDS)
        self.served = Served(folder, "--config", str(self.config), RELAY_OWNER_TOKEN=OWNER)
        self.ended: Result | None = None
        self.relay = CommandLine(relay.folder, {**relay.environ, "RELAY_URL": self.served.url, "RELAY_TOKEN": OWNER})

    def write(self, text: str) -> None:
        """In one step: a relay that reads meanwhile finds the one or the other, never the empty file in between."""
        new = self.config.with_suffix(".new")
        new.write_text(text, "utf-8")
        new.replace(self.config)

    def stop(self) -> Result:
        """What it said; it is stopped once."""
        self.ended = self.ended or self.served.stop()
        return self.ended

    def rows(self) -> list[str]:
        """The digests that the audit log says it went over to, the newest first."""
        listed = self.relay.json("audit", "list", "--limit", "50").things
        return [row["subject"] for row in listed if row["action"] == "moderation.reload"]

    def until_rows(self, count: int) -> list[str]:
        ends = time.monotonic() + PATIENCE
        while len(rows := self.rows()) < count:
            assert time.monotonic() < ends, f"{count} reloads are not in the audit log"
        return rows


@pytest.fixture
def running(tmp_path: Path, relay: CommandLine) -> Iterator[Reloaded]:
    found = Reloaded(tmp_path, relay)
    yield found
    found.stop()


def test_a_changed_configuration_is_taken_over_and_told(running: Reloaded) -> None:
    running.write(BOTH)

    done = running.relay.json("reload").thing
    again = running.relay("reload")

    assert (done["plugins"], done["needs_restart"]) == (["flood", "words"], [])
    assert done["before"] != done["after"]
    assert again.code == 0
    assert done["after"] in again.out
    assert running.rows() == [done["after"], done["after"]]


def test_a_bad_one_changes_nothing_and_the_caller_and_the_log_hear_why(running: Reloaded) -> None:
    running.write("[plugins.words]\nlanguage = []\n")

    result = running.relay("reload")
    running.write(WORDS)
    after = running.relay.json("reload").thing

    assert result.code == 2
    assert "the relay goes on with the old one" in result.err
    assert "relay.toml:2: plugins.words.language: the plugin has no such option; did you mean 'languages'?" in result.err
    assert after["before"] == after["after"]
    assert "relay.toml:2: plugins.words.language" in running.stop().err


def test_what_waits_for_a_restart_is_named(running: Reloaded) -> None:
    running.write(f"{BOTH}[http]\nhost = '0.0.0.0'\n")

    result = running.relay("reload")

    assert result.code == 0
    assert "Restart the relay for http.host." in result.err


def test_a_hangup_does_the_same_as_systemd_sends_it(running: Reloaded) -> None:
    running.write(BOTH)
    running.served.process.send_signal(signal.SIGHUP)
    (first,) = running.until_rows(1)

    running.write("[plugins\n")
    running.served.process.send_signal(signal.SIGHUP)
    running.write(WORDS)
    running.served.process.send_signal(signal.SIGHUP)
    newest = running.until_rows(2)[0]

    assert newest != first
    assert running.relay.json("reload").thing["before"] == newest
    assert running.stop().code == 0


def test_several_at_once_all_hear_the_same(running: Reloaded) -> None:
    running.write(BOTH)

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: running.relay.json("reload").thing, range(8)))

    assert {result["after"] for result in results} == set(running.rows())
    assert len({result["after"] for result in results}) == 1


def test_workers_of_what_was_replaced_end_and_an_unloadable_plugin_is_refused(running: Reloaded, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "own.py").write_text(PLUGIN, "utf-8")
    running.write(OWN)
    with_own = running.relay.json("reload").thing
    (tmp_path / "own" / "own.py").write_text("import nothing_of_that_name\n", "utf-8")

    refused = running.relay("reload")
    during = children(running.served.process.pid)
    running.write(WORDS)
    without = running.relay.json("reload").thing

    assert with_own["plugins"] == ["own"]
    assert refused.code == 2
    assert "own.py" in refused.err
    assert without["before"] == with_own["after"]
    assert without["plugins"] == ["words"]
    ends = time.monotonic() + PATIENCE
    while left := children(running.served.process.pid) & during:
        assert time.monotonic() < ends, f"{left} are still there"
    assert running.relay("staff", "list").code == 0


def test_where_no_relay_runs_that_is_said(relay: CommandLine, tmp_path: Path, running: Reloaded) -> None:
    elsewhere = relay("reload", "--data", str(tmp_path / "elsewhere"))
    running.stop()
    stopped = relay("reload")

    assert (elsewhere.code, stopped.code) == (69, 69)
    assert "No relay that answers serves" in elsewhere.err
    assert not (tmp_path / "data" / "control").exists()


def test_a_folder_far_down_has_its_socket_too(relay: CommandLine, tmp_path: Path) -> None:
    folder = tmp_path / ("far-down-" * 12) / "data"
    served = Served(tmp_path, "--data", str(folder), RELAY_OWNER_TOKEN=OWNER)
    try:
        result = relay("reload", "--data", str(folder))
    finally:
        served.stop()

    assert result.code == 0, result.err


def children(pid: int) -> set[str]:
    """The processes below it: its guard and its fork server."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return set(listed.stdout.split())
