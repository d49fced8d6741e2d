"""kill -9 of the relay while posts go out and replies come in: nothing lost, nothing shown twice, nothing in a wrong thread."""

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

import aiohttp
import pytest

from tests.conftest import is_soak
from tests.e2e.cast import Cast
from tests.e2e.client import Json, MemberClient
from tests.e2e.conftest import Relay, unlimited
from tests.e2e.server import PROGRAM, READY_S

SLUG = "town"
AT_ONCE = 32  # requests of the owner that run at the same time
WHOLE = (100, 1000, 10_000)  # posts, connected members, replies: the promise
FEWER = (20, 150, 1500)  # enough for a planted fault to show
SHORTER = (40, 300, 3000)  # on the second engine, where the first had all
CROWD = 3000  # members who are not connected: with them a post is written and released in several groups
WOKEN = 20  # of the crowd come at the end and look
MOMENTS = 1.5  # kills by what is heard fall up to this many times the events that the work can bring: some come after its end
LONGEST_S = 0.25  # kills by the clock fall until then: about what a post takes until its last group is released
UNAVAILABLE = 503
CYCLE_S = 60.0  # until a cycle's work must have got as far as it is meant to
END_S = 300.0  # until everything has come to rest after the last kill


@dataclass(frozen=True, slots=True)
class Reply:
    """Something a member says: to the post with this number among those they have (None: to nothing)."""

    member: int
    number: int
    to_post: int | None


@dataclass(slots=True)
class Town:
    """A community whose members all talk at once, and what has been promised to whom so far."""

    cast: Cast
    random: Random
    crowd: list[MemberClient] = field(default_factory=list)
    posts: dict[int, str] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    members: list[MemberClient] = field(default_factory=list)

    @property
    def audience(self) -> int:
        return len(self.members) + len(self.crowd)

    async def fill(self, count: int, crowd: int = CROWD) -> None:
        """Members enrol, some of them connect."""
        await self.cast.found(SLUG)
        await self._gather([self.cast.enrol(SLUG) for _ in range(count + crowd)])
        mixed = self.random.sample(self.cast.members, count + crowd)
        self.members, self.crowd = mixed[:count], mixed[count:]
        for member in self.members:
            self.cast.start(member)

    def act(self, acts: list[int | Reply]) -> None:
        """Everything begins at once: numbers are posts."""
        for act in acts:
            self.cast.begin(self._publish(act) if isinstance(act, int) else self._reply(act))

    async def moment(self, acts: list[int | Reply]) -> None:
        """Return at a moment at which a kill may interrupt something."""
        heard, posts = self.cast.heard, sum(isinstance(act, int) for act in acts)
        match self.random.choice(["clock", "heard", *(["accepted"] * 2 if posts else [])]):
            case "clock":
                with suppress(TimeoutError):
                    await asyncio.wait_for(heard.until(lambda: self.is_broken), self.random.uniform(0, LONGEST_S))
            case "accepted":
                before = len(self.posts)
                await heard.until(lambda: len(self.posts) > before or self.is_quiet or self.is_broken, CYCLE_S)
            case _:
                events = posts * len(self.members) + 2 * (len(acts) - posts)
                end = heard.count + self.random.randrange(int(events * MOMENTS) + 1)
                await heard.until(lambda: heard.count >= end or self.is_quiet or self.is_broken, CYCLE_S)

    @property
    def is_quiet(self) -> bool:
        """Whether all that was begun is answered, and every member has every post and all of their own messages."""
        members = self.members
        return not self.cast.errands and all(each.is_quiet and len(each.posts) >= len(self.posts) for each in members)

    @property
    def unanswered(self) -> int:
        """Posts and messages that are under way."""
        return self.cast.errands + sum(member.unanswered for member in self.members)

    @property
    def is_broken(self) -> bool:
        """Whether somebody met what must not be."""
        return bool(self.refused or self.cast.faults)

    async def _publish(self, number: int) -> None:
        """The same request until one answer arrives, as a caller does who must not post twice."""
        body = {"text": f"Post {number}"}
        while number not in self.posts:
            await self.cast.server.up.wait()
            try:
                path = f"/v1/communities/{SLUG}/posts"
                answer = await self.cast.owner.ask("POST", path, body, key=f"post-{number}")
            except (aiohttp.ClientError, OSError):
                continue
            if answer.status == UNAVAILABLE:
                continue  # the relay is there, its database is not
            if answer.status != 202 or answer.json["audience"] != self.audience:
                self.refused.append(f"post {number}: {answer}")
                return
            self.posts[number] = answer.json["id"]
            self.cast.heard.fire()

    async def _reply(self, reply: Reply) -> None:
        member = self.members[reply.member]
        had = member.posts
        to = had[reply.to_post % len(had)] if had and reply.to_post is not None else None
        client_id = f"{reply.member}-{reply.number}"
        if to is not None:
            self.named[client_id] = to
        await member.send(client_id, f"Reply {client_id}", to)

    # ------------------------------------------------------------------------------------------------------ what is so

    async def check_ledger(self) -> None:
        """Each accepted post is there once, with deliveries that sum to its audience; nobody saw anything forbidden."""
        promised = set(self.posts.values())
        found = await self._posts()
        sums = {post["id"]: (sum(post["counts"].values()), post["audience"]) for post in found}
        assert promised <= set(sums)
        assert set(sums.values()) <= {(self.audience, self.audience)}
        assert len({post["text"] for post in found}) == len(found), "a post that was asked for once is there twice"
        assert [post["id"] for post in found if post["state"] == "sent" and post["counts"]["planned"]] == []
        assert self.cast.faults == []
        assert self.refused == []
        for member in self.members:
            said = [item["text"] for item in member.items if item["from"]["role"] == "self"]
            assert len(set(said)) == len(said), "a message that was said once is there twice"
        answers = [answer for member in self.members for answer in member.answers.values()]
        assert [answer for answer in answers if answer["type"] != "accepted"] == []

    async def check_end(self, posts: int) -> None:
        """Everything has arrived, once, in order, where it belongs."""
        for sleeper in self.crowd[:WOKEN]:
            self.cast.start(sleeper)
        await self.cast.heard.until(lambda: all(len(sleeper.posts) >= posts for sleeper in self.crowd[:WOKEN]))
        self.members += self.crowd[:WOKEN]
        del self.crowd[:WOKEN]
        await self.check_ledger()
        await self._gather([self._check_stream(member) for member in self.members])
        for post in await self._posts():
            assert (post["state"], post["counts"]["delivered"]) == ("sent", len(self.members))
            assert post["counts"]["sending"] == len(self.crowd)
        assert len(self.posts) == posts
        await self._check_threads()

    async def _posts(self) -> list[Json]:
        """All posts with their counts."""
        listed = [post["id"] async for post in self.cast.owner.all(f"/v1/communities/{SLUG}/posts")]
        return [await self.cast.owner.get(f"/v1/posts/{post}") for post in listed]

    async def _check_stream(self, member: MemberClient) -> None:
        polled: list[Json] = []
        while page := (await member.api.get(f"/v1/me/items?after={len(polled)}&limit=200"))["items"]:
            polled += page
        accepted = [answer["id"] for answer in member.answers.values()]
        expected = Counter([*self.posts.values(), *accepted])
        assert [item["seq"] for item in polled] == list(range(1, len(polled) + 1))
        assert polled == member.items
        assert Counter(item["id"] for item in polled if item["kind"] != "notice") == expected
        await member.api.want(204, "POST", "/v1/me/ack", {"seq": len(polled)})

    async def _check_threads(self) -> None:
        owner = self.cast.owner
        threads = [thread async for thread in owner.all(f"/v1/communities/{SLUG}/threads")]
        await self._gather([self._read(thread) for thread in threads])
        entries = [(entry["id"], thread) for thread in threads for entry in thread["messages"] if entry["role"] == "member"]
        where = dict(entries)
        accepted = {answer["id"]: (member, mark) for member in self.members for mark, answer in member.answers.items()}
        assert Counter(id_ for id_, _ in entries) == Counter(list(accepted))
        for id_, (member, mark) in accepted.items():
            assert where[id_]["member"]["id"] == member.id
            assert where[id_]["post"] == self.named.get(mark, where[id_]["post"])

    async def _read(self, thread: Json) -> None:
        thread["messages"] = [entry async for entry in self.cast.owner.all(f"/v1/threads/{thread['id']}/messages")]

    async def _gather(self, work: list[Awaitable[object]]) -> None:
        """In groups, so that the owner's limit is not what is tested."""
        for start in range(0, len(work), AT_ONCE):
            await asyncio.gather(*work[start : start + AT_ONCE])


