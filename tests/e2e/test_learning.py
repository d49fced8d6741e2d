"""Learning in a whole relay, on every engine: staff decide, a model comes of it, is put to use, and goes with its members."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random

import aiohttp

from relay.core.model import LEAST
from tests.e2e.cast import Cast
from tests.e2e.client import MemberClient
from tests.e2e.conftest import Relay, unlimited
from tests.e2e.teaching import taught, teachable
from tests.e2e.test_canaries import _contents, _holding, _rows

SLUG = "town"
PATIENT = unlimited("staff", "member", "visitor")
PEOPLE, EACH = 7, 8  # of each kind: the last of them makes it enough, and enough is left when one is gone


def lines(mark: str) -> Iterator[tuple[str, str]]:
    """What is rejected and what is delivered; the mark stands in what is delivered."""
    for n in range(EACH):
        yield f"gewinne jetzt viel geld {n}", "reject"
        yield f"wann kommt der bus {mark} {n}", "deliver"


async def erased(cast: Cast, *members: MemberClient) -> None:
    for member in members:
        await member.api.want(204, "DELETE", "/v1/me")
    for member in members:
        await cast.owner.until(f"/v1/members/{member.id}/erasure", lambda erasure: erasure["confirmed_at"] is not None)


async def held(cast: Cast) -> list[str]:
    """Signals of the one message of a newcomer that is held; they hear of it what they hear of the other."""
    newcomer = await cast.join(SLUG)
    for name, text in (("advert", "gewinne jetzt viel geld"), ("question", "wann kommt der bus?")):
        await newcomer.send(name, text)
    told, also_told = await newcomer.answered("advert"), await newcomer.answered("question")
    (case,) = (await cast.owner.get(f"/v1/communities/{SLUG}/cases?state=open"))["items"]
    assert (case["decision"], set(told)) == ("hold", set(also_told))
    assert {item["kind"] for item in (await newcomer.api.get("/v1/me/items"))["items"]} == {"message"}
    return [each["name"] for each in case["signals"]]


async def test_what_staff_decide_becomes_a_model_and_leaves_it_with_its_member(
    start_relay: Relay, http: aiohttp.ClientSession, tmp_path: Path, engine: Mapping[str, str], seed: int
) -> None:
    mark = f"wombat{Random(seed).getrandbits(64):016x}"
    server = await start_relay(**PATIENT, **teachable(tmp_path))
    async with Cast(http, server) as cast:
        await cast.found(SLUG)
        one, other, *marked = [await cast.enrol(SLUG) for _ in range(PEOPLE)]
        models = f"/v1/communities/{SLUG}/models"
        before = await cast.owner.get(f"/v1/communities/{SLUG}/learning")
        for member in (one, other, *marked):
            await taught(cast, SLUG, member, lines(mark if member in marked else ""))
        page = await cast.owner.until(models, lambda page: page["items"])
        model = f"/v1/models/{page['items'][0]['id']}"
        known = [each["word"] for each in (await cast.owner.get(model))["known"]]
        await cast.owner.want(200, "POST", f"{model}:use", {})

        assert (before["why_not"], before["rejected"], before["least"]) == ("few", 0, LEAST)
        assert mark in known, "enough members wrote it"
        assert await held(cast) == ["spam.likely"]

        await erased(cast, marked.pop())
        page = await cast.owner.until(models, lambda page: page["items"][0]["number"] > 1)
        follows = await cast.owner.get(f"/v1/models/{page['items'][0]['id']}")
        emptied = await cast.owner.get(model)
        assert follows["model"]["is_in_use"]
        assert "bus" in {each["word"] for each in follows["known"]}
        assert mark not in {each["word"] for each in follows["known"]}
        assert (emptied["known"], emptied["model"]["is_in_use"]) == ([], False)
        assert _holding(mark, [*_contents(server), *await _rows(engine)]) != [], "the search finds what is there"

        await erased(cast, *marked)
        await cast.owner.until(models, lambda page: not page["items"][0]["is_in_use"])
        assert _holding(mark, [*_contents(server), *await _rows(engine)]) == []
