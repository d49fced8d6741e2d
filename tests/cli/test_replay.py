"""`relay moderation replay`: what a configuration would have made of what came, and that it changes nothing."""

import asyncio
import base64
import hashlib
import json
import select
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from relay.core.ladder import Strike
from relay.core.measure import AddStrike
from relay.core.verdict import Decision
from relay.ports import Paging
from relay.stores.sqlite import SqliteStore
from relay.stores.sqlite_file import lite
from relay.testing.clock import ManualClock
from tests.cli.conftest import OWNER, CommandLine, Served
from tests.stores.conftest import ALLOWED, HELD, REJECTED, World

SECRET = "the oyster is in bay seven"
INSULTS = "Du Idiot, du Arschloch"
NEW = """
[moderation]
flag = 1.0
hold = 2.0
[plugins.words]
"""
STOPPING = '''"""Presses Ctrl-C at a message."""
import os
import signal
from relay.plugin import NoOptions, Plugin

class Stopping(Plugin[NoOptions]):
    name, version, api = "stopping", "1.0", 1
    signals = {"stopping.seen": 1.0}

    async def check(self, incoming, context):
        if incoming.text.raw == "now":
            os.kill(os.getpid(), signal.SIGINT)
        return
        yield
'''


def fill(folder: Path, *texts: tuple[str, Decision], ago: timedelta = timedelta(hours=1), strike: bool = False) -> None:
    """A relay's data folder, in which a member wrote these, each of them a strike or none."""

    async def run() -> None:
        store = await SqliteStore.open(folder / "relay.db", lambda _changes, _outcomes: None)
        world = World(store, clock=ManualClock(datetime.now(UTC) - ago))
        member = await world.member(await world.community())
        for text, decision in texts:
            await world.wrote(member, decision, text)
        if strike:
            views = (await store.cases(member.community, None, Paging())).items
            strikes = [Strike(view.case.id, 4.0, view.at) for view in views]
            await store.commit(*(AddStrike(member.n, each, seen) for seen, each in enumerate(strikes)))
        await store.close()

    asyncio.run(run())


def contents(folder: Path, of: str = "") -> tuple[str, list[tuple[object, ...]]]:
    """The file's digest, and every row of every table, or of that one."""
    digest = hashlib.sha256((folder / "relay.db").read_bytes()).hexdigest()
    connection = lite.connect(f"{(folder / 'relay.db').as_uri()}?mode=ro", uri=True)
    try:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        tables = [name for (name,) in found if of in {"", name}]
        rows = [row for name in tables for row in connection.execute(f"SELECT * FROM {name}").fetchall()]  # noqa: S608
    finally:
        connection.close()
    return digest, rows


@pytest.fixture
def new(tmp_path: Path) -> str:
    file = tmp_path / "new.toml"
    file.write_text(NEW, "utf-8")
    return str(file)


def test_what_a_configuration_would_change_is_shown_and_nothing_is_changed(
    relay: CommandLine, tmp_path: Path, new: str
) -> None:
    fill(tmp_path / "data", (SECRET, HELD), (INSULTS, ALLOWED), ("Danke", ALLOWED))
    before = contents(tmp_path / "data")

    found = relay.json("moderation", "replay", "--since", "1d", "--config", new).thing
    shown = relay("moderation", "replay", "--since", "1d", "--config", new)

    assert contents(tmp_path / "data") == before
    assert (found["messages"], found["of"], found["flipped"]) == (3, 3, 2)
    assert (found["matrix"]["hold"]["allow"], found["matrix"]["allow"]["hold"]) == (1, 1)
    assert {(flip["then"], flip["now"]) for flip in found["flips"]} == {("hold", "allow"), ("allow", "hold")}
    (words,) = found["plugins"]
    assert (words["name"], words["runs"], words["hits"], words["errors"]) == ("words", 3, 1, 0)
    assert words["mean_us"] > 0
    assert words["p99_us"] > 0
    assert shown.code == 0
    assert "hold > allow" in shown.out
    assert found["rules"] in shown.out


def test_texts_are_shown_only_when_they_are_asked_for(relay: CommandLine, tmp_path: Path, new: str) -> None:
    fill(tmp_path / "data", (SECRET, HELD))

    silent = [relay("moderation", "replay", "--config", new, *more) for more in ((), ("--json",))]
    open_ = [relay("moderation", "replay", "--config", new, "--texts", *more) for more in ((), ("--json",))]

    assert all(SECRET not in result.out + result.err for result in silent)
    assert all(SECRET in result.out for result in open_)


def test_what_would_be_brought_before_staff_can_be_labelled_and_read_again(
    relay: CommandLine, tmp_path: Path, new: str
) -> None:
    fill(tmp_path / "data", (INSULTS, ALLOWED), (INSULTS + "!", HELD), ("Danke", ALLOWED))
    file = tmp_path / "alarms.jsonl"

    silent = relay("moderation", "replay", "--config", new, "--label", str(file))
    again = relay("moderation", "replay", "--config", new, "--label", str(file))
    scored = relay("moderation", "score", "--config", new, str(file))

    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert [(line["text"], line["label"], line["then"], line["now"]) for line in lines] == [
        (INSULTS, None, "allow", "hold"),
        (INSULTS + "!", None, "hold", "hold"),
    ]
    assert file.stat().st_mode & 0o777 == 0o600
    assert (silent.code, scored.code, again.code) == (0, 0, 2)
    assert [json.loads(line)["id"] for line in scored.out.splitlines()] == [line["id"] for line in lines]
    assert "labels in it are not written over" in again.err
    assert INSULTS not in silent.out + silent.err


