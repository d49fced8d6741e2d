"""What `relay doctor` says of an MQTT broker: each line has its cause, in a real mosquitto."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from relay.channels.mqtt.access import DEFAULTS
from relay.channels.mqtt.mosquitto import CONFIG
from relay.cli.doctor.broker import broker
from relay.cli.doctor.finding import Finding
from relay.cli.doctor.patient import patient
from tests.channels.mqtt.town import Town, town
from tests.cli.conftest import CommandLine
from tests.cli.examining import FAIL, OK, WARN, is_said, only, whole
from tests.servers.mosquitto import Mosquitto

SENDING_IS_ALLOWED = {"command": "setDefaultACLAccess", "acls": [{"acltype": DEFAULTS[0], "allow": True}]}


async def said(folder: Path, server: Mosquitto, **settings: str) -> list[Finding]:
    return [finding async for finding in broker(patient(None, folder, {**server.settings, **settings}))]


@pytest.fixture
async def here(mosquitto: Mosquitto, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(mosquitto, tmp_path) as found:
        yield found


async def test_without_a_broker_nothing_is_said(tmp_path: Path) -> None:
    assert [finding async for finding in broker(whole(tmp_path))] == []


async def test_a_broker_that_is_well_is_said_to_be(here: Town, tmp_path: Path) -> None:
    assert is_said(only(await said(tmp_path, here.broker)), OK, "denies by default, and the first administrator is gone")


async def test_what_it_prints_is_findings_alone(here: Town, relay: CommandLine) -> None:
    done = await asyncio.to_thread(relay, "doctor", "--json", **here.broker.settings)

    assert [each["state"] for each in done.things if each["check"] == "broker"] == ["ok"]


async def test_one_that_is_new_knows_no_administrator_of_the_relay(mosquitto: Mosquitto, tmp_path: Path) -> None:
    finding = only(await said(tmp_path, mosquitto))

    assert is_said(finding, FAIL, "does not let relay-admin in")
    assert "start the relay" in finding.fix


async def test_one_without_the_plugin_is_named(mosquitto: Mosquitto, tmp_path: Path) -> None:
    mosquitto.stop()
    config = mosquitto.folder / CONFIG
    lines = [line for line in config.read_text().splitlines() if not line.startswith("plugin")]
    config.write_text("\n".join(lines).replace("allow_anonymous false", "allow_anonymous true") + "\n")
    mosquitto.start()

    anybody, mute = await said(tmp_path, mosquitto)

    assert is_said(anybody, FAIL, "lets in anybody")
    assert is_said(mute, FAIL, "dynamic security does not answer")


async def test_one_that_is_away_is_named(here: Town, tmp_path: Path) -> None:
    await here.lose_broker()

    assert is_said(only(await said(tmp_path, here.broker)), FAIL, "does not let relay-admin in")


async def test_a_first_administrator_who_is_still_there_is_named(here: Town, tmp_path: Path) -> None:
    await here.by_hand({"command": "createClient", "username": "relay-bootstrap", "password": "x"})

    assert is_said(only(await said(tmp_path, here.broker)), WARN, "first administrator is still there")


async def test_one_that_allows_by_default_is_named(here: Town, tmp_path: Path) -> None:
    await here.by_hand(SENDING_IS_ALLOWED)

    assert is_said(only(await said(tmp_path, here.broker)), FAIL, "allows what no rule names")


async def test_a_wrong_secret_of_the_stream_is_named(here: Town, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("x" * 40)

    finding = only(await said(tmp_path, here.broker, RELAY_MQTT__PASSWORD_FILE=str(wrong)))

    assert is_said(finding, FAIL, "does not let relay-stream in")


async def test_a_lost_list_of_clients_is_named(here: Town, tmp_path: Path) -> None:
    here.broker.dynsec_file.write_text("{}")

    assert is_said((await said(tmp_path, here.broker))[0], FAIL, "the list of clients is lost")


async def test_a_broker_that_the_relay_does_not_administrate_is_named(mosquitto: Mosquitto, tmp_path: Path) -> None:
    asked = whole(tmp_path, RELAY_MQTT__URL=mosquitto.url)

    assert is_said(only([finding async for finding in broker(asked)]), WARN, "does not manage who may connect")
