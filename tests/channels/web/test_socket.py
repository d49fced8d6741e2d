"""The socket over real connections: slim and plain, on asyncio's loop and on uvloop, against a raw client and aiohttp's."""

import asyncio
import gc
import struct
from collections.abc import Callable
from socket import SO_LINGER, SOL_SOCKET

import aiohttp
import pytest
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from relay.channels.web import frames
from relay.channels.web.socket import SIGN_IN, SLICE, Terms
from tests.channels.web.rig import HANDSHAKE, LIMIT, Raw, Rig

MANY = 2_000  # frames of 10 kB: more than the kernel takes for a reader that never reads
SLIM = pytest.mark.parametrize("rig", ["slim"], indirect=True)  # where aiohttp reads, it does so in its own way


async def test_texts_go_both_ways_with_aiohttps_own_client(rig: Rig) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(f"http://127.0.0.1:{rig.port}/ws") as client:
        await client.send_str("echo")
        answer = await client.receive_str(timeout=LIMIT)
        await client.send_str("Grüße" * 2_000)
        await client.close(code=4000)
        code = client.close_code

    socket, _ = await rig.handler.next("opened")
    first = await rig.handler.next("received")
    second = await rig.handler.next("received")
    closed = await rig.handler.next("closed")
    assert (answer, code) == ("echo", 4000)
    assert first == (socket, b"echo")
    assert second == (socket, ("Grüße" * 2_000).encode())
    assert closed == (socket, 4000)


async def test_the_handshake_is_answered_as_in_the_rfc_without_extensions(rig: Rig) -> None:
    client = await rig.dial()

    answer = await asyncio.wait_for(client.reader.readuntil(b"\r\n\r\n"), LIMIT)

    assert answer.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    assert b"\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in answer
    assert b"extensions" not in answer.lower()


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        pytest.param(b"Version: 13", b"Version: 8", 426, id="old version"),
        pytest.param(b"Upgrade: websocket\r\n", b"", 400, id="no upgrade"),
        pytest.param(b"Connection: keep-alive, Upgrade\r\n", b"", 400, id="no connection upgrade"),
        pytest.param(b"dGhlIHNhbXBsZSBub25jZQ==", b"c2hvcnQ=", 400, id="short key"),
        pytest.param(b"dGhlIHNhbXBsZSBub25jZQ==", b"dGhl!IHNhbXBsZSBub25jZQ=", 400, id="key not base64"),
        pytest.param(b"dGhlIHNhbXBsZSBub25jZQ==", b"\xff\xe2\x98\x83", 400, id="key not ASCII"),
        pytest.param(b"Host: relay\r\n", b"Host: relay\r\nContent-Length: 2\r\n", 400, id="body"),
    ],
)
async def test_a_bad_handshake_is_refused_as_http(rig: Rig, old: bytes, new: bytes, status: int) -> None:
    client = await rig.dial(HANDSHAKE.replace(old, new) + (b"{}" if b"Length" in new else b""))

    line = await asyncio.wait_for(client.reader.readline(), LIMIT)

    assert line.startswith(b"HTTP/1.1 %d " % status)
    assert len(rig.sweeper) == 0


async def test_frames_right_behind_the_handshake_are_not_lost(rig: Rig) -> None:
    text = b"\x81\xfe\xea\x60" + bytes(4) + b"a" * 60_000

    await rig.dial(HANDSHAKE + text * 5)

    await rig.handler.next("opened")
    assert [(await rig.handler.next("received"))[1] for _ in range(5)] == [b"a" * 60_000] * 5


async def test_frames_that_come_while_the_route_still_thinks_are_not_lost(rig: Rig) -> None:
    rig.gate.clear()
    client = await rig.dial()
    for number in range(50):
        client.send(0x81, b"%05d" % number * 1_000)
        await client.writer.drain() if number < 10 else None

    rig.gate.set()

    await rig.handler.next("opened")
    expected = [b"%05d" % number * 1_000 for number in range(50)]
    assert expected == [(await rig.handler.next("received"))[1] for _ in range(50)]


def _of_aiohttp() -> list[object]:
    gc.collect()
    return [thing for thing in gc.get_objects() if isinstance(thing, (RequestHandler, web.Request))]


