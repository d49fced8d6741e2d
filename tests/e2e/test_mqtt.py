"""Members on MQTT through a real broker, both ways, with MQTT 5 and 3.1.1; who is who is what the topic says."""

import asyncio
import os
import re
import sys
from contextlib import suppress
from pathlib import Path

import aiomqtt
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from tests.e2e.mqtt_device import V5, V311, Device
from tests.e2e.mqtt_town import Town, broker, town
from tests.e2e.server import ROOT, within

__all__ = ["broker", "town"]

REFERENCE = ROOT / "docs" / "reference" / "mqtt.md"
LOTS = 65_537  # bytes: one more than a frame may have


@pytest.mark.parametrize("version", [V5, V311], ids=["mqtt 5", "mqtt 3.1.1"])
async def test_a_post_a_reply_and_an_answer_go_through_the_broker(town: Town, version: aiomqtt.ProtocolVersion) -> None:
    ada = await town.device(version)
    post = await town.cast.post("pool", "We are closed tomorrow.", buttons=[{"id": "ok", "label": "Fine"}])

    item = await ada.item(1)
    await ada.send("1", "And the sauna?", in_reply_to=post["id"])
    accepted = await ada.answered("1")
    await ada.press("2", post["id"], "ok")
    await ada.answered("2")
    (thread,) = await town.cast.threads("pool")
    await town.cast.owner.want(202, "POST", f"/v1/threads/{thread['id']}/messages", {"text": "Open from ten."})
    answer = await ada.item(3)
    counts = (await town.cast.owner.until(f"/v1/posts/{post['id']}", lambda seen: seen["counts"]["delivered"] == 1))["presses"]

    assert (item["id"], item["text"], item["from"]["role"]) == (post["id"], "We are closed tomorrow.", "company")
    assert [message["text"] for message in thread["messages"]] == ["And the sauna?"]
    assert thread["messages"][0]["id"] == accepted["id"]
    assert ada.items[1]["from"]["role"] == "self"
    assert (answer["text"], answer["from"]["role"]) == ("Open from ten.", "staff")
    assert counts == {"ok": 1}
    assert ada.faults == []


async def test_what_goes_over_the_wire_is_what_the_document_says(town: Town) -> None:
    ada = await town.device()
    await town.cast.post("pool", "One", buttons=[{"id": "ok", "label": "Fine"}])
    await ada.send("1", "Hello")
    await ada.answered("1")
    await ada.say({"type": "no such thing"})
    await town.cast.heard.until(lambda: any(frame["type"] == "refused" for frame in ada.others))
    await ada.item(2)

    document = await town.cast.owner.get("/asyncapi.json")
    for frame in (*ada.items, *ada.answers.values(), *ada.others):
        schema = {**document["components"]["messages"][frame["type"]]["payload"], "components": document["components"]}
        assert [error.message for error in Draft202012Validator(schema).iter_errors(frame)] == []


async def test_the_same_client_id_gets_the_same_answer_and_no_second_message(town: Town) -> None:
    ada = await town.device()
    await ada.send("1", "Hello?")
    first = await ada.answered("1")

    await ada.send("1", "Hello?")
    await town.cast.heard.until(lambda: ada.is_quiet)

    assert ada.answers["1"] == first
    assert ada.faults == []
    (thread,) = await town.cast.threads("pool")
    assert len(thread["messages"]) == 1


async def test_reading_and_leaving_work_as_on_the_web(town: Town) -> None:
    ada = await town.device()
    post = await town.cast.post("pool", "One")
    await ada.item(1)

    await ada.say({"type": "read", "seq": 1})
    counts = (await town.cast.owner.until(f"/v1/posts/{post['id']}", lambda seen: seen["counts"]["read"] == 1))["counts"]
    await ada.send("stop", "STOP")
    await ada.answered("stop")
    notice = await ada.item(3)
    later = await town.cast.post("pool", "Two")

    assert counts["read"] == 1
    assert notice["kind"] == "notice"
    assert later["audience"] == 0


