"""A town whose posts and replies go on while the network fails, and the account of what became of each of them."""

from collections import Counter
from dataclasses import dataclass, field
from random import Random

import aiohttp

from tests.e2e.cast import Cast
from tests.e2e.client import Api, Frame, Json, MemberClient
from tests.network.memory import rest

SLUG = "town"
AGAIN_S = 0.05  # until what could not be taken is said again
END_S = 300.0  # until everything is answered
PASSING = {409, 429, 503}  # answers after which the same request is made again: the first still runs, or it cannot be taken now


@dataclass(slots=True)
class Traffic:
    """`cast` talks through the fault, `calm` past it. What is promised to whom is written down as it is promised."""

    cast: Cast
    calm: Api
    random: Random
    members: list[MemberClient] = field(default_factory=list)
    posts: dict[int, str] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    said: int = 0

    async def fill(self, count: int) -> None:
        """Members enrol and connect."""
        await self.cast.found(SLUG)
        for _ in range(count):
            member = await self.cast.enrol(SLUG)
            self.members.append(member)
            self.cast.start(member)
        await self.cast.heard.until(lambda: all(member.welcome is not None for member in self.members))

    def act(self, posts: int, replies: int) -> None:
        """So many of both begin."""
        for _ in range(posts):
            self.cast.begin(self._publish(self.said))
            self.said += 1
        for _ in range(replies):
            self.cast.begin(self._reply(self.random.choice(self.members), self.said))
            self.said += 1

    @property
    def is_quiet(self) -> bool:
        """Whether all that was begun is answered, and every member has every post and all of their own messages."""
        return not self.cast.errands and not self._lacking()

    async def settle(self, limit: float) -> None:
        """Returns when it is quiet, or something is wrong; fails with who lacks what."""
        try:
            await self.cast.heard.until(lambda: self.is_quiet or bool(self.cast.faults or self.refused), limit)
        except AssertionError as late:
            lacking = [f"{each.id}: {each.unanswered} unanswered, {len(each.posts)} posts" for each in self._lacking()]
            late.add_note("\n".join([f"{self.cast.errands} errands under way, {len(self.posts)} posts accepted", *lacking]))
            raise

    def _lacking(self) -> list[MemberClient]:
        """Who waits for an answer, a post or a message of their own."""
        return [member for member in self.members if not member.is_quiet or len(member.posts) < len(self.posts)]

    async def _publish(self, number: int) -> None:
        """The same request until one answer arrives, as a caller does who must not post twice."""
        path = f"/v1/communities/{SLUG}/posts"
        while number not in self.posts:
            await self.cast.server.up.wait()
            try:
                answer = await self.cast.owner.ask("POST", path, {"text": f"Post {number}"}, key=f"post-{number}")
            except (aiohttp.ClientError, OSError):
                continue
            if answer.status == 202:
                self.posts[number] = answer.json["id"]
            elif answer.status in PASSING:
                await rest(AGAIN_S)
            else:
                self.refused.append(f"post {number}: {answer}")
                return
            self.cast.heard.fire()

    async def _reply(self, member: MemberClient, number: int) -> None:
        """Half of them to a post that they have; said again where it could not be taken."""
        mark, had = str(number), member.posts
        to = self.random.choice(had) if had and self.random.random() < 0.5 else None
        if to is not None:
            self.named[mark] = to
        await member.send(mark, f"Reply {mark}", to)
        while (await self._answer(member, mark)).get("problem", {}).get("status") in PASSING:
            del member.answers[mark]
            await rest(AGAIN_S)
            await member.send(mark, f"Reply {mark}", to)

    async def _answer(self, member: MemberClient, mark: str) -> Frame:
        await self.cast.heard.until(lambda: mark in member.answers, END_S)
        return member.answers[mark]

    # ------------------------------------------------------------------------------------------------------ what is so

    async def check(self) -> None:
        """Everything promised is there once, in its order, where it belongs; and nothing else is."""
        assert self.refused == []
        assert self.cast.faults == []
        answers = [answer for member in self.members for answer in member.answers.values()]
        assert [answer for answer in answers if answer["type"] != "accepted"] == []
        listed = [post async for post in self.calm.all(f"/v1/communities/{SLUG}/posts")]
        assert Counter(post["id"] for post in listed) == Counter(self.posts.values())
        for post in listed:
            await self.calm.until(f"/v1/posts/{post['id']}", self._is_delivered)
        for member in self.members:
            await self._check_stream(member)
        await self._check_threads()

    def _is_delivered(self, post: Json) -> bool:
        assert sum(post["counts"].values()) == post["audience"] == len(self.members)
        return bool(post["counts"]["delivered"] == len(self.members))

    async def _check_stream(self, member: MemberClient) -> None:
        polled: list[Json] = []
        own = Api(self.calm.http, self.calm.server, member.api.token)
        while page := (await own.get(f"/v1/me/items?after={len(polled)}&limit=200"))["items"]:
            polled += page
        assert [item["seq"] for item in polled] == list(range(1, len(polled) + 1))
        assert polled == member.items
        accepted = [answer["id"] for answer in member.answers.values()]
        assert Counter(item["id"] for item in polled) == Counter([*self.posts.values(), *accepted])

    async def _check_threads(self) -> None:
        accepted = {answer["id"]: (member, mark) for member in self.members for mark, answer in member.answers.items()}
        found: Counter[str] = Counter()
        async for thread in self.calm.all(f"/v1/communities/{SLUG}/threads"):
            async for entry in self.calm.all(f"/v1/threads/{thread['id']}/messages"):
                if entry["role"] == "member":
                    member, mark = accepted[entry["id"]]
                    found[entry["id"]] += 1
                    assert thread["member"]["id"] == member.id
                    assert thread["post"] == self.named.get(mark, thread["post"])
                    assert entry["text"] == f"Reply {mark}"
        assert found == Counter(list(accepted))
