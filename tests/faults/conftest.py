"""Which faults a quick run plants: as many as fit into its time, drawn by the seed; the long sizes plant all of them."""

from random import Random

import pytest

from tests.conftest import SEED, is_soak
from tests.faults.tree import Fault

AT_ONCE = 12  # in about a minute and a half on two cores


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Whoever asks for a few by name gets these."""
    found = {fault.path.stem: fault for item in items if isinstance(fault := _param(item, "fault"), Fault)}
    if is_soak() or len(found) <= AT_ONCE:
        return
    drawn = {found[name] for name in Random(config.stash[SEED]).sample(sorted(found), AT_ONCE)}
    left = [item for item in items if not _is_drawn(item, drawn)]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in left]


def _is_drawn(item: pytest.Item, drawn: set[Fault]) -> bool:
    """That a test is green without its fault this very run sees outside of here."""
    fault = _param(item, "fault")
    return fault in drawn if fault is not None else _param(item, "red") is None


def _param(item: pytest.Item, name: str) -> object:
    """A fault or a test of test_faults.py; other files have parameters of these names too, perhaps."""
    if not isinstance(item, pytest.Function) or not item.nodeid.startswith("tests/faults/") or not hasattr(item, "callspec"):
        return None
    return item.callspec.params.get(name)
