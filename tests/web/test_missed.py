"""When news of other processes may be missing, staff's streams begin anew: no position from before is resumed."""

from relay.core.change import AddCommunity
from relay.core.community import Community
from tests.web.conftest import Relay
from tests.web.test_staff_stream import closed, frame, hello


async def test_readers_are_told_to_come_back_and_to_read_the_lists_again(relay: Relay) -> None:
    await relay.community()
    anna = await relay.member()
    async with relay.owner.stream() as socket:
        before = (await hello(socket))["position"]
        relay.parts.bus.miss()
        code = await closed(socket)
    await relay.reply(anna, "meanwhile")

    async with relay.owner.stream() as socket:
        welcome = await hello(socket, after=before)
        reset = await frame(socket)
        await relay.reply(anna, "and now", "2")
        live = await frame(socket)

    assert code == 1012
    assert (welcome["type"], reset["type"]) == ("welcome", "reset")
    assert live["message"]["text"] == "and now"


async def test_positions_from_after_it_are_resumed_as_ever(relay: Relay) -> None:
    await relay.community()
    anna = await relay.member()
    relay.parts.bus.miss()
    relay.parts.bus.miss()
    async with relay.owner.stream() as socket:
        position = (await hello(socket))["position"]
    await relay.reply(anna, "meanwhile")

    async with relay.owner.stream() as socket:
        welcome = await hello(socket, after=position)
        missed = await frame(socket)

    assert welcome["position"] == position
    assert missed["message"]["text"] == "meanwhile"


async def test_a_community_that_was_founded_meanwhile_has_its_name_afterwards(relay: Relay) -> None:
    made = Community("c" * 26, "hut", "Hut", relay.clock.now())
    relay.also_told.clear()  # as if another process had done it while nothing was heard
    await relay.parts.store.commit(AddCommunity(made))
    relay.also_told.append(relay.parts.bus.announce)
    relay.parts.bus.miss()
    async with relay.owner.stream() as socket:
        await hello(socket)
        await relay.post("hut")
        event = await frame(socket)

    assert (event["event"], event["community"]) == ("post.accepted", "hut")
