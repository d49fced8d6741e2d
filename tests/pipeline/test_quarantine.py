"""Plugins that held the loop: in a worker from the next start on, until something about them changes."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import BaseModel, Field

from relay.pipeline.source import moved
from relay.pipeline.watchdog import fingerprint
from relay.plugin import Context, Foreign, Incoming, Plugin, Signal


class Options(BaseModel):
    n: int = Field(1, description="anything")


class Holder(Plugin[Options]):
    name, version = "holder", "1.0"
    signals: ClassVar = {"holder.x": 1.0}

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        yield Signal("holder.x")


class Newer(Holder):
    version = "1.1"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """What the guard leaves of a `Holder` with its default options."""
    known = {"holder": {"fingerprint": fingerprint(Holder(Options())), "at": "2030-01-01T12:00:00+00:00", "held_s": 2.0}}
    path = tmp_path / "plugins.json"
    path.write_text(json.dumps(known))
    return path


def test_it_moves_into_a_worker_and_says_why(file: Path) -> None:
    (placed,) = moved([Holder(Options())], file)

    assert isinstance(placed, Foreign)
    assert (placed.label.name, placed.options, placed.broken) == ("holder", {"n": 1}, "")
    assert placed.reason.startswith("held the relay up for 2 s on 2030-01-01T12:00:00+00:00")


@pytest.mark.parametrize("plugin", [Holder(Options(n=2)), Newer(Options())], ids=["options", "version"])
def test_it_stays_inside_once_something_about_it_has_changed(plugin: Holder, file: Path) -> None:
    assert moved([plugin], file) == [plugin]


def test_without_a_list_everything_stays_where_it_is(tmp_path: Path) -> None:
    plugin = Holder(Options())

    assert moved([plugin], tmp_path / "none.json") == [plugin]
