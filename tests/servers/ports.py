"""Ports for servers that go and come back: of those that the system gives to nobody by itself, and each process its own."""

import os
import random
import socket
from pathlib import Path
from typing import Final

FIRST: Final = 10_000
GIVEN: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")  # to whoever asks for port 0, and to every connection
GIVEN_ELSEWHERE: Final = 49_152  # RFC 6335, 6
PROCESSES: Final = 16  # of one run that never choose the same


def own_port() -> int:
    """One of 127.0.0.1 on which nobody listens; nobody takes it while its server is not there yet, or away."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % PROCESSES
    ports = range(FIRST + number, _first_given(), PROCESSES)
    while True:
        port = random.SystemRandom().choice(ports)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def _first_given() -> int:
    if not GIVEN.exists():
        return GIVEN_ELSEWHERE
    return max(2 * FIRST, int(GIVEN.read_text().split()[0]))  # where that begins early, some are shared
