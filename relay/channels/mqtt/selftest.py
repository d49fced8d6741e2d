"""What the link rests on in the library below it, tried on a pair of sockets at each start: what is gone is named."""

import socket
from contextlib import suppress

from relay.channels.mqtt.gathered import Gathered
from relay.channels.mqtt.link import Client, LinkError, Terms, fate_of
from relay.channels.mqtt.parcel import Arrival, Fate

_NOWHERE = Terms("localhost", 1, "self-test", ())
_CONNACK = bytes.fromhex("2006010003 21 0007")  # session present, Receive Maximum 7
_PUBLISH = bytes.fromhex("3208 0001 74 1234 00 7879")  # QoS 1, topic "t", number 0x1234, "xy"
_ACKNOWLEDGED = bytes.fromhex("40021234")
_DENIED_FIRST = bytes.fromhex("4003 0001 87")  # PUBACK of number 1: not authorized


def check_library(kind: type[Client] = Client) -> None:
    """Raises LinkError that names what the installed library does not do any more. Needs a running loop."""
    arrivals: list[Arrival] = []
    answers: list[tuple[int, int]] = []
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(0)
        theirs.settimeout(0)
        try:
            client = kind(_NOWHERE, arrivals.append, lambda mid, code: answers.append((mid, code)))
            _Bench(client, ours, theirs).run(arrivals, answers)
        except (AttributeError, TypeError, KeyError) as problem:
            raise LinkError(
                f"the installed aiomqtt or paho-mqtt is not the one that the relay was written for: {problem}"
            ) from None


class _Bench:
    """A client of the library between two ends of one machine."""

    def __init__(self, client: Client, ours: socket.socket, theirs: socket.socket) -> None:
        self._client = client
        self._theirs = theirs
        self._library = client.library
        self._library.on_socket_register_write = None  # written at once, without the loop
        self._library._sock = Gathered(ours)  # noqa: SLF001 - as on a real connection

    def run(self, arrivals: list[Arrival], answers: list[tuple[int, int]]) -> None:
        self._say(_CONNACK)
        _want((self._client.is_old_session, self._client.receive_maximum) == (True, 7), "what a CONNACK says")
        self._say(_PUBLISH)
        _want([(each.topic, each.payload, each.qos) for each in arrivals] == [("t", b"xy", 1)], "handing over what arrives")
        _want(self._heard() == b"", "manual acknowledgement: a message is acknowledged before it was handled")
        self._client.acknowledge(arrivals[0].mid)
        _want(self._heard() == _ACKNOWLEDGED, "manual acknowledgement: ack() acknowledges nothing")
        mid = self._client.send("t", b"xy")
        _want(mid == 1 and self._heard()[:1] == b"\x32", "publishing without waiting")
        self._say(_DENIED_FIRST)
        _want([fate_of(code) for _, code in answers] == [Fate.DENIED], "the reason code of a PUBACK")

    def _say(self, packet: bytes) -> None:
        self._theirs.send(packet)
        self._library.loop_read()

    def _heard(self) -> bytes:
        with suppress(BlockingIOError):
            return self._theirs.recv(100)
        return b""


def _want(is_so: bool, what: str) -> None:  # noqa: FBT001 - reads as an assertion
    if not is_so:
        raise LinkError(f"the installed aiomqtt or paho-mqtt has lost something that the relay rests on: {what}")
