"""The link to a broker: one connection after the other, each with the same durable session. Nothing else imports aiomqtt.

It covers what aiomqtt leaves open. A publish that the broker denies returns there as if it had gone well: here every publish
ends in a `Fate`, read from the reason code of its PUBACK; what is larger than the broker takes, which would end the
connection (MQTT 5, 3.1.2.11.4), in one that is final. There QoS 1 is acknowledged before anybody has looked at it: here
what arrives stays the broker's until `settle`, in the order of arrival (MQTT 5, 4.6). There a full queue drops what was
acknowledged: here the Receive Maximum bounds what the broker sends ahead. There a lost connection ends everything: here `run`
comes back, with a jitter, to the session it left. And messages are handed over by callbacks, not one a task.
"""

import asyncio
import logging
import socket
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from random import Random
from typing import Protocol

import aiomqtt
import structlog
from paho.mqtt.client import Client as Paho
from paho.mqtt.client import ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from relay.channels.mqtt.gathered import Gathered
from relay.channels.mqtt.parcel import Arrival, Fate, Reply, Settled

RECEIVE_MAXIMUM = 1024  # messages that the broker may send ahead of their being settled; at 64 KiB each 64 MiB
IN_FLIGHT = 1024  # publishes under way; the broker may ask for fewer
LARGEST_PACKET = 1_048_576  # bytes; what is larger stays at the broker, which says so to nobody
NO_LIMIT = 268_435_460  # bytes of a packet: the protocol's own bound, where the broker names none
SESSION_EXPIRY = 0xFFFFFFFF  # never: what the broker holds for the relay outlives any outage
KEEP_ALIVE = 15  # seconds of silence until a ping; after as long again without an answer the connection counts as lost
TIMEOUT = 5.0  # seconds for the broker to answer a CONNECT, SUBSCRIBE or DISCONNECT
SOONEST, LATEST = 0.25, 15.0  # seconds between two connects: doubled each time, with a jitter of half
STEADY = 5.0  # seconds that a connection has to last for the next one to come soonest

NOBODY, FIRST_FAULT = 0x10, 0x80  # reason codes (MQTT 5, 2.4)
FULL_CODES = frozenset({0x80, 0x83, 0x97})  # unspecified, implementation specific, quota exceeded: later it may work
TAKEN_OVER = 0x8E

log = structlog.get_logger(__name__)
_quiet = logging.getLogger("relay.mqtt.library")  # the library logs topics, which hold members' ids
_quiet.setLevel(logging.CRITICAL)


class LinkError(Exception):
    """The broker is not reached, or does not let the relay do what it needs; the message says which."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Where the broker is and as whom the relay connects; `topics` are the filters it subscribes to, all with QoS 1.

    Of one that is not durable the broker keeps no session, neither from before nor for later.
    """

    host: str
    port: int
    client_id: str
    topics: tuple[str, ...]
    user: str | None = None
    password: str | None = None
    tls: ssl.SSLContext | None = None
    is_durable: bool = True


class Handler(Protocol):
    """Who is told, on the loop. `arrived` has to end in `settle`; `came` says that there is room, and after every loss."""

    def arrived(self, arrival: Arrival, /) -> None: ...
    def came(self, /) -> None: ...
    def went(self, /) -> None: ...
    def has_room(self, /) -> None: ...


