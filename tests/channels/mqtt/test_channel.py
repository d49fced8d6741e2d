"""The channel over turns that come and go, brokers that deny, and news that were missed: one line a member, nothing missing."""

import asyncio
from pathlib import Path

from relay.channels.mqtt.inbox import FAULTS, FRAMES
from relay.channels.mqtt.members import RESUMES
from relay.core.change import Erase
from tests.channels.mqtt.rig import rig, within
from tests.servers.plain_broker import RELAY, RULES_OF_RELAY, PlainBroker


async def test_the_turn_is_kept_while_the_members_are_read(broker: PlainBroker, tmp_path: Path) -> None:
    async with rig(broker, tmp_path) as here:
        reading = here.gated.hold("reached_by")
        here.turns.give()
        await within(reading.wait())

        await within(here.turns.is_kept.wait())
        await here.be_silent()
        here.gated.go("reached_by")
        await here.speak()
        ada = await here.device()
        await here.world.posted(here.community)
        await ada.item(1)


async def test_a_frame_that_waited_over_the_end_of_a_turn_leaves_no_line_behind(broker: PlainBroker, tmp_path: Path) -> None:
    async with rig(broker, tmp_path) as here:
        await here.speak()
        handling = here.gated.hold("signed_member")
        ada = await here.device()
        await within(handling.wait())

        await here.be_silent()
        away = here.channel.link.why_away
        here.gated.go("signed_member")
        await asyncio.sleep(0)
        member = await here.world.store.member(ada.member)
        assert member is not None
        await here.world.replied(member)  # a commit, behind any that the frame could have made
        left_over = len(here.channel.lines)
        await here.speak()
        await ada.item(1)
        await here.world.posted(here.community)
        await ada.item(2)
        presence = here.hub.find(member.n)
        sessions = presence.sessions[:] if presence else []

    assert away is not None
    assert left_over == 0
    assert len(sessions) == 1
    assert (ada.repeated, ada.faults) == (0, [])


async def test_what_the_broker_denied_is_tried_again_by_itself(broker: PlainBroker, tmp_path: Path) -> None:
    async with rig(broker, tmp_path) as here:
        await here.speak()
        ada = await here.device()
        await here.until(lambda: here.channel.lines.get(ada.member) is not None)
        broker.deny(RELAY, *(rule for rule in RULES_OF_RELAY if "/down" not in rule))
        await here.world.posted(here.community)
        await here.until(lambda: here.channel.inbox.figures.denied > 0)

        broker.deny(RELAY, *RULES_OF_RELAY)
        await ada.item(1)

        assert here.channel.inbox.figures.came == 2  # a resume and an acknowledgement: she did not ask


async def test_what_was_missed_is_asked_of_the_store(broker: PlainBroker, tmp_path: Path) -> None:
    async with rig(broker, tmp_path) as here:
        await here.speak()
        ada, bob = await here.device(), await here.device()
        await here.until(lambda: len(here.channel.lines) == 2)
        member = await here.world.store.member(bob.member)
        assert member is not None

        here.is_deaf = True
        await here.world.posted(here.community)
        await here.world.store.commit(Erase(member.n, member.id, here.world.clock.now()))
        here.is_deaf = False
        here.channel.lines.look_again()
        await ada.item(1)

        await here.until(lambda: here.channel.lines.get(bob.member) is None)


async def test_a_member_who_says_very_much_costs_little_and_keeps_nobody_waiting(broker: PlainBroker, tmp_path: Path) -> None:
    async with rig(broker, tmp_path) as here:
        await here.speak()
        ada, bob = await here.device(), await here.device()
        await here.until(lambda: len(here.channel.lines) == 2)
        figures = here.channel.inbox.figures
        held = here.gated.hold("signed_member")
        loop = asyncio.get_running_loop()
        began = loop.time()

        for _ in range(4 * int(FRAMES.burst)):  # far more than come to be allowed meanwhile
            await ada.say({"type": "resume", "after": 0})
        await here.until(lambda: figures.refused["too_many"] >= 50)
        await within(held.wait())
        here.gated.go("signed_member")
        await here.world.posted(here.community)
        await asyncio.gather(ada.item(1), bob.item(1))

        assert [frame["type"] for frame in ada.others] == ["refused"] * len(ada.others)
        assert len(ada.others) <= FAULTS.burst + FAULTS.per_second * (loop.time() - began) + 1


async def test_many_resumes_are_answered_together(broker: PlainBroker, tmp_path: Path) -> None:
    async with rig(broker, tmp_path) as here:
        await here.speak()
        ada = await here.device()
        await here.until(lambda: len(here.channel.lines) == 1)
        await here.world.posted(here.community)
        await ada.item(1)
        ada.items.clear()  # it lost its disk
        line = here.channel.lines.get(ada.member)
        assert line is not None

        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.gather(*(ada.say({"type": "resume", "after": 0}) for _ in range(4 * int(RESUMES.burst))))
        await here.until(lambda: line.asked == 0)  # it waits
        await ada.item(1)
        await here.until(lambda: line.asked is None)
        await here.until(lambda: line.acked == 1)

        assert here.channel.inbox.figures.resent <= RESUMES.burst + RESUMES.per_second * (loop.time() - began) + 1
