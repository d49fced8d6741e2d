"""The members' stream: hello and welcome, items in order, who is behind, what is refused, who is cut."""

import asyncio

import pytest

from relay.channels.web import hub, session, stream
from relay.channels.web.session import Silent
from relay.channels.web.socket import Socket, Sweeper
from relay.channels.web.stream import Doors
from relay.core.delivery import DeliveryState
from relay.core.post import Button
from tests.channels.web.pool import EVA, Pool, pool

__all__ = ["pool"]


async def test_a_hello_is_answered_with_what_is_the_members_own(pool: Pool) -> None:
    member = await pool.member()
    device = await pool.connect()

    await device.say(type="hello", token=member.token, after=0)

    assert await device.hear() == {
        "type": "welcome",
        "member": {"id": member.member.id, "pseudonym": member.member.pseudonym},
        "community": {"slug": "bad", "name": "Bad am See", "imprint": "Am See 1"},
        "first_seq": 1,
        "last_seq": 0,
    }


async def test_a_post_arrives_as_an_item_and_its_ack_is_counted(pool: Pool) -> None:
    member = await pool.member()
    device = await pool.join(member.token)
    post = await pool.post(title="Pool", buttons=(Button("y", "Yes"),))

    item = await device.hear()

    assert item == {
        "type": "item",
        "seq": 1,
        "kind": "post",
        "id": post.id,
        "at": item["at"],
        "from": {"role": "company", "name": "Bad am See"},
        "text": "Closed tomorrow",
        "title": "Pool",
        "buttons": [{"id": "y", "label": "Yes", "opens_thread": False}],
        "attachments": [],
        "in_reply_to": None,
    }
    await device.say(type="ack", seq=1)
    await device.say(type="read", seq=1)
    await device.say(type="send", client_id="after the acks", text="Hello")
    await device.hear()
    await pool.deliver.flush()
    assert await pool.store.post_counts(post) == {DeliveryState.READ: 1}


async def test_the_bytes_of_a_live_item_and_of_one_read_later_are_the_same(pool: Pool) -> None:
    member = await pool.member()
    live = await pool.join(member.token)
    await pool.post(title="Pool", buttons=(Button("y", "Yes"),))
    await live.hear()
    await live.say(type="send", client_id="c1", text="Is it?")
    first = [await live.hear() for _ in range(2)]

    later = await pool.join(member.token)
    again = [await later.hear() for _ in range(2)]

    assert [frame for frame in first if frame["type"] == "item"] == again[1:]


async def test_who_comes_back_gets_what_they_lack_and_nothing_twice(pool: Pool) -> None:
    member = await pool.member()
    posts = [await pool.post(f"number {n}") for n in range(hub.FILL + 5)]

    device = await pool.join(member.token, after=2)
    items = [await device.hear() for _ in posts[2:]]

    assert [item["seq"] for item in items] == list(range(3, len(posts) + 1))
    assert [item["id"] for item in items] == [post.id for post in posts[2:]]


async def test_what_is_released_while_a_device_catches_up_comes_once_and_in_order(pool: Pool) -> None:
    member = await pool.member()
    for n in range(hub.FILL):
        await pool.post(f"number {n}")

    joining = asyncio.create_task(pool.join(member.token))
    await asyncio.gather(*(pool.post(f"live {n}") for n in range(10)))
    device = await joining
    seqs = [(await device.hear())["seq"] for _ in range(hub.FILL + 10)]

    assert seqs == list(range(1, hub.FILL + 11))


async def test_an_unacknowledged_window_stops_and_goes_on_with_the_ack(pool: Pool) -> None:
    member = await pool.member()
    device = await pool.join(member.token)
    total = session.WINDOW + 3
    for start in range(0, total, 64):
        await asyncio.gather(*(pool.post("x") for _ in range(min(64, total - start))))

    seqs = [(await device.hear())["seq"] for _ in range(session.WINDOW)]
    await device.say(type="ack", seq=seqs[-1])
    rest = [(await device.hear())["seq"] for _ in range(3)]

    assert [*seqs, *rest] == list(range(1, total + 1))


async def test_a_message_is_accepted_and_stands_on_every_device(pool: Pool) -> None:
    member = await pool.member()
    phone, desk = await pool.join(member.token), await pool.join(member.token)

    await phone.say(type="send", client_id="c1", text="Is the pool open?")
    frames = {frame["type"]: frame for frame in (await phone.hear(), await phone.hear())}
    other = await desk.hear()

    assert frames["accepted"]["client_id"] == "c1"
    assert frames["item"] == other
    assert (other["from"]["role"], other["id"], other["seq"]) == ("self", frames["accepted"]["id"], 1)


