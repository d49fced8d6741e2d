"""A replay that staff ask a running relay for: what it finds, what is wrong with a configuration, that nothing is changed."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from relay.cli.look import looking
from relay.compose.rejudging import Rejudging
from relay.configuration import Settings
from relay.core.errors import Invalid
from relay.core.moment import rfc3339
from relay.core.replay_job import Wanted
from relay.settings import read
from tests.e2e.cast import Cast
from tests.e2e.client import Json
from tests.e2e.conftest import Relay

INSULTS = "Du Idiot, du Arschloch"
KEPT = (
    "communities", "members", "streams", "deliveries", "threads", "messages", "decisions", "cases", "strikes", "measures",
    "consents", "tokens", "posts",
)  # fmt: skip
OWN = '''"""Sees what it is told to."""
from pydantic import BaseModel
from relay.plugin import Plugin, Signal

class Options(BaseModel):
    word: str = "hello"

class Own(Plugin[Options]):
    name, version, api = "own", "1.0", 1
    signals = {"own.seen": 6.0}

    async def check(self, incoming, context):
        if self.options.word in incoming.text.raw.lower():
            yield Signal("own.seen")
'''
NEW = """
[moderation]
hold = 2.0
flag = 1.0
folder = "elsewhere"

[plugins.words]
[plugins.own]
word = "thanks"
"""


def settings_of(folder: Path, engine: Mapping[str, str]) -> Settings:
    return read(Settings, None, engine, {"store.folder": folder}).values


async def rows(settings: Settings) -> dict[str, list[str]]:
    """All that a replay could have changed."""
    async with looking(settings) as look:
        return {table: sorted(map(repr, await look._rows(f"SELECT * FROM {table}"))) for table in KEPT}  # noqa: S608, SLF001


async def ended(cast: Cast, place: str) -> Json:
    """As the page asks, until it is over."""
    return await cast.owner.until(place, lambda job: job["state"] != "running")


async def test_another_configuration_is_tried_on_what_came_and_nothing_is_changed(
    start_relay: Relay, engine: Mapping[str, str], http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "own.py").write_text(OWN, "utf-8")
    server = await start_relay(RELAY_MODERATION__FOLDER=str(tmp_path / "own"), RELAY_PLUGINS__OWN="{}")
    async with Cast(http, server) as cast:
        await cast.found("pool")
        await cast.found("hall")
        for slug, text in (("pool", INSULTS), ("pool", "Many thanks"), ("pool", "hello"), ("hall", INSULTS)):
            member = await cast.enrol(slug)
            await member.api.want(202, "POST", "/v1/me/messages", {"client_id": "c", "text": text})
        place = "/v1/communities/pool/moderation:replay"
        since = rfc3339(datetime.now(UTC) - timedelta(days=1))
        before = await rows(settings_of(tmp_path / "data", engine))

        asked = await cast.owner.want(202, "POST", place, {"config": NEW, "since": since})
        done = await ended(cast, place)
        after = await rows(settings_of(tmp_path / "data", engine))
        faulty = await cast.owner.want(202, "POST", place, {"config": "[plugins.words]\n\nlanguage = 1\n", "since": since})
        failed = await ended(cast, place)
        await cast.owner.want(204, "DELETE", place)
        none = await cast.owner.want(200, "GET", place)
        seen = [row["action"] for row in (await cast.owner.want(200, "GET", "/v1/audit"))["items"]]

    found = done["found"]
    assert (asked["state"], faulty["state"], done["state"], done["why"]) == ("running", "running", "done", "")
    assert (found["messages"], found["of"], found["flipped"]) == (3, 3, 3)
    assert {(flip["text"], flip["then"], flip["now"]) for flip in found["flips"]} == {
        (INSULTS, "allow", "hold"),
        ("Many thanks", "allow", "hold"),
        ("hello", "hold", "allow"),
    }
    assert {cost["name"] for cost in found["plugins"]} == {"own", "words"}
    assert len(found["steps"]) == 6
    assert after == before
    assert (failed["state"], failed["found"]) == ("failed", None)
    assert "line 3: plugins.words.language: " in failed["why"]
    assert (none["state"], none["found"]) == ("none", None)
    assert {"replay.start", "replay.read", "replay.stop"} <= set(seen)


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ("[moderation]\nflag = 9\nhold = 'x'", "line 3: moderation.hold"),
        ("[moderation]\nflag = \n", "line 2: is not TOML"),
        ("[store]\nurl = 'postgresql://elsewhere/x'\n[moderation]\n", "line 1: store: belongs to another part"),
        ("log.level = 'debug'", "line 1: log: belongs to another part"),
        ("[plugins.own]\ntrusted_inline = true", "line 2: plugins.own.trusted_inline: leave it out"),
        ("[moderation.raids]", "line 1: moderation.raids: unknown key"),
    ],
)
async def test_a_configuration_that_cannot_be_used_is_told_with_its_line(tmp_path: Path, config: str, why: str) -> None:
    rejudging = Rejudging(settings_of(tmp_path, {}))

    with pytest.raises(Invalid) as told:
        await rejudging.check(config)

    assert told.value.faults[0].loc == ("body", "config")
    assert told.value.faults[0].msg.startswith(why)


async def test_one_that_is_stopped_before_it_has_begun_ends_all_the_same(tmp_path: Path) -> None:
    stop = asyncio.Event()
    stop.set()
    wanted = Wanted("pool", "", datetime.now(UTC) - timedelta(days=1))

    with pytest.raises(Invalid):
        await Rejudging(settings_of(tmp_path, {}))(wanted, lambda _done, _of: None, stop)