def test_how_far_strikes_would_lead_is_shown(relay: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "new.toml").write_text("[plugins.words]\n[moderation.ladder]\nmute = 11\n", "utf-8")
    fill(tmp_path / "data", *[(INSULTS, REJECTED)] * 3, strike=True)

    found = relay.json("moderation", "replay", "--config", str(tmp_path / "new.toml")).thing
    shown = relay("moderation", "replay", "--config", str(tmp_path / "new.toml"))

    reached = {step["measure"]: (step["then"], step["now"]) for step in found["steps"] if step["then"] or step["now"]}
    assert reached == {"mute": (1, 0), None: (0, 1)}
    assert "strikes lead to" in shown.out


def test_a_program_can_follow_how_far_it_is(relay: CommandLine, tmp_path: Path, new: str) -> None:
    fill(tmp_path / "data", (INSULTS, HELD), ("Danke", ALLOWED))

    result = relay("moderation", "replay", "--config", new, "--progress", "--json")

    assert [json.loads(line)["done"] for line in result.err.splitlines()] == [0, 2]


def test_a_relay_that_serves_goes_on_meanwhile(relay: CommandLine, tmp_path: Path, new: str) -> None:
    fill(tmp_path / "data", (INSULTS, ALLOWED))
    serving = Served(tmp_path, RELAY_OWNER_TOKEN=OWNER)
    try:
        kept = ("messages", "decisions", "cases", "streams", "audit")
        rows = [contents(tmp_path / "data", table)[1] for table in kept]

        found = relay.json("moderation", "replay", "--config", new).thing

        assert found["matrix"]["allow"]["hold"] == 1
        assert [contents(tmp_path / "data", table)[1] for table in kept] == rows
        assert relay("staff", "list", RELAY_URL=serving.url, RELAY_TOKEN=OWNER).code == 0
    finally:
        serving.stop()


def test_no_service_is_asked(relay: CommandLine, tmp_path: Path) -> None:
    fill(tmp_path / "data", (INSULTS, HELD))
    with socket.create_server(("127.0.0.1", 0)) as service:
        url = f"http://127.0.0.1:{service.getsockname()[1]}"
        config = tmp_path / "new.toml"
        secret = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes ...").decode()
        remote = f'[plugins.remote]\nurl = "{url}/check"\nsecret = "{secret}"\n'
        config.write_text(f'[moderation.http]\nprivate = ["{url}"]\n[plugins.words]\n{remote}', "utf-8")

        found = relay.json("moderation", "replay", "--config", str(config)).thing
        shown = relay("moderation", "replay", "--config", str(config))

        asked, _, _ = select.select([service], [], [], 0)
    assert not asked
    assert found["left_out"] == ["remote"]
    assert [plugin["name"] for plugin in found["plugins"]] == ["words"]
    assert found["flips"] == []
    assert "Left out, since they ask services and nothing is sent: remote." in shown.out


def test_the_time_and_the_number_can_be_bounded(relay: CommandLine, tmp_path: Path, new: str) -> None:
    fill(tmp_path / "data", *[("Hallo", ALLOWED)] * 5, ago=timedelta(days=3))

    last_day = relay("moderation", "replay", "--since", "1d", "--config", new)
    first_two = relay.json("moderation", "replay", "--since", "1w", "--limit", "2", "--config", new).thing
    no_time = relay("moderation", "replay", "--since", "soon", "--config", new)

    assert last_day.code == 0
    assert "No member wrote" in last_day.out
    assert (first_two["messages"], first_two["of"]) == (2, 2)
    assert no_time.code == 2
    assert "'soon' is no time: write 30d" in no_time.err


def test_what_is_done_when_somebody_stops_it_is_shown(relay: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "stopping.py").write_text(STOPPING, "utf-8")
    config = tmp_path / "new.toml"
    config.write_text('[moderation]\nfolder = "own"\n[plugins.stopping]\ntrusted_inline = true\n', "utf-8")
    fill(tmp_path / "data", *((text, ALLOWED) for text in ("Hallo", "Hallo", "now", "Danke", "Danke")))

    result = relay("moderation", "replay", "--config", str(config), "--json")

    assert result.code == 3
    assert (result.thing["messages"], result.thing["of"], result.thing["matrix"]["allow"]["allow"]) == (3, 5, 3)
    assert "Stopped after 3 of 5 messages" in result.err


def test_what_is_not_there_or_cannot_be_used_is_said(relay: CommandLine, tmp_path: Path, new: str) -> None:
    (tmp_path / "bad.toml").write_text('[plugins.words]\nlanguages = "de"\n', "utf-8")
    nothing = relay("moderation", "replay", "--config", new)

    fill(tmp_path / "data", ("Hallo", ALLOWED))
    bad = relay("moderation", "replay", "--config", str(tmp_path / "bad.toml"))

    assert (nothing.code, bad.code) == (1, 2)
    assert "relay.db cannot be read" in nothing.err
    assert "bad.toml:2: plugins.words.languages" in bad.err