@SLIM
async def test_nothing_of_aiohttp_stays_behind_an_open_slim_socket(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    of_other_tests = {id(thing): thing for thing in _of_aiohttp()}
    client, _ = await rig.join()
    client.send(0x81, b"echo")
    await client.frame()

    await _until(lambda: asyncio.all_tasks() == {asyncio.current_task()})

    assert [thing for thing in _of_aiohttp() if id(thing) not in of_other_tests] == []
    assert rig.runner.server is not None
    assert rig.runner.server.connections == []
    assert [" 101 " in entry.message for entry in caplog.records if entry.name == "aiohttp.access"] == [True]


@SLIM
async def test_aiohttps_shutdown_leaves_slim_sockets_to_their_owner(rig: Rig) -> None:
    client, socket = await rig.join()

    await asyncio.wait_for(rig.runner.shutdown(), LIMIT)
    client.send(0x81, b"echo")

    assert await client.frame() == (0x81, b"echo")
    assert socket.is_open


async def test_a_ping_is_answered_with_its_payload(rig: Rig) -> None:
    client, _ = await rig.join()

    client.send(0x89, b"are you there")

    assert await client.frame() == (0x8A, b"are you there")


async def test_the_clients_close_is_answered_and_the_server_ends_the_connection(rig: Rig) -> None:
    client, socket = await rig.join()
    socket.session = "something"

    client.send(0x88, b"\x03\xe9gone")

    assert (await client.frame())[0] == 0x88
    assert await client.ended()
    assert await rig.handler.next("closed") == (socket, 1001)
    assert socket.session is None
    assert len(rig.sweeper) == 0


async def test_a_close_of_the_relay_says_farewell_and_ends_with_the_clients_answer(rig: Rig) -> None:
    client, socket = await rig.join()

    socket.close(4403, "revoked", frames.text(b"bye"))

    assert await client.frame() == (0x81, b"bye")
    assert await client.frame() == (0x88, b"\x11\x33revoked")
    assert not socket.send(frames.text(b"late"))
    client.send(0x81, b"not to be handed over")
    client.send(0x88, b"\x11\x33")
    assert await client.ended()
    assert await rig.handler.next("closed") == (socket, 4403)


async def test_a_text_that_comes_after_the_relays_close_is_not_handed_over(rig: Rig) -> None:
    client, socket = await rig.join()
    socket.close(4403)
    await client.frame()

    client.send(0x81, b"too late")
    client.writer.write_eof()

    assert await rig.handler.next("closed") == (socket, 4403)


async def test_a_client_that_does_not_answer_a_close_is_gone_after_the_grace(rig: Rig) -> None:
    client, socket = await rig.join()
    socket.close(4403)
    await client.frame()

    rig.pass_time(Terms().grace)

    assert await client.ended()
    assert await rig.handler.next("closed") == (socket, 4403)


async def test_without_a_hello_in_time_the_connection_ends_and_not_before(rig: Rig) -> None:
    client, _ = await rig.join(admit=False)
    admitted, _ = await rig.join()

    rig.pass_time(Terms().hello - 0.1)
    client.send(0x89, b"still here")
    assert await client.frame() == (0x8A, b"still here")
    rig.pass_time(0.1)

    assert await client.frame() == (0x81, b"bye %d" % SIGN_IN)
    assert await client.frame() == (0x88, SIGN_IN.to_bytes(2) + b"no hello")
    admitted.send(0x89, b"I may stay")
    assert await admitted.frame() == (0x8A, b"I may stay")


async def test_a_silent_client_is_pinged_and_kept_as_long_as_it_answers(rig: Rig) -> None:
    client, socket = await rig.join()

    for _ in range(4):
        rig.pass_time(Terms().ping)
        rig.pass_time(Terms().ping)
        assert await client.frame() == (0x89, b"")
        client.send(0x8A)
        client.send(0x81, b"echo")
        assert await client.frame() == (0x81, b"echo")

    assert socket.is_open


async def test_a_half_open_connection_is_dropped_after_an_unanswered_ping(rig: Rig) -> None:
    client, socket = await rig.join()

    for _ in range(3):
        rig.pass_time(Terms().ping)

    assert await client.frame() == (0x89, b"")
    assert await client.ended()
    assert await rig.handler.next("closed") == (socket, frames.LOST)


async def test_a_connection_that_breaks_closes_with_1006(rig: Rig) -> None:
    client, socket = await rig.join()
    raw = client.writer.get_extra_info("socket")

    raw.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    client.writer.transport.abort()

    assert await rig.handler.next("closed") == (socket, frames.LOST)


async def test_a_client_that_ends_without_a_close_frame_closes_with_1006(rig: Rig) -> None:
    client, socket = await rig.join()

    client.writer.write_eof()

    assert await rig.handler.next("closed") == (socket, frames.LOST)


async def test_a_reader_that_never_reads_is_cut_with_1013_and_memory_stays_bounded(rig: Rig) -> None:
    client, socket = await rig.join()
    client.stop_reading()
    frame = frames.text(b"a" * 10_000)

    largest = 0
    for _ in range(MANY):
        socket.send(frame)
        largest = max(largest, socket.buffered)
        await asyncio.sleep(0)

    assert Terms().buffer < largest <= Terms().buffer + len(frame) + 100
    assert not socket.send(frame)
    rig.pass_time(Terms().grace)
    assert await rig.handler.next("closed") == (socket, frames.TOO_SLOW)
    assert socket.buffered == 0


async def test_a_client_that_pings_and_never_reads_is_cut_too(rig: Rig) -> None:
    client, socket = await rig.join()
    client.stop_reading()
    for _ in range(MANY):
        if not socket.is_slow:
            socket.send(frames.text(b"a" * 10_000))
        await asyncio.sleep(0)

    client.send(0x89, b"?")

    await _until(lambda: not socket.is_open)
    rig.pass_time(Terms().grace)
    assert await rig.handler.next("closed") == (socket, frames.TOO_SLOW)


async def test_one_large_write_reaches_a_client_that_reads(rig: Rig) -> None:
    client, socket = await rig.join()

    taken = socket.send(frames.text(b"a" * 3_000_000))

    assert taken
    assert await client.frame() == (0x81, b"a" * 3_000_000)
    assert socket.is_open


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"\x81\xff" + (65_537).to_bytes(8) + bytes(4), 1009, id="too large"),
        pytest.param(b"\x82\x81" + bytes(5), 1003, id="binary"),
        pytest.param(b"\x81\x81" + bytes(4) + b"\xff", 1007, id="not UTF-8"),
        pytest.param(b"\x83\x80" + bytes(4), 1002, id="unknown opcode"),
    ],
)
async def test_a_frame_that_may_not_come_closes_with_its_code(rig: Rig, data: bytes, code: int) -> None:
    client, socket = await rig.join()

    client.writer.write(data)

    first, payload = await client.frame()
    if first == 0x81:
        assert payload == b"bye %d" % code
        first, payload = await client.frame()
    assert (first, payload[:2]) == (0x88, code.to_bytes(2))
    client.send(0x88, payload[:2])
    rig.pass_time(Terms().grace)
    assert await rig.handler.next("closed") == (socket, code)