@pytest.fixture
def program() -> Sequence[str]:
    """It is promised when it is ready."""
    return PROGRAM


async def test_kills_lose_nothing_show_nothing_twice_and_mix_nothing_up(
    start_relay: Relay, engine: Mapping[str, str], http: aiohttp.ClientSession, size: Callable[[int, int], int], seed: int
) -> None:
    random = Random(seed)
    cycles = size(8, 200) if engine else size(30, 1000)  # PostgreSQL's own kills stand in test_kill_postgres
    posts, members, replies = sizes(engine)
    server = await start_relay(**unlimited("staff", "visitor"))
    server.ready_s = READY_S
    async with Cast(http, server, rewind=3, random=random) as cast:
        town = Town(cast, random)
        await town.fill(members)
        acts: list[int | Reply] = [*range(posts), *replies_of(random, replies, members)]
        random.shuffle(acts)
        interrupted = 0

        for cycle in range(cycles):
            chunk = acts[cycle::cycles]
            town.act(chunk)
            await town.moment(chunk)
            interrupted += town.unanswered
            await server.kill()
            await server.start()
            await town.check_ledger()

        await cast.heard.until(lambda: town.is_quiet or town.is_broken, END_S)
        await town.check_end(posts)
        assert interrupted > cycles, "kills that interrupt nothing show nothing"


def sizes(engine: Mapping[str, str]) -> tuple[int, int, int]:
    """Posts, connected members, replies."""
    if "RELAY_EXAMPLES" in os.environ:
        return FEWER
    return SHORTER if engine and not is_soak() else WHOLE


def replies_of(random: Random, replies: int, members: int) -> list[Reply]:
    """Half of them name a post that the member has."""
    return [
        Reply(random.randrange(members), number, random.randrange(1000) if random.random() < 0.5 else None)
        for number in range(replies)
    ]
