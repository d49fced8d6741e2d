"""Authority ends with its revocation, also for a request that was let in before it and says the rest of its body after it."""

import asyncio
import json

import pytest

from relay.core.staff import Role
from tests.web.conftest import PATIENCE, Caller, Open, Person, Relay, numbers

POSTS = "/v1/communities/bad/posts"


class HalfSaid:
    """A request whose body has begun; the relay has looked at its token."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rest: bytes) -> None:
        self._reader = reader
        self._writer = writer
        self._rest = rest

    async def status(self) -> int:
        """What the relay says once it has heard the rest."""
        self._writer.write(self._rest)
        async with asyncio.timeout(PATIENCE):
            line = await self._reader.readline()
        self._writer.close()
        return int(line.split()[1])


async def half_said(relay: Relay, caller: Caller, path: str, body: object) -> HalfSaid:
    host, _, port = relay.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    raw = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {caller.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(raw)}\r\nExpect: 100-continue\r\n\r\n"
    )
    writer.write(head.encode())
    async with asyncio.timeout(PATIENCE):
        await reader.readuntil(b"\r\n\r\n")  # 100 Continue: the request has come in
    writer.write(raw[:5])
    assert (await relay.nobody("GET", "/healthz")).status == 200
    assert (await relay.owner("GET", "/v1/communities")).status == 200
    return HalfSaid(reader, writer, raw[5:])


@pytest.fixture
async def relay(open_relay: Open) -> Relay:
    opened: Relay = await open_relay(body_seconds=60)
    return opened


@pytest.fixture
async def anna(relay: Relay) -> Person:
    await relay.community()
    return await relay.member()


async def end(relay: Relay, what: str) -> None:
    """Dismisses everybody but the owner, or revokes all keys."""
    for one in (await relay.owner("GET", f"/v1/{what}")).body["items"]:
        if one.get("role") != "owner":
            assert (await relay.owner("DELETE", f"/v1/{what}/{one['id']}")).status == 204


async def test_a_dismissed_managers_post_is_not_accepted(relay: Relay, anna: Person) -> None:
    manager = await relay.staff(Role.MANAGER)
    before = await numbers(relay)
    post = await half_said(relay, manager, POSTS, {"text": "one last word"})

    await end(relay, "staff")

    assert await post.status() == 401
    assert await numbers(relay) == before
    assert anna.id


async def test_a_revoked_keys_post_is_not_accepted(relay: Relay, anna: Person) -> None:
    key = await relay.key("posts:write")
    before = await numbers(relay)
    post = await half_said(relay, key, POSTS, {"text": "one last word"})

    await end(relay, "keys")

    assert await post.status() == 401
    assert await numbers(relay) == before
    assert anna.id


async def test_a_revoked_members_message_is_not_accepted(relay: Relay, anna: Person) -> None:
    before = await numbers(relay)
    message = await half_said(relay, anna.call, "/v1/me/messages", {"client_id": "1", "text": "one last word"})

    assert (await relay.owner("DELETE", f"/v1/members/{anna.id}/tokens")).status == 204

    assert await message.status() == 401
    assert await numbers(relay) == before


async def test_a_slow_body_of_somebody_who_may_is_accepted_and_counted_once(open_relay: Open) -> None:
    relay: Relay = await open_relay(limits={"member": {"burst": 2, "per_second": 0.001}})
    await relay.community()
    anna = await relay.member()

    message = await half_said(relay, anna.call, "/v1/me/messages", {"client_id": "1", "text": "hello"})

    assert await message.status() == 202
    assert [(await anna.call("GET", "/v1/me")).status for _ in range(2)] == [200, 429]
