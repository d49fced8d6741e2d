"""A relay that pushes to a platform of the test, in a process of its own. Arguments: the platform's port, then those of run.py.

The platform is reached over TCP, a connection for each sending: one line of JSON out, one line back when it was taken.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from pydantic import SecretStr

from relay.app import First, serve
from relay.compose.reload import Wishes
from relay.configuration import Settings, StoreSettings
from relay.core.attempt import Receipt, Sending
from relay.core.rate import Rate
from relay.observe import LogSettings, set_up_logs
from relay.settings import Loaded
from relay.web.settings import HttpSettings

CHANNEL = "platform"


class Platform:
    """Takes what is sent to it when it says so."""

    name = CHANNEL
    rate = Rate(burst=1000, per_second=1000)

    def __init__(self, port: int) -> None:
        self._port = port

    async def send(self, sending: Sending) -> Receipt:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            said = {"reference": sending.reference, "address": sending.address, "item": sending.item.id}
            writer.write(json.dumps(said).encode() + b"\n")
            if not await reader.readline():
                raise ConnectionError
        finally:
            writer.close()
        return Receipt(sending.reference)


async def run(port: int, data: Path) -> None:
    stop, never = asyncio.Event(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    url, takeover_s = SecretStr(os.environ["RELAY_STORE__URL"]), float(os.environ["RELAY_STORE__TAKEOVER_S"])
    store = StoreSettings(folder=data, url=url, takeover_s=takeover_s)
    log = LogSettings(format="json")
    set_up_logs(sys.stderr, log)
    settings = Settings(store=store, http=HttpSettings(port=0), log=log)

    def ready(url: str, _first: First | None) -> None:
        print(f"ready {url}", flush=True)  # noqa: T201  as `relay serve` says it

    wishes = Wishes(stop, never, lambda: Loaded(settings, {}))
    await serve(settings, ready, wishes, os.environ["RELAY_OWNER_TOKEN"], [Platform(port)])


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1]), Path(sys.argv[sys.argv.index("--data") + 1])))