class Link:
    """Stays connected while `run` runs. `why_away` says why it is not, None while it is; `is_refused`: by the broker itself.

    Nothing connects while `may_connect` says no: a process that was paused must not take its session from the one after it.
    """

    def __init__(self, terms: Terms, random: Random, may_connect: Callable[[], bool] = lambda: True) -> None:
        self.terms = terms
        self.why_away: str | None = "not connected yet"
        self.is_refused = False
        self._may_connect = may_connect
        self.handler: Handler | None = None
        self.connections = 0
        self._random = random
        self._client: Client | None = None
        self._attempt = 0
        self._most = 0
        self._under_way: dict[int, Settled | None] = {}
        self._unsettled: deque[Arrival] = deque()

    # ------------------------------------------------------------------------------------------------------ for callers

    @property
    def room(self) -> int:
        """How many more may be published now; 0 while it is away."""
        return self._most - len(self._under_way)

    def publish(self, topic: str, payload: bytes, settled: Settled | None = None, correlation: bytes | None = None) -> bool:
        """QoS 1, never retained. False: nothing was done, there is no room. Else `settled` hears its fate, exactly once."""
        if self._client is None or len(self._under_way) >= self._most:
            return False
        properties = _answering(correlation)
        if size_of(topic, payload, properties) > self._client.largest:
            log.warning("too large for the broker", bytes=len(payload))
            asyncio.get_running_loop().call_soon(settled or _nobody_hears, Fate.DENIED)
            return True
        mid = self._client.send(topic, payload, properties)
        if mid is None:
            return False
        self._under_way[mid] = settled
        return True

    def settle(self, arrival: Arrival) -> None:
        """It was handled: the broker may forget it, once all that came before it were. One of a lost connection comes again."""
        arrival.is_handled = True
        self._acknowledge()

    def is_current(self, arrival: Arrival) -> bool:
        """False: it comes again on the connection after the one it came on."""
        return arrival.connection == self._attempt

    async def run(self) -> None:
        """Stays connected until it is cancelled, and leaves in good manners then; the session stays at the broker."""
        loop, pause = asyncio.get_running_loop(), SOONEST
        while True:
            began = loop.time()
            why = await self._stay() if self._may_connect() else "it is another relay's turn"
            if self.why_away != why:
                log.warning("broker away", why=why)
            self.why_away = why
            pause = SOONEST if loop.time() - began >= STEADY else pause
            await asyncio.sleep(pause * self._random.uniform(0.5, 1.0))
            pause = min(LATEST, 2 * pause)

    # ------------------------------------------------------------------------------------------------- one connection

    async def _stay(self) -> str:
        """One connection, until it ends; why it did."""
        self._attempt += 1
        client = Client(self.terms, self._arrived, self._answered)
        try:
            async with client.connected():
                await self._subscribe(client)
                _heed_cancellation()
                self._begin(client)
                await client.over()
        except (aiomqtt.MqttError, LinkError, OSError, ValueError) as problem:
            return client.reason or str(problem) or type(problem).__name__
        finally:
            self.is_refused = client.is_refused
            self._lost()
        return "the broker ended the connection"

    def _begin(self, client: "Client") -> None:
        self._client = client
        self._most = min(IN_FLIGHT, client.receive_maximum)
        self.connections += 1
        self.why_away = None
        log.info("broker reached", in_flight=self._most, is_old_session=client.is_old_session)
        self._acknowledge()
        if self.handler is not None:
            self.handler.came()

    async def _subscribe(self, client: "Client") -> None:
        """Every time, since a broker that lost its disk knows of no subscription."""
        options = SubscribeOptions(qos=1, noLocal=True, retainAsPublished=True, retainHandling=2)
        for topic in self.terms.topics:
            for code in await client.subscribe(topic, options=options):
                if _code(code) != 1:
                    raise LinkError(f"the broker does not let the relay subscribe to {topic} with QoS 1")

    def _lost(self) -> None:
        """What was under way may or may not have arrived; what came in and is not settled comes again."""
        client, self._client, self._most = self._client, None, 0
        self.why_away = self.why_away or "the connection is over"
        self._attempt += 1
        self._unsettled.clear()
        under_way, self._under_way = self._under_way, {}
        for settled in under_way.values():
            if settled is not None:
                settled(Fate.LOST)
        if client is not None and self.handler is not None:
            self.handler.went()

    def _arrived(self, arrival: Arrival) -> None:
        """Also before the connection counts as made: the broker sends what it kept right behind its CONNACK."""
        arrival.connection = self._attempt
        if arrival.qos:
            self._unsettled.append(arrival)
        else:
            arrival.is_handled = True
        if self.handler is not None:
            self.handler.arrived(arrival)

    def _acknowledge(self) -> None:
        waiting = self._unsettled
        while self._client is not None and waiting and waiting[0].is_handled:
            self._client.acknowledge(waiting.popleft().mid)

    def _answered(self, mid: int, code: int) -> None:
        settled = self._under_way.pop(mid, None)
        if settled is not None:
            settled(fate_of(code))
        if self.handler is not None:
            self.handler.has_room()


@asynccontextmanager
async def visiting(terms: Terms) -> AsyncIterator["Client"]:
    """Connected once, for the block, with a session that is new and goes with it. Raises LinkError."""
    client = Client(replace(terms, is_durable=False), _nobody_hears, _nobody_hears)
    try:
        async with client.connected():
            yield client
    except (aiomqtt.MqttError, OSError, ValueError) as problem:
        raise LinkError(client.reason or str(problem) or type(problem).__name__) from None


def _nobody_hears(*_: object) -> None:
    """Nothing is expected."""