async def test_the_same_client_id_is_accepted_again_and_stored_once(pool: Pool) -> None:
    member = await pool.member()
    device = await pool.join(member.token)
    await device.say(type="send", client_id="c1", text="Hello")
    first = [await device.hear(), await device.hear()]

    await device.say(type="send", client_id="c1", text="Hello")
    again = await device.hear()

    assert again in first
    assert len(await pool.store.of(member.member.n).items(0, 10)) == 1


async def test_a_button_is_pressed_on_the_stream(pool: Pool) -> None:
    member = await pool.member()
    device = await pool.join(member.token)
    post = await pool.post("Coming?", buttons=(Button("y", "Yes"),))
    await device.hear()

    await device.say(type="press", client_id="p1", post=post.id, button="y")

    assert (await device.hear())["client_id"] == "p1"
    assert await pool.store.post_presses(post.n) == {"y": 1}


async def test_a_press_is_told_to_nobody_but_the_members_own_pages(pool: Pool) -> None:
    member = await pool.member()
    device, other = await pool.join(member.token), await pool.join(member.token)
    post = await pool.post("Coming?", buttons=(Button("y", "Yes"),))
    await device.hear()

    await device.say(type="press", client_id="p1", post=post.id, button="y")
    await device.hear()
    await pool.post("Closed tomorrow")

    assert [(await each.hear())["text"] for each in (other, other, device)] == ["Coming?", "Closed tomorrow", "Closed tomorrow"]


@pytest.mark.parametrize(
    "frame",
    [
        "nonsense",
        "[]",
        '{"type":"dance"}',
        '{"type":"ping"}',
        '{"type":"send","client_id":"c","text":"x","more":1}',
        '{"type":"send","client_id":"c","text":""}',
        '{"type":"send","client_id":"c","text":"\\u0000"}',
        '{"type":"send","client_id":"c","text":"\\ud800"}',
        '{"type":"send","client_id":"c","text":"x","in_reply_to":"not-mine"}',
        '{"type":"press","client_id":"c","post":"not-mine","button":"y"}',
        '{"type":"ack","seq":-1}',
        '{"type":"ack","seq":1}',
        '{"type":"ack","seq":99999999999999999999}',
        '{"type":"read","seq":"1"}',
        '{"type":"hello","token":"x","after":0}',
    ],
)
async def test_a_bad_frame_is_refused_by_name_and_changes_nothing(pool: Pool, frame: str) -> None:
    member = await pool.member()
    device = await pool.join(member.token)

    await device.socket.send_str(frame)
    refused = await device.hear()
    await device.say(type="send", client_id="after", text="still here")

    assert refused["type"] == "refused"
    assert refused["problem"]["status"] in {404, 422}
    assert {(await device.hear())["type"], (await device.hear())["type"]} == {"accepted", "item"}


async def test_too_many_messages_at_once_are_refused_with_the_time_to_wait(pool: Pool) -> None:
    member = await pool.member()
    device = await pool.join(member.token)

    for n in range(4):
        await device.say(type="send", client_id=f"c{n}", text="Hello")
    frames = [await device.hear() for _ in range(7)]

    (refused,) = (frame for frame in frames if frame["type"] == "refused")
    assert (refused["client_id"], refused["problem"]["status"]) == ("c3", 429)


async def test_coming_back_does_not_fill_the_bucket_again(pool: Pool) -> None:
    member = await pool.member()
    first = await pool.join(member.token)
    for n in range(3):
        await first.say(type="send", client_id=f"c{n}", text="Hello")
    for _ in range(6):
        await first.hear()
    await first.socket.close()

    again = await pool.join(member.token, after=3)
    await again.say(type="send", client_id="c3", text="Hello")

    assert (await again.hear())["problem"]["status"] == 429


async def test_frames_too_far_ahead_of_their_answers_are_refused_and_the_connection_stays(pool: Pool) -> None:
    member = await pool.member()
    device = await pool.join(member.token)
    total = stream.INBOX + 8

    for n in range(total):
        await device.say(type="press", client_id=f"c{n}", post="nobody's", button="y")
    frames = [await device.hear() for _ in range(total)]

    assert {frame["client_id"] for frame in frames} == {f"c{n}" for n in range(total)}
    assert {frame["problem"]["status"] for frame in frames} == {404, 429}
    assert not device.socket.closed


async def test_a_flood_of_bad_frames_ends_the_connection(pool: Pool) -> None:
    member = await pool.member()
    device = await pool.join(member.token)

    for _ in range(stream.FAULTS + 1):
        await device.socket.send_str("nonsense")
        await device.hear()

    assert await device.end() == 1008


