"""A broker for each test, with the rules of the relay."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers.plain_broker import PlainBroker, in_memory


@pytest.fixture
def broker(require: Callable[[str], Path]) -> Iterator[PlainBroker]:
    with in_memory(require) as server:
        yield server