async def test_what_was_missed_comes_after_the_resume_and_only_once_to_who_was_there(town: Town) -> None:
    ada = await town.device()
    await town.cast.post("pool", "One")
    await ada.item(1)
    member, secret = ada.member, ada.secret
    await town.stop()

    for number in range(2, 301):
        await town.cast.post("pool", f"number {number}")
    again = Device(town.broker.port, member, secret, town.cast.heard, items=list(ada.items))
    town.start(again)
    await again.item(300)

    assert [item["seq"] for item in again.items] == list(range(1, 301))
    assert again.faults == []


async def test_every_device_of_a_member_gets_everything(town: Town) -> None:
    phone = await town.device()
    tablet_secret = town.broker.allow_member(phone.member, "tablet")
    tablet = Device(town.broker.port, phone.member, tablet_secret, town.cast.heard, name="tablet", version=V311)
    await town.cast.post("pool", "One")
    await phone.item(1)

    town.start(tablet)
    await tablet.item(1)
    await phone.send("1", "From the phone")
    await asyncio.gather(phone.item(2), tablet.item(2))

    assert tablet.items == phone.items
    assert phone.faults + tablet.faults == []


async def test_who_is_who_is_what_the_topic_says(town: Town) -> None:
    ada, ben = await town.device(), await town.device()

    await ada.say({"type": "send", "client_id": "1", "text": "I am Ben", "member": ben.member})
    await town.cast.heard.until(lambda: any(frame["type"] == "refused" for frame in ada.others))
    await ada.send("2", "I am Ada")
    await ada.answered("2")

    threads = await town.cast.threads("pool")
    assert [thread["member"]["id"] for thread in threads] == [ada.member]
    assert ben.items == []
    assert ben.others == []


