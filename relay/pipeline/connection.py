"""The connection to one worker process: frames out, frames in, and the news that it has hung up."""

import asyncio
from collections.abc import Callable

from relay.pipeline.forks import Forks, Started
from relay.pipeline.wire import LONGEST_FRAME, Frame, Frames, WireError, packed


class Connection:
    """Reads on the running loop until it is closed.

    `take` gets each frame and may raise WireError; `lost` hears once how it ended, or that it said what it may not.
    """

    def __init__(self, forks: Forks, started: Started, take: Callable[[Frame], None], lost: Callable[[str], None]) -> None:
        self._forks = forks
        self._started = started
        self._take = take
        self._lost = lost
        self._frames = Frames()
        self._is_open = True
        started.sock.setblocking(False)  # noqa: FBT003 - the method's own shape
        asyncio.get_running_loop().add_reader(started.sock, self._readable)

    @property
    def has_started(self) -> bool:
        """Whether the fork server has come to it."""
        return self._forks.has_started(self._started.number)

    @property
    def is_launching(self) -> bool:
        """Whether it has not, since it is still being started itself."""
        return self._forks.is_launching(self._started.number)

    def printed(self) -> str:
        """What it printed before it was ready."""
        return self._started.printed()

    def send(self, frame: Frame) -> bool:
        """Whether it took all of it: it reads whenever it has written or waits, so what does not go at once never will.

        Raises WireError when the frame is too long to travel.
        """
        data = packed(frame)
        try:
            return self._started.sock.send(data) == len(data)
        except OSError:
            return False

    def close(self) -> None:
        """End the process too, with all that it started."""
        if self._is_open:
            self._is_open = False
            asyncio.get_running_loop().remove_reader(self._started.sock)
            self._forks.kill(self._started.number)
            self._started.close()

    def _readable(self) -> None:
        try:
            data = self._started.sock.recv(LONGEST_FRAME)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._lost(_how(self._forks.status(self._started.number)))
            return
        try:
            for frame in self._frames.feed(data):
                self._take(frame)
                if not self._is_open:
                    return
        except WireError as error:
            self._lost(f"broke the protocol ({error})")


def _how(status: int | None) -> str:
    if status is None or status == 0:
        return "ended its process"
    return f"ended its process by signal {-status}" if status < 0 else f"ended its process with code {status}"
