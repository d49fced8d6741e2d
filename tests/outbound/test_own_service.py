"""The how-to's own service, as a process, asked by the relay's moderation as it is configured."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from relay.compose.moderation import build_pipeline
from relay.configuration import Settings
from relay.core.verdict import Action
from relay.loader import PluginError
from relay.pipeline.pipeline import Pipeline
from relay.testing.moderation import submission
from relay.testing.services import FakeService, reply

PAGE = Path(__file__).parent.parent.parent / "docs/how-to/ask-your-own-service.md"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def port() -> Iterator[int]:
    """Where the service of the page runs, which is given a secret and a port."""
    _, _, after = PAGE.read_text("utf-8").partition("```python no-run\n")
    code = after.partition("```")[0]
    environment = {**os.environ, "SECRET": SECRET, "PORT": "0"}
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline().split()[-1])
        process.kill()


@asynccontextmanager
async def moderation(folder: Path, port: int, secret: str = SECRET) -> AsyncIterator[Pipeline]:
    url = f"http://127.0.0.1:{port}"
    settings = Settings.model_validate(
        {
            "store": {"folder": folder},
            "moderation": {"http": {"private": [url]}},
            "plugins": {"remote": {"url": f"{url}/check", "secret": secret}},
        }
    )
    pipeline = build_pipeline(settings, guarded=True)
    try:
        await pipeline.open()
        yield pipeline
    finally:
        await pipeline.close()


async def test_it_sees_what_the_page_says(port: int, tmp_path: Path) -> None:
    async with moderation(tmp_path, port) as pipeline:
        clean = await pipeline.judge(submission("Guten Morgen, grüß euch!"))
        casino = await pipeline.judge(submission("Join my CASINO tonight!"))

    assert (clean.action, clean.failures) == (Action.ALLOW, ())
    assert [(seen.signal.name, seen.signal.reason) for seen in casino.signals] == [("remote.spam", "it advertises a casino")]
    assert casino.action is Action.HOLD


async def test_it_refuses_who_does_not_know_the_secret(port: int, tmp_path: Path) -> None:
    async with moderation(tmp_path, port, "whsec_" + "A" * 32) as pipeline:
        decision = await pipeline.judge(submission("Guten Morgen!"))

    assert decision.action is Action.HOLD
    assert decision.failures[0][1].endswith(f": http://127.0.0.1:{port} answered with status 401")


def test_a_service_that_could_not_be_asked_is_refused_at_the_start(tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {"store": {"folder": tmp_path}, "plugins": {"remote": {"url": "http://127.0.0.1:8000/check", "secret": SECRET}}}
    )

    with pytest.raises(PluginError, match=r'write private = \["http://127.0.0.1:8000"\] under \[moderation.http\]'):
        build_pipeline(settings)


async def test_a_model_is_asked_over_http_about_what_is_doubtful(tmp_path: Path) -> None:
    said = {"choices": [{"message": {"content": '{"kind": "abuse", "certainty": 1.0}'}}]}
    async with FakeService() as service:
        service.says(reply(said), reply(status=429, headers={"Retry-After": "60"}))
        settings = Settings.model_validate(
            {
                "store": {"folder": tmp_path},
                "moderation": {"http": {"private": [service.url]}},
                "plugins": {"words": {}, "llm": {"url": f"{service.url}/v1/chat/completions", "model": "m", "api_key": "hush"}},
            }
        )
        pipeline = build_pipeline(settings, guarded=True)
        try:
            decisions = [await pipeline.judge(submission(text)) for text in ("Guten Morgen!", *["Du Idiot!"] * 3)]
        finally:
            await pipeline.close()

    assert [decision.action for decision in decisions] == [Action.ALLOW, Action.HOLD, Action.FLAG, Action.FLAG]
    assert [got.headers["authorization"] for got in service.got] == ["Bearer hush"] * 2
