"""A slow plugin of one's own: what is in doubt is held while it looks in its worker, and what it says decides."""

from pathlib import Path

import aiohttp
import pytest

from tests.e2e.cast import Cast
from tests.e2e.conftest import HELD_WORD, Relay

SLUG = "bad"
LATER = '''
"""Later: certain of what it is asked about, for better or worse."""
from relay.plugin import NoOptions, Plugin, Signal

class Later(Plugin[NoOptions]):
    name, version, api = "later", "1.0", 1
    stage = "slow"
    signals = {"later.rude": 9.0}
    told = {"later.rude": {"en": "it is rude", "de": "sie ist unhöflich"}}

    async def check(self, incoming, context):
        if incoming.text.raw.startswith("You"):
            yield Signal("later.rude", hard=True)
'''
GREY = {  # a made-up word that is worth a second look
    "RELAY_PLUGINS__WORDS": f'{{"add": ["{HELD_WORD}"]}}',
    "RELAY_PLUGINS__LATER": "{}",
    "RELAY_MODERATION__WEIGHTS": '{"words.insult": 3.0}',
}


@pytest.mark.parametrize(
    ("text", "ends"),
    [(f"A {HELD_WORD} is a bird", ("filed", "open")), (f"You {HELD_WORD}", ("rejected", "rejected"))],
)
async def test_the_second_look_decides(
    start_relay: Relay, http: aiohttp.ClientSession, tmp_path: Path, text: str, ends: tuple[str, str]
) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "later.py").write_text(LATER, "utf-8")
    server = await start_relay(**GREY, RELAY_MODERATION__FOLDER=str(tmp_path / "plugins"))
    async with Cast(http, server) as cast:
        await cast.found(SLUG)
        desk, member = await cast.watch(cast.owner), await cast.join(SLUG)

        await member.send("doubt", text)
        message = (await member.answered("doubt"))["id"]
        await desk.heard.until(lambda: any(event.get("message_id") == message for event in desk.events))

        (checked,) = [event for event in desk.events if event["event"] == "message.checked"]
        (case,) = (await cast.owner.get(f"/v1/communities/{SLUG}/cases"))["items"]
        told = [item["text"] for item in (await member.api.get("/v1/me/items"))["items"] if item["kind"] == "notice"]
        assert (checked["status"], case["state"], case["is_checking"]) == (*ends, False)
        assert any("it is rude" in each for each in told) is (ends[0] == "rejected")
