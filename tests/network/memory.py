"""What the kernel says a process holds: memory, its peak, open files, processor time; and waiting until it says so."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.server import within

MIB = 1 << 20
LOOK_S = 0.05  # between two looks: the kernel tells nobody


@dataclass(slots=True)
class Memory:
    """Resident bytes of a process: before (when this is made), at most since then, and now."""

    pid: int
    before: int = field(init=False)

    def __post_init__(self) -> None:
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")  # the peak begins anew
        self.before = self.now

    @property
    def now(self) -> int:
        return self._status("VmRSS")

    @property
    def peak(self) -> int:
        return self._status("VmHWM")

    @property
    def growth(self) -> int:
        """How much more than before it ever held."""
        return self.peak - self.before

    def __str__(self) -> str:
        """In MiB."""
        most = f"{self.peak / MIB:.1f} at most (+{self.growth / MIB:.1f})"
        return f"{self.before / MIB:.1f} MiB before, {most}, {self.now / MIB:.1f} after"

    def _status(self, name: str) -> int:
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        (line,) = (line for line in lines if line.startswith(f"{name}:"))
        return int(line.split()[1]) * 1024


def open_files(pid: int) -> int:
    """How many descriptors it holds."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def cpu_seconds(pid: int) -> float:
    """Processor time of all its threads."""
    spent = [path.read_text().split()[0] for path in Path(f"/proc/{pid}/task").glob("*/schedstat")]
    return sum(map(int, spent)) / 1e9


async def settled(is_so: Callable[[], bool], limit: float) -> None:
    """Look until it is so."""
    async with within(limit, f"what {is_so.__qualname__} waits for"):
        while not is_so():
            await rest(LOOK_S)


async def rest(seconds: float) -> None:
    """Time in which something must not happen."""
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, over.set)
    await over.wait()
