"""Which engines the tests run on: all of them, or those that RELAY_ENGINES names, such as `RELAY_ENGINES=sqlite make test`."""

import os
from typing import Final

SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"
ALL: Final = (SQLITE, POSTGRESQL)


def wanted() -> list[str]:
    """For the parameters of a fixture."""
    named = os.environ.get("RELAY_ENGINES", "").replace(",", " ").split()
    assert set(named) <= set(ALL), f"RELAY_ENGINES names {', '.join(named)}; there are {', '.join(ALL)}"
    return named or list(ALL)
