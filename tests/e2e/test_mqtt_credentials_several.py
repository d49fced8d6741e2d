"""Credentials for MQTT with two relays on one PostgreSQL and one mosquitto: whoever is asked, one of them administrates it."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from tests.e2e.cast import Cast
from tests.e2e.client import MemberClient
from tests.e2e.conftest import unlimited
from tests.e2e.server import Server, within
from tests.servers.mosquitto import Mosquitto
from tests.servers.mqtt_client import Client, Hello, Refused
from tests.servers.postgres import Postgres

TAKEOVER_S = 10.0  # promised
PROMISED = 1.0  # seconds until a revoked device is out
PATIENCE_S = 30.0  # until it counts as failed, where nothing is promised
ROUNDS = 20  # of one device's credential, made anew again and again
MEMBERS = 12  # at once


@dataclass
class Two:
    """`first` administrates the broker at the start."""

    first: Cast
    second: Cast
    broker: Mosquitto
    opened: list[Client] = field(default_factory=list)

    async def token(self, cast: Cast, member: MemberClient) -> str:
        answer = await cast.owner.want(201, "POST", tokens(member), {"kind": "mqtt", "device": "phone"})
        return str(answer["token"])

    async def revoke(self, cast: Cast, member: MemberClient) -> None:
        await cast.owner.want(204, "DELETE", f"{tokens(member)}?device=phone")

    async def connect(self, member: MemberClient, secret: str) -> Client:
        """Ended with the test. Raises Refused."""
        user = f"{member.id}.phone"
        client = await Client.open(self.broker.port, Hello(user, user, secret))
        self.opened.append(client)
        return client

    async def until_let_in(self, member: MemberClient, secret: str) -> Client:
        async with within(PATIENCE_S, "the credential works"):
            while True:
                try:
                    return await self.connect(member, secret)
                except Refused:
                    pass

    async def is_out(self, member: MemberClient, secret: str) -> bool:
        try:
            await self.connect(member, secret)
        except Refused:
            return True
        return False


async def until_administrates(cast: Cast) -> None:
    """That relay, with everything compared."""
    await says(cast, "broker compared")


async def says(cast: Cast, event: str) -> None:
    async with within(PATIENCE_S, f"it says {event}"):
        while f'"{event}"' not in cast.server.log.read_text():
            await cast.owner.want(200, "GET", "/v1/communities")


def tokens(member: MemberClient) -> str:
    return f"/v1/members/{member.id}/tokens"


@pytest.fixture
async def two(postgres: Postgres, mosquitto: Mosquitto, tmp_path: Path, http: aiohttp.ClientSession) -> AsyncIterator[Two]:
    url = await postgres.database()
    async with AsyncExitStack() as stack:
        casts: list[Cast] = []
        for name in ("first", "second"):
            (tmp_path / name).mkdir()
            environment = {"RELAY_STORE__URL": url, **mosquitto.settings, **unlimited("staff", "visitor")}
            server = Server(tmp_path / name / "data", environment)
            stack.push_async_callback(server.kill)
            await server.start()
            cast = await stack.enter_async_context(Cast(http, server))
            if not casts:
                await cast.found("pool")
            casts.append(cast)
            await until_administrates(casts[0])
        found = Two(casts[0], casts[1], mosquitto)
        yield found
        for client in found.opened:
            await client.drop()
    await postgres.give_back(url)


async def test_a_new_credential_works_whoever_made_it_and_the_one_before_does_not(two: Two) -> None:
    member = await two.first.enrol("pool")
    secrets: list[str] = []

    for number in range(ROUNDS):
        cast = (two.first, two.second)[number % 2]
        if number % 3:
            await two.revoke(cast, member)
        secrets.append(await two.token(cast, member))
        await two.connect(member, secrets[-1])

    assert [await two.is_out(member, secret) for secret in secrets] == [True] * (ROUNDS - 1) + [False]
    assert "broker compared" not in two.second.server.log.read_text()


async def test_many_at_once_at_both_relays_all_work(two: Two) -> None:
    members = [await two.first.enrol("pool") for _ in range(MEMBERS)]

    async def renewed(member: MemberClient, cast: Cast, other: Cast) -> str:
        await two.token(cast, member)
        await two.revoke(other, member)
        return await two.token(cast, member)

    pairs = ((two.first, two.second), (two.second, two.first))
    secrets = await asyncio.gather(*(renewed(member, *pairs[n % 2]) for n, member in enumerate(members)))

    for member, secret in zip(members, secrets, strict=True):
        await two.until_let_in(member, secret)


async def test_whom_a_relay_revokes_that_does_not_administrate_is_out_within_a_second(two: Two) -> None:
    member = await two.first.enrol("pool")
    client = await two.connect(member, await two.token(two.second, member))

    await two.revoke(two.second, member)

    await asyncio.wait_for(client.ended.wait(), PROMISED)


async def test_an_erasure_at_a_relay_that_does_not_administrate_is_confirmed(two: Two) -> None:
    member = await two.first.enrol("pool")
    await two.token(two.first, member)

    await two.second.owner.want(204, "DELETE", f"/v1/members/{member.id}")
    path = f"/v1/members/{member.id}/erasure"
    await two.second.owner.until(path, lambda erasure: erasure["confirmed_at"] is not None)

    assert member.id not in two.broker.dynsec_file.read_text()


@pytest.mark.alone
async def test_every_secret_that_was_shown_works_after_a_kill_in_the_middle(two: Two) -> None:
    members = [await two.second.enrol("pool") for _ in range(MEMBERS)]
    asked = [asyncio.create_task(two.token(two.second, member)) for member in members]
    await asked[0]

    await two.first.server.kill()
    killed_at = time.time()
    secrets = await asyncio.gather(*asked)
    await until_administrates(two.second)

    for member, secret in zip(members, secrets, strict=True):
        await two.until_let_in(member, secret)
    assert two.second.server.said_at("broker compared") - killed_at < TAKEOVER_S


async def test_a_secret_that_a_relay_showed_before_it_was_killed_works(two: Two) -> None:
    """The broker is away meanwhile, so that nobody can have made it."""
    member = await two.second.enrol("pool")
    two.broker.kill()
    secret = await two.token(two.second, member)

    await two.first.server.kill()
    await two.second.server.kill()
    two.broker.start()
    await two.second.server.start()

    await two.until_let_in(member, secret)


async def test_what_a_paused_relay_still_had_in_mind_harms_no_new_credential(two: Two) -> None:
    member = await two.second.enrol("pool")
    old = await two.token(two.second, member)
    os.kill(two.first.server.pid, signal.SIGSTOP)
    try:
        await two.revoke(two.second, member)
        new = await two.token(two.second, member)
        await two.until_let_in(member, new)
    finally:
        os.kill(two.first.server.pid, signal.SIGCONT)
    await says(two.first, "lease lost")

    assert await two.is_out(member, old)
    await two.connect(member, new)


async def test_a_broker_that_is_killed_while_credentials_are_made_has_all_of_them(two: Two) -> None:
    members = [await two.first.enrol("pool") for _ in range(MEMBERS)]
    casts = (two.first, two.second)
    asked = [asyncio.create_task(two.token(casts[n % 2], member)) for n, member in enumerate(members)]
    await asked[0]

    two.broker.kill()
    two.broker.start()
    secrets = await asyncio.gather(*asked)

    for member, secret in zip(members, secrets, strict=True):
        await two.until_let_in(member, secret)
