"""How plugins do stands in the metrics, asked when somebody reads them."""

from contextlib import AsyncExitStack
from pathlib import Path

from relay.app import open_app
from relay.configuration import Settings, StoreSettings
from relay.testing.moderation import submission
from tests.e2e.server import OWNER_TOKEN


async def test_each_plugin_has_its_figures(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        app = await open_app(Settings(store=StoreSettings(folder=tmp_path)), stack, OWNER_TOKEN)
        await app.pipeline.judge(submission("good morning"))

        lines = app.metrics.exposition().decode().splitlines()

    for plugin, runs in (("words", 1.0), ("flood", 1.0), ("repeat", 0.0)):
        assert f'relay_plugin_running{{plugin="{plugin}"}} 1.0' in lines
        assert f'relay_plugin_runs{{plugin="{plugin}"}} {runs}' in lines
        assert f'relay_plugin_errors{{plugin="{plugin}"}} 0.0' in lines
        assert f'relay_plugin_restarts{{plugin="{plugin}"}} 0.0' in lines
