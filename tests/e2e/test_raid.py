"""Raid mode in a whole relay: what begins it, that staff see and end it, and that its members do not."""

from pathlib import Path

import aiohttp

from tests.e2e.cast import Cast
from tests.e2e.conftest import HELD_WORD, Relay

SLUG = "bad"
SAME = '''
"""Same: somebody else has written this text."""
from relay.plugin import NoOptions, Plugin, Signal

class Same(Plugin[NoOptions]):
    name, version, api = "same", "1.0", 1
    stage, across_members = "behaviour", True
    signals = {"same.text": 5.0}

    async def check(self, incoming, context):
        if await context.shared.increment(incoming.text.folded, ttl=600) > 1:
            yield Signal("same.text")
'''
WATCHFUL = {  # a made-up word that means nothing alone
    "RELAY_PLUGINS__WORDS": f'{{"add": ["{HELD_WORD}"]}}',
    "RELAY_PLUGINS__SAME": '{"trusted_inline": true}',
    "RELAY_MODERATION__WEIGHTS": '{"words.insult": 1.0}',
}
CALM = f"A {HELD_WORD} is a bird"


async def test_a_raid_is_seen_and_ended_by_staff_and_by_no_member(
    start_relay: Relay, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "same.py").write_text(SAME, "utf-8")
    server = await start_relay(**WATCHFUL, RELAY_MODERATION__FOLDER=str(tmp_path / "plugins"))
    async with Cast(http, server) as cast:
        await cast.found(SLUG)
        before, *crowd, during = [await cast.join(SLUG) for _ in range(5)]
        await before.send("calm", CALM)
        calm = await before.answered("calm")
        for member in crowd:
            await member.send("same", "Buy the new card now")
            await member.answered("same")

        await during.send("calm", f"{CALM}, too")
        told = await during.answered("calm")

        raid = await cast.owner.get(f"/v1/communities/{SLUG}/raid")
        cases = (await cast.owner.get(f"/v1/communities/{SLUG}/cases"))["items"]
        assert (raid["is_on"], raid["members"]) == (True, 2)
        (last,) = [case for case in cases if case["member"]["id"] == during.id]
        assert "core.raid" in {signal["name"] for signal in last["signals"]}
        assert set(told) == set(calm)
        assert [item["kind"] for item in (await during.api.get("/v1/me/items"))["items"]] == ["message"]

        await cast.owner.want(204, "DELETE", f"/v1/communities/{SLUG}/raid")
        assert not (await cast.owner.get(f"/v1/communities/{SLUG}/raid"))["is_on"]
        rows = await cast.owner.until("/v1/audit?limit=200", lambda found: "raid.begin" in actions(found))
        assert "raid.end" in actions(rows)


def actions(found: dict[str, list[dict[str, str]]]) -> list[str]:
    return [row["action"] for row in found["items"]]
