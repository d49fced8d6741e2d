"""Rows: what is promised with a long size, and which test shows it."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("rows.toml")


@dataclass(frozen=True, slots=True)
class Row:
    """`quick` is what one run adds to reach `long`; `whole` runs in its long size at once."""

    name: str
    shows: str
    test: str
    quick: int
    long: int
    whole: bool = False

    def command(self, seed: int) -> str:
        """What repeats a run."""
        size = "RELAY_SOAK=1 " if self.whole else ""
        return f'{size}RELAY_SEED={seed} make test ARGS="{self.test} -x"'


def rows(table: Path = TABLE) -> tuple[Row, ...]:
    """In the order of the table."""
    return tuple(Row(name, **values) for name, values in tomllib.loads(table.read_text("utf-8")).items())
