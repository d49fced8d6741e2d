"""Who takes part: the owner, other staff, communities and their members, all made over HTTP, and what is said between them."""

import asyncio
from collections.abc import Coroutine, Mapping
from random import Random
from types import TracebackType
from typing import Any, Self

import aiohttp

from tests.e2e.client import Api, Frame, Json, MemberClient, Signal
from tests.e2e.server import OWNER_TOKEN, Server
from tests.e2e.staff import StaffStream

CONSENT = {"source": "the form on the page", "text_version": "1"}


class Cast:
    """Everybody of one test; `heard` fires whenever one of them hears something."""

    def __init__(self, http: aiohttp.ClientSession, server: Server, *, rewind: int = 0, random: Random | None = None) -> None:
        self.http = http
        self.server = server
        self.heard = Signal()
        self.owner = self.api(OWNER_TOKEN)
        self.members: list[MemberClient] = []
        self._rewind = rewind
        self._random = random
        self._tasks: list[asyncio.Task[None]] = []
        self._errands: set[asyncio.Task[None]] = set()
        self._broken: list[str] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        tasks = (*self._tasks, *self._errands)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def faults(self) -> list[str]:
        """What members got that the contract forbids, and errands that broke off."""
        return [*self._broken, *(fault for member in self.members for fault in member.faults)]

    @property
    def errands(self) -> int:
        """How many are under way."""
        return len(self._errands)

    def begin(self, errand: Coroutine[Any, Any, None]) -> None:
        """Somebody does something meanwhile; `heard` fires when it is over, so that whoever waits for that looks again."""
        task = asyncio.get_running_loop().create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._errands.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._broken.append(f"{task.get_coro()}: {error!r}")
        self.heard.fire()

    def api(self, token: str | None) -> Api:
        """HTTP with this token."""
        return Api(self.http, self.server, token)

    async def found(self, slug: str, **more: object) -> Json:
        """A new community."""
        return await self.owner.want(201, "POST", "/v1/communities", {"slug": slug, "name": f"The {slug}", **more})

    async def hire(self, name: str, role: str) -> Api:
        """A new person of staff, as HTTP with their token."""
        return self.api((await self.owner.want(201, "POST", "/v1/staff", {"name": name, "role": role}))["token"])

    async def enrol(self, slug: str, **more: object) -> MemberClient:
        """A new member who is not connected yet."""
        body = {"consent": CONSENT, **more}
        member = await self.owner.want(201, "POST", f"/v1/communities/{slug}/members", body)
        return self.known(member)

    def known(self, member: Frame) -> MemberClient:
        """A client for a member, as enrolling answered."""
        api = self.api(member["token"])
        client = MemberClient(api, self.heard, member, rewind=self._rewind, random=self._random)
        self.members.append(client)
        return client

    def start(self, member: MemberClient) -> None:
        """Let them connect, and come back after every interruption."""
        self._tasks.append(asyncio.get_running_loop().create_task(member.run(), name=f"member {member.id}"))

    async def join(self, slug: str, **more: object) -> MemberClient:
        """A new member who is connected."""
        member = await self.enrol(slug, **more)
        self.start(member)
        await member.connected()
        return member

    async def watch(self, api: Api, headers: Mapping[str, str] | None = None) -> StaffStream:
        """The staff's stream, open, for whoever this is; with `headers`, for whom they sign in."""
        stream = StaffStream(api, self.heard, headers)
        self._tasks.append(asyncio.get_running_loop().create_task(stream.run(), name="staff stream"))
        await stream.connected()
        return stream

    async def post(self, slug: str, text: str, **more: object) -> Json:
        """A post to everybody in a community."""
        return await self.owner.want(202, "POST", f"/v1/communities/{slug}/posts", {"text": text, **more})

    async def threads(self, slug: str, query: str = "", reader: Api | None = None) -> list[Json]:
        """All threads of a community, with everything in them under `messages`."""
        reader = reader or self.owner
        found = [thread async for thread in reader.all(f"/v1/communities/{slug}/threads?{query}")]
        for thread in found:
            thread["messages"] = [message async for message in reader.all(f"/v1/threads/{thread['id']}/messages")]
        return found

    async def thread_of(self, slug: str, member: MemberClient) -> Json:
        """The one thread of a member."""
        (thread,) = [each for each in await self.threads(slug) if each["member"]["id"] == member.id]
        return thread
