"""What `relay doctor` says of the machine and of the plugins: each line has its cause."""

import resource
from pathlib import Path

import pytest

from relay.cli.doctor.finding import State
from relay.cli.doctor.machine import disk, files, kind_at, of_kind, of_room, of_version
from relay.cli.doctor.plugins import plugins
from relay.stores.sqlite_space import Disk
from tests.cli.conftest import OWNER, Served
from tests.cli.examining import FAIL, OK, WARN, is_said, only, whole

GIB = 1024**3
TIGHT = 600  # files: enough to run, fewer than the settings ask for


@pytest.mark.parametrize(
    ("version", "states"),
    [
        ((3, 53, 4), [OK]),
        ((3, 51, 3), [OK]),
        ((3, 51, 2), [WARN]),
        ((3, 50, 7), [OK]),
        ((3, 50, 6), [WARN]),
        ((3, 44, 6), [OK]),
        ((3, 40, 1), [WARN, WARN]),  # Debian 12
        ((3, 34, 1), [FAIL]),  # Debian 11
    ],
)
def test_what_is_wrong_with_a_version_of_sqlite_is_known(version: tuple[int, ...], states: list[State]) -> None:
    said = list(of_version(version, "sqlite3"))

    assert [each.state for each in said] == states
    assert all(".".join(map(str, version)) in each.what for each in said)


@pytest.mark.parametrize(
    ("free", "total", "state"),
    [(100 * GIB, 200 * GIB, OK), (GIB // 3, 200 * GIB, WARN), (GIB // 5, 200 * GIB, FAIL), (GIB // 20, GIB, FAIL)],
)
def test_a_disk_is_judged_by_the_reserve(free: int, total: int, state: State, tmp_path: Path) -> None:
    assert is_said(only(of_room(Disk(free, total), GIB // 4, tmp_path)), state, "free of")


MOUNTS = """\
22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
30 22 0:26 / /run/memory rw,nosuid shared:4 - tmpfs tmpfs rw
41 22 0:40 / /srv rw shared:9 - nfs4 nas:/srv rw,vers=4.2
42 41 254:2 / /srv/local\\040disk rw shared:10 - xfs /dev/vdb rw
43 22 0:41 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw
44 22 0:42 / /host rw - 9p host rw
"""


@pytest.mark.parametrize(
    ("place", "kind", "state"),
    [
        ("/var/lib/foureyes", "ext4", None),
        ("/srv/foureyes", "nfs4", FAIL),
        ("/srv/local disk/foureyes", "xfs", None),
        ("/srvs", "ext4", None),
        ("/run/memory/x", "tmpfs", WARN),
        ("/var/lib/docker/overlay2/x/merged/data", "overlay", WARN),
        ("/host", "9p", WARN),
    ],
)
def test_a_file_system_on_which_locks_do_not_hold_is_known(place: str, kind: str, state: State | None) -> None:
    assert kind_at(Path(place), MOUNTS) == kind
    assert [each.state for each in of_kind(kind)] == ([] if state is None else [state])


def test_this_machines_disk_is_looked_at_even_without_a_folder(tmp_path: Path) -> None:
    said, *_ = disk(whole(tmp_path / "not" / "there" / "yet"))

    assert is_said(said, said.state, f"on the disk of {tmp_path}")


def test_a_limit_on_open_files_is_that_of_the_process_that_runs(tmp_path: Path) -> None:
    served = Served(tmp_path, RELAY_OWNER_TOKEN=OWNER)
    asked = whole(tmp_path / "data")
    wide = only(files(asked))
    resource.prlimit(served.process.pid, resource.RLIMIT_NOFILE, (TIGHT, TIGHT))
    tight = only(files(asked))
    served.stop()

    assert f"process {served.process.pid}" in wide.what
    assert is_said(tight, WARN, f"process {served.process.pid} may have {TIGHT} open")
    assert "LimitNOFILE=65536" in tight.fix


# --------------------------------------------------------------------------------------------------------------- plugins


HEAD = """
from relay.plugin import NoOptions, Plugin, Signal

class Odd(Plugin[NoOptions]):
    '''Odd.'''
    name, version, api = "odd", "1.0", 1
    signals = {"odd.odd": 1.0}
    examples = [("odd", {"odd.odd"})]
"""
HANGS = """
    async def setup(self, context):
        while True: pass
"""
SEES = """
    async def check(self, incoming, context):
        yield Signal("odd.odd", reason="odd")
"""


@pytest.mark.parametrize(
    ("source", "table", "state", "what"),
    [
        (HEAD + SEES, "", OK, "odd 1.0: content, worker, loads"),
        (HEAD + SEES, "trusted_inline = true", OK, "odd 1.0: content, inline, loads"),
        ("print('{', flush=True)\n" + HEAD + SEES, "trusted_inline = true", OK, "odd 1.0"),
        ("import nothing_that_there_is\n" + HEAD + SEES, "", FAIL, "cannot be loaded: ModuleNotFoundError"),
        ("import os\nos._exit(0)\n", "", FAIL, "odd: broken: ended its process"),
        (HEAD + SEES, "even = 1", FAIL, "plugins.odd: even: the plugin has no such option"),
        (HEAD + HANGS + SEES, "trusted_inline = true", FAIL, "odd: not done"),
    ],
    ids=["worker", "inline", "prints", "import", "exit", "option", "hangs"],
)
def test_a_plugin_is_looked_at_from_a_distance(source: str, table: str, state: State, what: str, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "odd.py").write_text(source, "utf-8")
    config = tmp_path / "relay.toml"
    config.write_text(f'[moderation]\nfolder = "{own}"\n[plugins.odd]\n{table}\n', "utf-8")

    finding = only(plugins(whole(tmp_path / "data", config), patience=6.0 if HANGS in source else 60.0))

    assert is_said(finding, state, what)


def test_options_that_make_a_plugin_see_less_are_no_fault_of_it(tmp_path: Path) -> None:
    (tmp_path / "relay.toml").write_text("[plugins.words]\nlanguages = ['de']\n", "utf-8")

    assert is_said(only(plugins(whole(tmp_path / "data", tmp_path / "relay.toml"))), OK, "examples hold")


def test_options_and_weights_that_no_plugin_knows_are_named(tmp_path: Path) -> None:
    config = tmp_path / "relay.toml"
    config.write_text("[plugins.flood]\nbrust = 1\n[plugins.words]\n[moderation.weights]\n'odd.odd' = 1\n", "utf-8")

    flood, words, weights = plugins(whole(tmp_path / "data", config))

    assert is_said(flood, FAIL, "plugins.flood: brust: the plugin has no such option")
    assert is_said(words, OK, "words ")
    assert is_said(weights, FAIL, "odd.odd: no plugin has such a signal")
