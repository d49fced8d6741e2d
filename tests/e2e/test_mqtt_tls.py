"""MQTT with TLS: who trusts the broker's authority is served, and a wrong certificate is refused by name."""

import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import aiomqtt
import pytest

from relay.channels.mqtt.mosquitto import Tls
from tests.e2e.cast import Cast
from tests.e2e.conftest import unlimited
from tests.e2e.server import Server, within
from tests.servers import mosquitto
from tests.servers.authority import Authority

PATIENCE_S = 20.0
FAILED = "certificate verify failed"


@pytest.fixture
def authority(require: Callable[[str], Path], tmp_path: Path) -> Authority:
    return Authority.found(require("openssl"), tmp_path / "authority")


@pytest.fixture
def another(require: Callable[[str], Path], tmp_path: Path) -> Authority:
    return Authority.found(require("openssl"), tmp_path / "another")


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def relay_at(broker: mosquitto.Mosquitto, trusted: Authority, stack: AsyncExitStack, folder: Path) -> Cast:
    """A relay that trusts this authority alone."""
    settings = {**broker.settings, "RELAY_MQTT__CA_FILE": str(trusted.certificate), **unlimited("visitor")}
    server = Server(folder / "data", settings)
    stack.push_async_callback(server.kill)
    await server.start()
    http = await stack.enter_async_context(aiohttp.ClientSession())
    return await stack.enter_async_context(Cast(http, server))


async def says(cast: Cast, path: str, what: str) -> str:
    """What stands there, when this does."""
    async with within(PATIENCE_S, f"{path} says {what}"):
        while True:
            async with cast.http.get(cast.server.url + path) as answer:
                said = await answer.text()
            if what in said:
                return said


async def test_a_device_is_let_in_and_served_over_tls(
    require: Callable[[str], Path], authority: Authority, stack: AsyncExitStack, tmp_path: Path
) -> None:
    broker = stack.enter_context(mosquitto.running(require, tls=Tls(*authority.issue())))
    cast = await relay_at(broker, authority, stack, tmp_path)
    await says(cast, "/metrics", "relay_mqtt_connected 1.0")
    await cast.found("pool")
    member = await cast.enrol("pool")
    body = {"kind": "mqtt", "device": "phone"}
    secret = (await cast.owner.want(201, "POST", f"/v1/members/{member.id}/tokens", body))["token"]
    user, trusting = f"{member.id}.phone", ssl.create_default_context(cafile=authority.certificate)

    async with aiomqtt.Client(
        "127.0.0.1",
        broker.port,
        username=user,
        password=secret,
        identifier=user,
        tls_context=trusting,
        protocol=aiomqtt.ProtocolVersion.V5,
    ) as device:
        await device.subscribe(f"relay/v1/m/{member.id}/down", 1)
        await device.publish(f"relay/v1/m/{member.id}/up", b'{"type":"resume","after":0}', 1)
        await cast.post("pool", "The water is warm.")
        async with within(PATIENCE_S, "the post comes"):
            message = await anext(aiter(device.messages))

    assert isinstance(message.payload, bytes)
    assert json.loads(message.payload)["text"] == "The water is warm."


async def is_refused(cast: Cast, why: str) -> None:
    """It is said in the log, and to whoever asks whether the relay is ready."""
    said = await says(cast, "/readyz", FAILED)

    assert f"broker_away: [SSL: CERTIFICATE_VERIFY_FAILED] {FAILED}: {why}" in said
    assert why in cast.server.log.read_text()


async def test_a_broker_of_another_authority_is_refused_by_name(
    require: Callable[[str], Path], authority: Authority, another: Authority, stack: AsyncExitStack, tmp_path: Path
) -> None:
    broker = stack.enter_context(mosquitto.running(require, tls=Tls(*authority.issue())))

    await is_refused(await relay_at(broker, another, stack, tmp_path), "unable to get local issuer certificate")

    assert "relay-admin" not in broker.dynsec_file.read_text()


async def test_a_broker_with_the_certificate_of_another_name_is_refused_by_name(
    require: Callable[[str], Path], authority: Authority, stack: AsyncExitStack, tmp_path: Path
) -> None:
    broker = stack.enter_context(mosquitto.running(require, tls=Tls(*authority.issue("DNS:broker.example"))))

    await is_refused(await relay_at(broker, authority, stack, tmp_path), "IP address mismatch")

    assert "relay-admin" not in broker.dynsec_file.read_text()
