"""Both event loops and both ways of reading for the tests of the socket."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from importlib import import_module
from importlib.util import find_spec

import pytest

from tests.channels.web.rig import Rig


def pytest_asyncio_loop_factories(
    config: pytest.Config,  # noqa: ARG001 - the hook's signature
    item: pytest.Item,
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    factories: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    if item.path.name == "test_socket.py" and find_spec("uvloop"):
        factories["uvloop"] = import_module("uvloop").new_event_loop
    return factories


@pytest.fixture(params=["slim", "plain"])
async def rig(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Rig]:
    """Whatever a test does to the connection, nothing may complain about it."""
    caplog.set_level(logging.INFO)
    rig = Rig(slim=request.param == "slim")
    await rig.start()
    yield rig
    await rig.stop()
    assert [entry for entry in caplog.records if entry.levelno >= logging.WARNING] == []