@pytest.mark.parametrize(
    "hello",
    [{"token": "wrong", "after": 0}, {"token": "wrong"}, {"after": 0}, {"token": "", "after": 0}, {"token": "x", "after": -1}],
)
async def test_a_bad_hello_is_told_and_closed(pool: Pool, hello: dict[str, object]) -> None:
    device = await pool.connect()

    await device.say(type="hello", **hello)

    assert (await device.hear())["type"] == "bye"
    assert await device.end() == 4401


async def test_a_seq_from_the_future_is_told_to_start_again(pool: Pool) -> None:
    member = await pool.member()
    device = await pool.connect()

    await device.say(type="hello", token=member.token, after=1)

    assert "start again from 0" in (await device.hear())["reason"]
    assert await device.end() == 1008


async def test_nothing_is_said_before_the_hello(pool: Pool) -> None:
    device = await pool.connect()

    await device.say(type="send", client_id="c", text="x")

    assert (await device.hear())["type"] == "bye"
    assert await device.end() == 4401


async def test_a_revoked_member_is_cut_on_every_device_and_others_are_not(pool: Pool) -> None:
    member, other = await pool.member(), await pool.member()
    phone, desk, theirs = await pool.join(member.token), await pool.join(member.token), await pool.join(other.token)

    await pool.enrol.revoke(EVA, member.member, None)

    assert [await phone.end(), await desk.end()] == [4403, 4403]
    await theirs.say(type="send", client_id="c", text="still here")
    assert (await theirs.hear())["type"] in {"accepted", "item"}


async def test_an_erased_member_is_cut_and_cannot_come_back(pool: Pool) -> None:
    member = await pool.member()
    device = await pool.join(member.token)

    await pool.enrol.erase("eva", member.member)

    assert await device.end() == 4403
    again = await pool.connect()
    await again.say(type="hello", token=member.token, after=0)
    assert (await again.hear())["type"] == "bye"


async def test_at_the_end_everybody_is_told_when_to_come_back(pool: Pool) -> None:
    member = await pool.member()
    device = await pool.join(member.token)

    await pool.streams.close()

    bye = await device.hear()
    assert (bye["type"], bye["reason"]) == ("bye", "restart")
    assert bye["retry_after_ms"] > 0
    assert await device.end() == 1012


async def test_who_has_gone_is_forgotten(pool: Pool) -> None:
    member = await pool.member()
    phone, desk = await pool.join(member.token), await pool.join(member.token)

    await phone.socket.close()
    await desk.socket.close()
    last = await pool.join((await pool.member()).token)
    await pool.post("for who is left")
    await last.hear()

    assert len(pool.streams.hub) == 1


async def test_a_member_who_comes_back_keeps_what_they_have_read(pool: Pool) -> None:
    member = await pool.member()
    device = await pool.join(member.token)
    post = await pool.post()
    await device.hear()
    await device.say(type="read", seq=1)
    await device.say(type="send", client_id="c", text="after the read")
    await device.hear()

    again = await pool.join(member.token, after=1)
    await again.hear()
    await pool.deliver.flush()

    assert await pool.store.post_counts(post) == {DeliveryState.READ: 1}


async def test_an_error_that_nobody_foresaw_ends_the_connection(pool: Pool) -> None:
    async def broken(_signed: object, _said: object) -> bytes:
        raise KeyError

    pool.streams.doors = Doors(broken, broken)
    device = await pool.join((await pool.member()).token)

    await device.say(type="send", client_id="c", text="Hello")

    assert (await device.hear())["type"] == "bye"
    assert await device.end() == 1011


async def test_silent_connections_make_room_where_most_of_them_are() -> None:
    silent = Silent()
    honest = Socket(_Wire("192.0.2.1"), _Deaf(), Sweeper())
    crowd = [Socket(_Wire("192.0.2.2"), _Deaf(), Sweeper()) for _ in range(3)]
    for socket in (honest, *crowd):
        silent.add(socket)

    ended = [silent.pop_oldest_of_fullest() for _ in range(2)]
    silent.discard(honest)

    assert ended == crowd[:2]
    assert len(silent) == 1


class _Deaf:
    def opened(self, _socket: Socket) -> None: ...
    def received(self, _socket: Socket, _text: bytes) -> None: ...
    def closed(self, _socket: Socket, _code: int) -> None: ...


class _Wire(asyncio.Transport):
    """The end of a wire that says where it comes from."""

    def __init__(self, address: str) -> None:
        super().__init__({"peername": (address, 1)})


async def test_acknowledgements_are_never_refused_for_coming_fast(pool: Pool) -> None:
    member = await pool.member()
    device = await pool.join(member.token)
    await pool.post()
    await device.hear()

    for _ in range(stream.INBOX * 3):
        await device.socket.send_str('{"type": "ack", "seq": 1}')
    await device.say(type="send", client_id="after", text="all taken")

    assert {(await device.hear())["type"], (await device.hear())["type"]} == {"accepted", "item"}