def _heed_cancellation() -> None:
    """A connect that fails after it stands before it, and until Python 3.12 `asyncio.wait_for` may keep it to itself."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _code(granted: int | ReasonCode) -> int:
    return granted if isinstance(granted, int) else int(granted.value)


def fate_of(code: int) -> Fate:
    """By the reason code of a PUBACK."""
    if code < FIRST_FAULT:
        return Fate.NOBODY if code == NOBODY else Fate.SENT
    return Fate.FULL if code in FULL_CODES else Fate.DENIED


def size_of(topic: str, payload: bytes, properties: Properties | None = None) -> int:
    """Bytes of the PUBLISH, at most: its head, whose length takes up to four, topic, number, properties and payload."""
    packed = len(properties.pack()) if properties is not None else 1  # type: ignore[no-untyped-call]
    return 5 + 2 + len(topic.encode()) + 2 + packed + len(payload)


def _answering(correlation: bytes | None) -> Properties | None:
    if correlation is None:
        return None
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.CorrelationData = correlation
    return properties


# ------------------------------------------------------------------------------------------------------- the library's side


class Client(aiomqtt.Client):
    """aiomqtt's own for connecting, its callbacks exchanged; MQTT 5, whose reason codes everything here rests on."""

    def __init__(self, terms: Terms, arrived: Callable[[Arrival], None], answered: Callable[[int, int], None]) -> None:
        self.receive_maximum = 65_535
        self.largest = NO_LIMIT
        self.is_old_session = False
        self.is_refused = False
        self.is_over = False
        self.reason = ""
        self._arrived = arrived
        self._answered = answered
        super().__init__(
            terms.host,
            terms.port,
            username=terms.user,
            password=terms.password,
            identifier=terms.client_id,
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=not terms.is_durable,
            properties=_session() if terms.is_durable else None,
            tls_context=terms.tls,
            timeout=TIMEOUT,
            keepalive=KEEP_ALIVE,
            max_inflight_messages=0,  # counted by Link: the library walks over all that wait at every PUBACK
            logger=_quiet,
        )
        self.library = self._client
        self.library.manual_ack_set(on=True)
        self.library.connect_timeout = TIMEOUT

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """For the block. A cancellation waits for the connect to end: it goes on in a thread whatever becomes of its caller."""
        entering = asyncio.ensure_future(self.__aenter__())
        try:
            await asyncio.shield(entering)
            if self.is_over:  # the library forgets an end that came in one read with the beginning
                raise LinkError(self.reason or "the broker ended the connection at once")
            yield
        finally:
            try:
                await entering
                await self.__aexit__(None, None, None)
            finally:
                self._cut()
                _heed_cancellation()

    def _cut(self) -> None:
        """Whatever the broker says or does not say: nothing of the connection is left."""
        self.library._sock_close()  # noqa: SLF001 - the library leaves it open when the broker says nothing to a CONNECT
        if self._disconnected.done() and not self._disconnected.cancelled():
            self._disconnected.exception()

    async def over(self) -> None:
        """Returns never, raises at the end of the connection: no message is ever queued there."""
        async for _ in self.messages:
            pass

    def send(self, topic: str, payload: bytes, properties: Properties | None = None) -> int | None:
        """Its number; None when it cannot be sent now."""
        info = self.library.publish(topic, payload, 1, retain=False, properties=properties)
        return info.mid if info.rc == 0 else None

    def acknowledge(self, mid: int) -> None:
        self.library.ack(mid, 1)

    def _on_connect(
        self, client: Paho, userdata: object, flags: ConnectFlags, reason_code: ReasonCode, properties: Properties | None = None
    ) -> None:
        self.receive_maximum = getattr(properties, "ReceiveMaximum", 65_535)
        self.largest = getattr(properties, "MaximumPacketSize", NO_LIMIT)
        self.is_old_session = flags.session_present
        if reason_code.value >= FIRST_FAULT:
            self.is_refused = True
            self.reason = f"the broker refuses the relay: {reason_code}"
        super()._on_connect(client, userdata, flags, reason_code, properties)

    def _on_disconnect(
        self,
        client: Paho,
        userdata: object,
        flags: DisconnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        self.is_over = True
        if flags.is_disconnect_packet_from_server:
            taken = reason_code.value == TAKEN_OVER
            self.reason = "another took over the session" if taken else f"the broker ended the connection: {reason_code}"
        elif reason_code.value >= FIRST_FAULT:
            self.reason = self.reason or "the connection to the broker was lost"
        super()._on_disconnect(client, userdata, flags, reason_code, properties)

    def _on_message(self, client: Paho, userdata: object, message: MQTTMessage) -> None:  # noqa: ARG002 - the library's signature
        self._arrived(_arrival(message))

    def _on_publish(self, client: Paho, userdata: object, mid: int, reason_code: ReasonCode, properties: Properties) -> None:  # noqa: ARG002
        self._answered(mid, reason_code.value)

    def _on_socket_open(self, client: Paho, userdata: object, sock: socket.socket) -> None:
        """Nagle's algorithm would hold a small packet for 40 ms; a read takes what is there, where the library takes a byte."""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client._sock = Gathered(sock)  # noqa: SLF001 - the library has no other way in
        super()._on_socket_open(client, userdata, client._sock)  # noqa: SLF001


def _session() -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = SESSION_EXPIRY
    properties.ReceiveMaximum = RECEIVE_MAXIMUM
    properties.MaximumPacketSize = LARGEST_PACKET
    return properties


def _arrival(message: MQTTMessage) -> Arrival:
    try:
        topic = message.topic
    except UnicodeDecodeError:
        topic = ""  # no topic of ours, so it is refused by that
    found = message.properties
    reply = Reply(getattr(found, "ResponseTopic", None), getattr(found, "CorrelationData", None))
    user = tuple(getattr(found, "UserProperty", ()))
    return Arrival(topic, bytes(message.payload), message.qos, message.retain, reply, user, message.mid)
