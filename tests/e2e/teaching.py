"""What it takes for a relay to learn: messages that wait for a person, whoever writes them, and a person who decides."""

from collections.abc import Iterable
from pathlib import Path

from tests.e2e.cast import Cast
from tests.e2e.client import MemberClient

KEPT = "zzkeep"
KEEP = f'''
"""Keep: a person looks at what says so."""
from relay.plugin import NoOptions, Plugin, Signal

class Keep(Plugin[NoOptions]):
    name, version, api = "keep", "1.0", 1
    signals = {{"keep.this": 5.0}}

    async def check(self, incoming, context):
        if "{KEPT}" in incoming.text.folded:
            yield Signal("keep.this")
'''


def teachable(folder: Path) -> dict[str, str]:
    """Settings of a relay that learns; nobody who is rejected is muted for it."""
    plugins = folder / "plugins"
    plugins.mkdir()
    (plugins / "keep.py").write_text(KEEP, "utf-8")
    return {
        "RELAY_MODERATION__FOLDER": str(plugins),
        "RELAY_MODERATION__LADDER__STRIKE": "0",
        "RELAY_PLUGINS__KEEP": '{"trusted_inline": true}',
        "RELAY_PLUGINS__SPAM": "{}",
        "RELAY_PLUGINS__REPEAT": '{"shortest": 300}',  # lessons are much alike, and many
        "RELAY_PLUGINS__FLOOD": '{"burst": 1000}',
    }


async def taught(cast: Cast, slug: str, member: MemberClient, lessons: Iterable[tuple[str, str]]) -> None:
    """They write these texts, and a person does with each what stands beside it: deliver or reject."""
    for n, (text, action) in enumerate(lessons):
        body = {"client_id": f"taught-{n}", "text": f"{KEPT} {text}"}
        await member.api.want(202, "POST", "/v1/me/messages", body)
        (case,) = (await cast.owner.get(f"/v1/communities/{slug}/cases?state=open"))["items"]
        decision = {"action": action, "reason": "Because."}
        await cast.owner.want(200, "POST", f"/v1/cases/{case['id']}:decide", decision, key=f"taught-{case['id']}")
