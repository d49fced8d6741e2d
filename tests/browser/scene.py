"""A community in the middle of a working day, in one language: what every page shows when somebody looks at all of them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from tests.browser.desk import Desk, Person
from tests.browser.house import House
from tests.e2e.client import Api, Json, MemberClient

STORIES: Final = Path(__file__).parent / "stories"
MEMBERS: Final = 12
QUIET: Final = "chess"
RULES: Final = "[moderation]\nflag = 0.5\n[plugins.words]\n[plugins.capitals]\n[plugins.links]\n"
PAUSE: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Scene:
    """Ids of what is worth looking at; nothing has happened in `empty` yet, and in `quiet` somebody is in."""

    house: House
    language: str
    slug: str
    empty: str
    quiet: str
    invite: str
    state: Any  # of the owner's browser, as Playwright keeps it
    places: Mapping[str, str]  # what stands in an address, by its part in the story
    quote: str  # what one member wrote
    members: Mapping[str, MemberClient]  # the same for those whose own page is looked at


async def play(house: House, language: str) -> Scene:
    """Everything of the story in stories/LANGUAGE.json happens."""
    story = json.loads((STORIES / f"{language}.json").read_text("utf-8"))
    return await _Play(house, language, story).whole()


class _Play:
    def __init__(self, house: House, language: str, story: Json) -> None:
        self._house = house
        self._owner = house.cast.owner
        self._language = language
        self._story = story
        self._members: list[MemberClient] = []

    async def whole(self) -> Scene:
        made = await self._house.cast.found("pool", **{"language": self._language, **self._story["community"]})
        slug = made["slug"]
        empty = (await self._house.cast.found("club", name=self._story["empty"], language=self._language))["slug"]
        await self._house.cast.found(QUIET, name=self._story["quiet"], language=self._language)
        desk, helper = await self._staff()
        invite = await self._owner.want(201, "POST", f"/v1/communities/{slug}/invites", {"label": self._story["invite"]})
        self._members = [await self._house.cast.enrol(slug, **self._member(place)) for place in range(MEMBERS)]
        posts = [(await self._house.cast.post(slug, **post))["id"] for post in self._story["posts"]]
        await self._talk(posts)
        threads = {one["member"]["id"]: one["id"] for one in await self._house.cast.threads(slug)}
        by_place = {str(place): threads[member.id] for place, member in enumerate(self._members) if member.id in threads}
        await self._work(by_place, helper)
        cases = await self._decide(slug, desk)
        await self._try_rules(slug)
        places = {
            "slug": slug,
            "empty": empty,
            "closed": posts[0],
            "asked": posts[1],
            "member": self._members[4].id,
            "ada": by_place["0"],
            "noted": by_place["4"],
            "leased": by_place["3"],
            "held": by_place["8"],
            **cases,
        }
        state = await desk.context.storage_state()
        members = await self._looked_at()
        quote = max((text for _, text in self._story["replies"]), key=len)
        return Scene(self._house, self._language, slug, empty, QUIET, invite["url"], state, places, quote, members)

    async def _looked_at(self) -> dict[str, MemberClient]:
        paused, gone = self._members[10:12]
        await paused.api.want(200, "POST", "/v1/me/pause", {"until": (datetime.now(UTC) + PAUSE).isoformat()})
        await gone.api.want(204, "POST", "/v1/me/leave", {})
        new = await self._house.cast.enrol(QUIET, language=self._language)
        return {"answered": self._members[2], "rejected": self._members[9], "paused": paused, "gone": gone, "new": new}

    async def _staff(self) -> tuple[Desk, Api]:
        """The owner at a desk, and somebody who answers."""
        owner, agent = [
            await self._owner.want(201, "POST", "/v1/staff", {"name": name, "role": role})
            for role, name in self._story["staff"]
        ][:2]
        desk = await self._house.window(Desk, "console", self._language)
        await desk.sign_in_by_link(Person(owner["id"], self._story["staff"][0][1], owner["link"]))
        key = {"name": self._story["key"], "scopes": ["posts:write", "posts:read"]}
        await self._owner.want(201, "POST", "/v1/keys", key)
        return desk, self._house.cast.api(agent["token"])

    def _member(self, place: int) -> dict[str, object]:
        return {"language": self._language, "tags": self._story["tags"][: place % 3], "name": self._story["names"][place]}

    async def _talk(self, posts: list[str]) -> None:
        for place, text in self._story["replies"]:
            body = {"client_id": uuid4().hex, "text": text, "in_reply_to": posts[0]}
            await self._members[place].api.want(202, "POST", "/v1/me/messages", body)
        for member in self._members[:9]:
            await member.api.want(204, "POST", "/v1/me/read", {"seq": 1})
        for place in self._story["presses"]:
            await self._members[place].api.want(204, "POST", "/v1/me/press", {"post": posts[1], "button": "yes"})

    async def _work(self, threads: dict[str, str], helper: Api) -> None:
        """Staff answer, note, take, put off and close."""
        for kind, place, value in self._story["work"]:
            thread = f"/v1/threads/{threads[str(place)]}"
            if kind in {"answer", "note"}:
                await helper.want(202, "POST", f"{thread}/messages", {"text": value, "internal": kind == "note"})
            elif kind == "lease":
                await helper.want(200, "POST", f"{thread}/lease", {})
            else:
                version = (await self._owner.get(thread))["version"]
                await self._owner.want(200, "PATCH", thread, {"version": version, **value})

    async def _try_rules(self, slug: str) -> None:
        """Other rules are tried on what was said."""
        place = f"/v1/communities/{slug}/moderation:replay"
        since = (datetime.now(UTC) - PAUSE).isoformat()
        await self._owner.want(202, "POST", place, {"config": RULES, "since": since})
        await self._owner.until(place, lambda job: job["state"] == "done")

    async def _decide(self, slug: str, desk: Desk) -> dict[str, str]:
        """Of the held messages one is rejected and appealed, one delivered, one rejected; one waits."""
        held = [case async for case in self._owner.all(f"/v1/communities/{slug}/cases?state=open")]
        ids = {case["member"]["id"]: case["id"] for case in held}
        alike = next(case["id"] for case in held if case["member"]["id"] == self._members[10].id)
        appealed, delivered, waiting, rejected = [ids[self._members[place].id] for place in (6, 7, 8, 9)]
        for case, action, reason in (
            (appealed, "reject", self._story["reason"]),
            (delivered, "deliver", ""),
            (rejected, "reject", self._story["reason"]),
        ):
            await self._owner.want(200, "POST", f"/v1/cases/{case}:decide", {"action": action, "reason": reason})
        term = {"kind": "mute", "until": (datetime.now(UTC) + PAUSE).isoformat(), "reason": self._story["reason"]}
        mute = await self._owner.want(201, "POST", f"/v1/members/{self._members[7].id}/measures", term)
        path, origin = f"{desk.origin}/v1/members/{self._members[6].id}/measures", {"Origin": desk.origin}
        own = await (await desk.context.request.post(path, data={**term, "kind": "slow"}, headers=origin)).json()
        for place, what in ((6, appealed), (7, mute["id"]), (6, own["id"])):
            appeal = {"case": what, "text": self._story["appeal"]}
            await self._members[place].api.want(202, "POST", "/v1/me/appeals", appeal)
        return {
            "case": waiting,
            "appealed": appealed,
            "delivered": delivered,
            "alike": alike,
            "objected": mute["id"],
            "own": own["id"],
        }