@SLIM
async def test_the_close_for_a_message_too_large_is_readable_though_the_message_goes_on(rig: Rig) -> None:
    client, _ = await rig.join()

    client.writer.write(b"\x81\xff" + (10_000_000).to_bytes(8) + bytes(4 + 10_000_000))

    assert await client.frame() == (0x81, b"bye 1009")
    assert (await client.frame())[1][:2] == (1009).to_bytes(2)


@SLIM
async def test_a_handler_that_fails_loses_its_own_connection_and_is_reported(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    client, socket = await rig.join()
    neighbour, _ = await rig.join()

    client.send(0x81, b"fail")

    assert await client.ended()
    assert await rig.handler.next("closed") == (socket, frames.LOST)
    neighbour.send(0x81, b"echo")
    assert await neighbour.frame() == (0x81, b"echo")
    assert any(entry.exc_info and entry.exc_info[0] is ZeroDivisionError for entry in caplog.records)
    caplog.clear()


async def test_the_peer_is_the_address_of_the_other_end(rig: Rig) -> None:
    _, socket = await rig.join()

    assert socket.peer == "127.0.0.1"


@SLIM
async def test_the_sweeper_goes_its_rounds_by_itself_in_slices(rig: Rig) -> None:
    number = SLICE + 10
    for _ in range(number):
        await rig.join(admit=False)
    rig.clock.now += Terms().hello

    rig.sweeper.start()

    await asyncio.gather(*(_farewell(client) for client in rig.clients))
    rig.sweeper.stop()
    assert len(rig.clients) == number


async def _farewell(client: Raw) -> None:
    assert await client.frame() == (0x81, b"bye %d" % SIGN_IN)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0)


async def test_what_waits_for_the_end_of_a_turn_keeps_its_place(rig: Rig) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(f"http://127.0.0.1:{rig.port}/ws") as client:
        socket, _ = await rig.handler.next("opened")

        socket.send_together(frames.text(b"1"))
        socket.send_together(frames.text(b"2"))
        socket.send(frames.text(b"3"))
        socket.send_together(frames.text(b"4"))
        heard = [await client.receive_str(timeout=LIMIT) for _ in range(4)]

        socket.send_together(frames.text(b"5"))
        socket.close(4000)
        last = await client.receive_str(timeout=LIMIT)
        end = await client.receive(timeout=LIMIT)

    assert heard == ["1", "2", "3", "4"]
    assert (last, end.type) == ("5", aiohttp.WSMsgType.CLOSE)
    assert not socket.send_together(frames.text(b"6"))