async def test_the_documented_device_shows_old_and_new_items(town: Town, tmp_path: Path) -> None:
    member, secret = await town.member()
    post = await town.cast.post("pool", "We are closed tomorrow.")
    found = re.search(r"^```python no-run\n(.*?)^```$", REFERENCE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert found
    where = {"MEMBER": member, "DEVICE": "phone", "SECRET": secret, "BROKER": f"127.0.0.1:{town.broker.port}"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-c", found[1]),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **where},
        cwd=tmp_path,
    )
    try:
        assert process.stdout is not None
        async with within(20, "what it shows"):
            first = (await process.stdout.readline()).decode()
            await town.cast.post("pool", "And on Sunday.")
            second = (await process.stdout.readline()).decode()
        await town.cast.owner.until(f"/v1/posts/{post['id']}", lambda seen: seen["counts"]["delivered"] == 1)
    finally:
        process.kill()
        await process.wait()

    assert [first, second] == ["1 post company We are closed tomorrow.\n", "2 post company And on Sunday.\n"]


async def test_what_cannot_be_taken_is_refused_by_name_and_blocks_nothing(town: Town) -> None:
    ada = await town.device()
    assert ada._client is not None  # noqa: SLF001 - any bytes
    publish = ada._client.publish  # noqa: SLF001

    await publish(ada.up, b'{"type":"send","client_id":"kept","text":"x"}', qos=1, retain=True)
    await publish(ada.up, b"{" * LOTS, qos=1)
    await publish(ada.up, b"\xff\xfe", qos=1)
    await publish(ada.up, b"[]", qos=1)
    await publish(ada.up, b"", qos=1)
    await publish(ada.up, b'{"type":"hello","token":"x"}', qos=1)
    await publish(ada.up, b'{"type":"resume","after":99}', qos=1)
    await publish(ada.up, b'{"type":"ack","seq":99}', qos=1)
    await publish(ada.up, b'{"type":"send","client_id":"0","text":"x"}', qos=0)
    await town.cast.heard.until(lambda: len(ada.others) >= 9)
    await ada.send("1", "Still here")
    await ada.answered("1")

    refused = [frame for frame in ada.others if frame["type"] == "refused"]
    assert [frame["problem"]["status"] for frame in refused].count(422) == 8
    assert [frame["problem"]["status"] for frame in refused].count(413) == 1
    (thread,) = await town.cast.threads("pool")
    assert [message["text"] for message in thread["messages"]] == ["Still here"]
    assert await town.metric('relay_mqtt_refused{reason="retained"}') == 1
    assert await town.metric('relay_mqtt_refused{reason="too_large"}') == 1
    assert await town.metric('relay_mqtt_refused{reason="qos"}') == 1
    assert await town.metric('relay_mqtt_refused{reason="malformed"}') == 6


async def test_what_was_refused_does_not_come_again(town: Town) -> None:
    ada = await town.device()
    await ada.say({"type": "no such thing"})
    await ada.send("0", "Hello")
    await ada.answered("0")  # goes out behind the acknowledgement of what came before

    await town.server.kill()
    await town.server.start()
    await town.until_metric("relay_mqtt_connected", 1)
    await ada.send("1", "Still here")
    await ada.answered("1")

    assert await town.metric('relay_mqtt_refused{reason="malformed"}') == 0


async def test_a_will_is_a_message_like_any_other_and_a_stranger_is_counted(town: Town) -> None:
    member, secret = await town.member()
    user = f"{member}.phone"
    will = aiomqtt.Will(f"relay/v1/m/{member}/up", b'{"type":"send","client_id":"w","text":"I died"}', 1)
    dying = aiomqtt.Client(
        "127.0.0.1", town.broker.port, identifier=user, username=user, password=secret, will=will, protocol=V5
    )
    nobody = "aaaaaaaaaaaaaaaaaaaaaaaaaa"
    stranger = Device(town.broker.port, nobody, town.broker.allow_member(nobody), town.cast.heard)

    await dying.__aenter__()
    dying._client._sock_close()  # noqa: SLF001 - without a farewell
    town.start(stranger)
    await stranger.connected()
    await town.until_metric('relay_mqtt_refused{reason="stranger"}', 1)
    threads = await town.cast.owner.until("/v1/communities/pool/threads", lambda seen: len(seen["items"]) == 1)

    assert threads["items"][0]["member"]["id"] == member
    assert stranger.items + stranger.others == []
    with suppress(aiomqtt.MqttError):
        await dying.__aexit__(None, None, None)


async def test_an_erased_member_hears_nothing_more(town: Town) -> None:
    ada = await town.device()
    await town.cast.post("pool", "One")
    await ada.item(1)

    await town.cast.owner.want(204, "DELETE", f"/v1/members/{ada.member}")
    await ada.say({"type": "send", "client_id": "1", "text": "Anybody?"})
    await town.until_metric('relay_mqtt_refused{reason="stranger"}', 1)
    await town.cast.post("pool", "Two")

    assert await town.metric("relay_mqtt_members") == 0
    assert len(ada.items) == 1
    assert ada.others == []


async def test_what_the_broker_denies_is_not_sent_and_comes_when_it_allows_it(town: Town) -> None:
    ada, ben = await town.device(), await town.device()
    town.broker.deny("relay-stream", "topic read relay/v1/m/+/up", f"topic write relay/v1/m/{ben.member}/down")
    post = await town.cast.post("pool", "One")
    await ben.item(1)
    await town.until_metric("relay_mqtt_denied", 1)

    counts = (await town.cast.owner.until(f"/v1/posts/{post['id']}", lambda seen: seen["counts"]["delivered"] == 1))["counts"]
    town.broker.deny("relay-stream", "topic read relay/v1/m/+/up", "topic write relay/v1/m/+/down")
    await ada.say({"type": "resume", "after": 0})
    await ada.item(1)

    assert (counts["sending"], counts["sent"]) == (1, 0)
    assert ada.faults == []


async def test_a_broker_that_is_away_is_named_and_the_rest_works(town: Town) -> None:
    ada = await town.device()
    await town.cast.post("pool", "One")
    await ada.item(1)

    town.broker.kill()
    async with within(20, "the broker is named"):
        while "broker_away" not in await _ready(town):
            pass
    ready = await _ready(town)
    post = await town.cast.post("pool", "Two")
    town.broker.start()
    await ada.item(2)

    assert ready.startswith("broker_away: ")
    assert post["audience"] == 1
    assert await _ready(town) == "ok\n"


async def _ready(town: Town) -> str:
    async with town.cast.http.get(town.server.url + "/readyz") as answer:
        assert answer.status == 200
        return await answer.text()
