"""Reload in the app: every message is stored with one whole set of rules, and what cannot be used changes nothing."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from relay.app import App, open_app
from relay.compose.reload import Reload, ReloadError
from relay.configuration import Settings
from relay.core.community import Community
from relay.core.staff import Actor, Role
from relay.flows.enrol import Newcomer
from relay.flows.receive import Reply
from relay.ports import Paging, SignedIn
from relay.settings import read
from relay.stores.sqlite_file import lite
from relay.testing.clock import START

EVA = Actor("eva", "Eva", Role.MANAGER)
OWNER = "a-token-of-an-owner-with-more-than-32-characters"
MILD = '[moderation]\nflag = 1.0\nhold = 20.0\nreject = 30.0\n[moderation.weights]\n"words.insult" = 1.0\n[plugins.words]\n'
STRICT = '[moderation]\nflag = 2.0\nhold = 20.0\nreject = 30.0\n[moderation.weights]\n"words.insult" = 2.0\n[plugins.words]\n'
INSULT = "Du Idiot"
BROKEN = '''"""Cannot be set up."""
from relay.plugin import NoOptions, Plugin

class Broken(Plugin[NoOptions]):
    name, version, api = "broken", "1.0", 1
    signals = {"broken.seen": 1.0}

    async def setup(self, context):
        raise ValueError("no")

    async def check(self, incoming, context):
        return
        yield
'''


@dataclass
class Running:
    """An open app, its configuration file, and the reload of it."""

    app: App
    config: Path
    reload: Reload
    database: Path

    def write(self, text: str) -> None:
        self.config.write_text(text, "utf-8")

    async def member(self) -> SignedIn:
        community = await self.app.store.community("bad")
        if community is None:
            await self.app.flows.govern.found(EVA, Community("c", "bad", "Bad am See", START))
            return await self.member()
        welcome = await self.app.flows.enrol.add(EVA, community, Newcomer("counter", "3.4"))
        signed = await self.app.store.signed_member(welcome.member.id)
        assert signed is not None
        return signed

    async def says(self, member: SignedIn, text: str) -> None:
        await self.app.flows.receive.reply(member, Reply(text, "web"))

    def decided(self) -> list[tuple[str, float, float]]:
        """Of each message: the rules, the threshold that it was flagged by, and the weight of the insult."""
        connection = lite.connect(f"{self.database.as_uri()}?mode=ro", uri=True)
        rows = connection.execute("SELECT rule_set, thresholds, signals FROM decisions ORDER BY n").fetchall()
        connection.close()
        return [(rules, json.loads(limits)["flag"], json.loads(signals)[0]["weight"]) for rules, limits, signals in rows]

    async def rows(self) -> list[tuple[str, object]]:
        """What the audit log says of reloads."""
        found = await self.app.store.audit(Paging())
        return [(each.subject, each.detail["before"]) for each in found.items if each.action == "moderation.reload"]


@asynccontextmanager
async def opened(folder: Path, text: str = MILD) -> AsyncIterator[Running]:
    config = folder / "relay.toml"
    config.write_text(text, "utf-8")
    options = {"store.folder": folder / "data"}
    async with AsyncExitStack() as stack:
        settings = read(Settings, config, {}, options).values
        app = await open_app(settings, stack, OWNER)
        reload = Reload(app.pipeline, settings, partial(read, Settings, config, {}, options), app.store, app.moderated)
        yield Running(app, config, reload, folder / "data" / "relay.db")


async def test_under_load_every_message_is_stored_and_judged_by_one_set_of_rules(tmp_path: Path) -> None:
    async with opened(tmp_path) as running:
        members = [await running.member() for _ in range(5)]
        digests = {running.app.pipeline.digest: 1.0}
        is_over = asyncio.Event()
        counts = []

        async def write(member: SignedIn) -> None:
            count = 0
            while not is_over.is_set():
                await running.says(member, INSULT)
                count += 1
            counts.append(count)

        async with asyncio.TaskGroup() as group:
            for member in members:
                group.create_task(write(member))
            for text, weight in ((STRICT, 2.0), (MILD, 1.0), (STRICT, 2.0)):
                running.write(text)
                digests[(await running.reload()).after] = weight
            is_over.set()
        decided = running.decided()

    assert len(decided) == sum(counts)
    assert {(rules, limit, weight) for rules, limit, weight in decided} == {(d, w, w) for d, w in digests.items()}
    assert len(digests) == 2


async def test_a_swap_is_told_to_the_audit_log_the_metrics_and_whoever_asked(tmp_path: Path) -> None:
    async with opened(tmp_path) as running:
        before = running.app.pipeline.digest
        running.write(MILD + "[plugins.flood]\n")

        done = await running.reload()
        added = running.app.metrics.exposition().decode()
        running.write("[plugins]\n")
        none = await running.reload()
        removed = running.app.metrics.exposition().decode()

        assert (done.before, done.plugins, done.needs_restart) == (before, ("flood", "words"), ())
        assert (none.before, none.plugins) == (done.after, ())
        assert await running.rows() == [(none.after, done.after), (done.after, before)]
        assert 'relay_plugin_runs{plugin="flood"}' in added
        assert "relay_plugin_runs{" not in removed


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[moderation\n", "relay.toml:1: is not TOML"),
        ("[moderation]\nflag = 9.0\n", "relay.toml:1: moderation.hold: should not be below flag"),
        ("[plugins.words]\nlanguage = []\n", "relay.toml:2: plugins.words.language: the plugin has no such option"),
        ("[plugins.word]\n", "plugins.word: no plugin has this name; did you mean 'words'?"),
        ('[moderation.weights]\n"words.insul" = 1.0\n[plugins.words]\n', "relay.toml:2: moderation.weights.words.insul"),
        ('[moderation]\nfolder = "own"\n[plugins.broken]\n', "plugins.broken: "),
        ('[moderation]\nfolder = "own"\n[plugins.broken]\ntrusted_inline = true\n', "plugins.broken: could not be set up"),
    ],
)
async def test_what_cannot_be_used_leaves_everything_as_it_is(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "broken.py").write_text(BROKEN, "utf-8")
    async with opened(tmp_path) as running:
        before, member = running.app.pipeline.digest, await running.member()
        running.write(text)

        with pytest.raises(ReloadError) as caught:
            await running.reload()
        await running.says(member, INSULT)

        assert why in str(caught.value)
        assert running.decided() == [(before, 1.0, 1.0)]
        assert await running.rows() == []
        assert [state.name for state in running.app.pipeline.describe()] == ["words"]


async def test_what_is_read_at_the_start_alone_is_named_without_its_value(tmp_path: Path) -> None:
    async with opened(tmp_path) as running:
        running.write(STRICT + '[http]\nhost = "0.0.0.0"\nport = 1\n[store]\nurl = "postgresql://me:secret@db/x"\n')

        done = await running.reload()

        assert done.needs_restart == ("http.host", "http.port", "store.url")
        assert running.app.pipeline.digest == done.after


async def test_those_who_ask_at_once_share_what_begins_after_they_asked(tmp_path: Path) -> None:
    async with opened(tmp_path) as running:
        first = asyncio.create_task(running.reload())
        await asyncio.sleep(0)  # it has begun
        running.write(STRICT)

        rest = await asyncio.gather(*(running.reload() for _ in range(10)))
        await first

        assert {each.after for each in rest} == {running.app.pipeline.digest}
        assert len(await running.rows()) == 2


async def test_a_relay_that_cannot_write_it_down_stays_as_it_is(tmp_path: Path) -> None:
    async with opened(tmp_path) as running:
        before = running.app.pipeline.digest
        running.write(STRICT)
        await running.app.store.close()

        with pytest.raises(ReloadError, match="could not be written down"):
            await running.reload()

        assert running.app.pipeline.digest == before
