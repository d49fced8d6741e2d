"""Relays, callers and the figures of the tests against networks that misbehave."""

import json
from collections.abc import Callable, Mapping, Sequence

import pytest

from tests.e2e.conftest import http, start_relay
from tests.e2e.server import PROGRAM

__all__ = ["figures", "http", "start_relay"]


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Callable[..., None]:
    """`figures(name=value, ...)` prints a JSON line: shown with a failure, and of every test by `pytest -rP`."""

    def tell(**found: object) -> None:
        print("figures", json.dumps({"test": request.node.name, **found}, default=str))  # noqa: T201  the report of `make soak`

    return tell


@pytest.fixture
def engine() -> Mapping[str, str]:
    """What the network does is the same to either engine: SQLite."""
    return {}


@pytest.fixture
def program() -> Sequence[str]:
    """What a relay holds in memory is measured."""
    return PROGRAM
