"""The staff's WebSocket: what was committed, as it happens, to whom it concerns; resumed, reset, cut off."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from relay.core.staff import Role
from relay.web.events import NAMES, TOLD
from tests.web.conftest import PATIENCE, Caller, Open, Person, Relay
from tests.web.happenings import everything

Socket = aiohttp.ClientWebSocketResponse
Frame = dict[str, Any]


async def hello(socket: Socket, **more: str) -> Frame:
    await socket.send_json({"type": "hello", **more})
    return await frame(socket)


async def frame(socket: Socket) -> Frame:
    async with asyncio.timeout(PATIENCE):
        found: Frame = await socket.receive_json()
    return found


async def until(socket: Socket, event: str) -> list[Frame]:
    """All frames up to the first of this event."""
    found = [await frame(socket)]
    while found[-1].get("event") != event:
        found.append(await frame(socket))
    return found


async def closed(socket: Socket) -> int | None:
    """The code, whatever still comes before it."""
    async with asyncio.timeout(PATIENCE):
        async for _ in socket:
            pass
    return socket.close_code


@pytest.fixture
async def anna(relay: Relay) -> Person:
    await relay.community()
    return await relay.member()


async def test_a_reply_and_its_answer_are_told_as_they_happen(relay: Relay, anna: Person) -> None:
    agent = await relay.staff(Role.AGENT)
    async with agent.stream() as socket:
        welcome = await hello(socket)

        await relay.reply(anna, "Is the sauna open?")
        thread = await relay.only_thread()
        await relay.owner("POST", f"/v1/threads/{thread}/messages", {"text": "Yes."})
        filed, sent = await frame(socket), await frame(socket)

    assert (welcome["type"], welcome["staff"]["role"]) == ("welcome", "agent")
    assert (filed["event"], filed["community"], filed["thread"], filed["is_new_thread"]) == (
        "message.filed",
        "bad",
        thread,
        True,
    )
    assert (filed["message"]["text"], filed["message"]["role"]) == ("Is the sauna open?", "member")
    assert (sent["event"], sent["message"]["text"], sent["is_new_thread"]) == ("message.sent", "Yes.", False)


async def test_the_token_may_come_with_the_hello(relay: Relay, anna: Person) -> None:
    async with relay.nobody.stream() as socket:
        welcome = await hello(socket, token=relay.owner.token or "")

    assert welcome["staff"]["role"] == "owner"
    assert anna.id


async def test_a_held_text_is_shown_to_those_alone_who_may_judge_it(relay: Relay, anna: Person) -> None:
    roles = (Role.AGENT, Role.MODERATOR, Role.MANAGER, Role.AUDITOR)
    seen: dict[str, list[tuple[str, str | None]]] = {}
    async with contexts([await relay.staff(role) for role in roles]) as sockets:
        for socket in sockets:
            await hello(socket)
        await relay.reply(anna, "hold this", "1")
        await relay.reply(anna, "discard this", "2")
        await relay.post()
        for role, socket in zip(roles, sockets, strict=True):
            last = "case.opened" if role is Role.MODERATOR else "post.accepted"
            seen[role] = [(one["event"], one.get("message", {}).get("text")) for one in await until(socket, last)]

    both = [("message.filed", "hold this"), ("case.opened", "hold this"), ("post.accepted", None)]
    assert seen == {
        "agent": [("message.filed", None), ("post.accepted", None)],
        "moderator": [("case.opened", "hold this")],
        "manager": both,
        "auditor": both,
    }


async def test_all_of_staff_hear_of_an_erasure(relay: Relay, anna: Person) -> None:
    roles = (Role.AGENT, Role.MODERATOR, Role.MANAGER, Role.AUDITOR)
    async with contexts([await relay.staff(role) for role in roles]) as sockets:
        for socket in sockets:
            await hello(socket)
        await relay.owner("DELETE", f"/v1/members/{anna.id}")
        told = [await frame(socket) for socket in sockets]

    assert [(one["event"], one["member"]) for one in told] == [("member.erased", anna.id)] * len(roles)


async def test_a_key_hears_what_its_scopes_name(relay: Relay, anna: Person) -> None:
    key = await relay.key("threads:read")
    blind = await relay.key("posts:read")
    async with key.stream() as socket:
        welcome = await hello(socket)
        await relay.post()
        await relay.reply(anna, "hold this")
        found = await frame(socket)

    assert welcome["staff"]["role"] is None
    assert (found["event"], found["message"]["text"]) == ("message.filed", None)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with blind.stream():
            pass
    assert refused.value.status == 403


async def test_every_kind_of_event_is_told_once_it_happens(relay: Relay, anna: Person) -> None:
    async with relay.owner.stream() as socket:
        await hello(socket)
        await everything(relay, anna)
        found = [one["event"] for one in await until(socket, "member.erased")]

    assert set(found) == set(NAMES)


async def test_a_position_goes_on_behind_the_last_event(relay: Relay, anna: Person) -> None:
    async with relay.owner.stream() as socket:
        await hello(socket)
        await relay.reply(anna, "one", "1")
        last = (await frame(socket))["position"]
    await relay.reply(anna, "two", "2")
    await relay.reply(anna, "three", "3")

    async with relay.owner.stream() as socket:
        welcome = await hello(socket, after=last)
        missed = [(await frame(socket))["message"]["text"] for _ in range(2)]

    assert welcome["position"] == last
    assert missed == ["two", "three"]


@pytest.mark.parametrize("after", ["nonsense", "other.1", ".", "other.99999999999999999999", "other.²"])
async def test_a_position_of_another_life_is_a_reset(relay: Relay, anna: Person, after: str) -> None:
    await relay.reply(anna, "one")
    async with relay.owner.stream() as socket:
        welcome = await hello(socket, after=after)
        reset = await frame(socket)
        await relay.reply(anna, "two", "2")
        live = await frame(socket)

    assert (welcome["type"], reset["type"], reset["position"]) == ("welcome", "reset", welcome["position"])
    assert live["message"]["text"] == "two"


async def test_a_position_that_fell_off_the_ring_is_a_reset(open_relay: Open) -> None:
    relay: Relay = await open_relay(events=16)
    await relay.community()
    anna = await relay.member()
    async with relay.owner.stream() as socket:
        first = (await hello(socket))["position"]
    for n in range(17):
        await relay.reply(anna, "hello", str(n))

    async with relay.owner.stream() as socket:
        await hello(socket, after=first)
        reset = await frame(socket)

    assert reset["type"] == "reset"


async def test_an_erased_member_is_gone_from_the_ring(relay: Relay, anna: Person) -> None:
    async with relay.owner.stream() as socket:
        first = (await hello(socket))["position"]
        await relay.reply(anna, "hello")
        await relay.owner("DELETE", f"/v1/members/{anna.id}")

    async with relay.owner.stream() as socket:
        await hello(socket, after=first)
        found = await frame(socket)

    assert found["event"] == "member.erased"


async def test_an_erased_newcomers_name_is_gone_from_the_ring(relay: Relay, anna: Person) -> None:
    async with relay.owner.stream() as socket:
        first = (await hello(socket))["position"]
        ben = await relay.member()
        added = await frame(socket)
        await relay.owner("DELETE", f"/v1/members/{ben.id}")

    async with relay.owner.stream() as socket:
        await hello(socket, after=first)
        found = await frame(socket)

    assert (added["event"], added["member"]) == ("member.added", ben.id)
    assert found["event"] == "member.erased"
    assert anna.id


async def test_nothing_is_told_when_nothing_was_freed(relay: Relay, anna: Person) -> None:
    agent = await relay.staff(Role.AGENT)
    await relay.reply(anna, "hello", "1")
    lease = f"/v1/threads/{await relay.only_thread()}/lease"
    async with relay.owner.stream() as socket:
        await hello(socket)
        freed = [(await agent("DELETE", lease)).status]
        await relay.owner("POST", lease)
        freed.append((await agent("DELETE", lease)).status)
        await relay.reply(anna, "and?", "2")
        told = [one["event"] for one in await until(socket, "message.filed")]

    assert freed == [204, 204]
    assert told == ["thread.leased", "message.filed"]


async def _dismissed(relay: Relay, _: Caller) -> None:
    (person,) = [one for one in (await relay.owner("GET", "/v1/staff")).body["items"] if one["role"] == "agent"]
    await relay.owner("DELETE", f"/v1/staff/{person['id']}")


async def _renewed(relay: Relay, _: Caller) -> None:
    (person,) = [one for one in (await relay.owner("GET", "/v1/staff")).body["items"] if one["role"] == "agent"]
    await relay.owner("POST", f"/v1/staff/{person['id']}/tokens")


async def _revoked(relay: Relay, _: Caller) -> None:
    (key,) = (await relay.owner("GET", "/v1/keys")).body["items"]
    await relay.owner("DELETE", f"/v1/keys/{key['id']}")


@pytest.mark.parametrize(("is_key", "end"), [(False, _dismissed), (False, _renewed), (True, _revoked)])
async def test_who_loses_their_authority_loses_the_stream_at_once(
    relay: Relay, anna: Person, *, is_key: bool, end: Callable[[Relay, Caller], Awaitable[None]]
) -> None:
    caller = await relay.key("threads:read") if is_key else await relay.staff(Role.AGENT)
    async with caller.stream() as socket, relay.owner.stream() as other:
        await hello(socket)
        await hello(other)

        await end(relay, caller)
        async with asyncio.timeout(1):
            code = await closed(socket)
        await relay.reply(anna, "hello")
        still = (await until(other, "message.filed"))[-1]["event"]

    assert code == 4403
    assert still == "message.filed"


async def test_a_revoked_reader_who_answers_nothing_is_cut_off_all_the_same(relay: Relay, anna: Person) -> None:
    agent = await relay.staff(Role.AGENT)
    async with relay.session.ws_connect(
        f"{relay.url}/v1/staff/stream", headers={"Authorization": f"Bearer {agent.token}"}, autoclose=False
    ) as socket:
        await hello(socket)
        await _dismissed(relay, agent)

        async with asyncio.timeout(2):
            ends = [await socket.receive() for _ in range(2)]

    assert ends[0].data == 4403
    assert anna.id


async def test_an_expired_key_loses_the_stream(relay: Relay, anna: Person) -> None:
    soon = (relay.clock.now() + timedelta(seconds=0.3)).isoformat()
    made = await relay.owner("POST", "/v1/keys", {"name": "a", "scopes": ["threads:read"], "expires_at": soon})
    async with relay.caller(made.body["token"]).stream() as socket:
        await hello(socket)

        code = await closed(socket)

    assert code == 4401
    assert anna.id


@pytest.mark.parametrize(
    "first", ['{"type":"hello"}', '{"type":"helo"}', "[]", "{", '{"type":"hello","token":7}', '{"type":"hello","x":1}']
)
async def test_without_a_good_hello_nothing_is_told(relay: Relay, anna: Person, first: str) -> None:
    async with relay.nobody.stream() as socket:
        await socket.send_str(first)

        code = await closed(socket)

    assert code == 4401
    assert anna.id


async def test_a_members_token_opens_no_staff_stream(relay: Relay, anna: Person) -> None:
    async with relay.nobody.stream() as socket:
        await socket.send_json({"type": "hello", "token": anna.call.token})

        code = await closed(socket)

    assert code == 4403
    assert relay.url


async def test_a_reader_has_nothing_more_to_say(relay: Relay, anna: Person) -> None:
    async with relay.owner.stream() as socket:
        await hello(socket)
        await socket.send_str("and?")

        code = await closed(socket)

    assert code == 1008
    assert anna.id


async def test_a_reader_may_ask_whether_the_line_is_alive(relay: Relay) -> None:
    async with relay.owner.stream() as socket:
        await hello(socket)
        await socket.send_json({"type": "ping"})
        assert await frame(socket) == {"type": "pong"}


async def test_a_frame_that_is_too_large_ends_it(relay: Relay, anna: Person) -> None:
    async with relay.nobody.stream() as socket:
        await socket.send_str("a" * 5000)

        code = await closed(socket)

    assert code == 1009
    assert anna.id


async def test_readers_are_told_to_come_back_when_the_relay_stops(open_relay: Open) -> None:
    relay: Relay = await open_relay(drain_seconds=1)
    async with relay.owner.stream() as socket:
        await hello(socket)

        _, code = await asyncio.gather(relay.runner.cleanup(), closed(socket))

    assert code == 1012


async def test_compression_is_not_spoken(relay: Relay) -> None:
    async with relay.session.ws_connect(f"{relay.url}/v1/staff/stream", compress=15) as socket:
        assert socket.compress == 0


def test_every_event_is_described() -> None:
    assert len(TOLD) <= len(NAMES)


class contexts:  # noqa: N801 - reads as a function
    """Several streams at once."""

    def __init__(self, callers: list[Caller]) -> None:
        self._opened = [caller.stream() for caller in callers]

    async def __aenter__(self) -> list[Socket]:
        return [await one.__aenter__() for one in self._opened]

    async def __aexit__(self, *_: object) -> None:
        for one in self._opened:
            await one.__aexit__(None, None, None)
