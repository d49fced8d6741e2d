"""Publish: a draft becomes a post with a frozen audience; after that it only remains to be delivered."""

import asyncio
from dataclasses import dataclass, replace
from typing import cast

import structlog

from relay.core.change import NOTHING, AcceptPost, CancelPost, Detail, DropPlan, FreezeAudience, Frozen, PlanPost, Record
from relay.core.community import Community
from relay.core.errors import Conflict, RelayError, Stale, Unavailable
from relay.core.identity import Ids
from relay.core.post import Draft, Post, PostState, checked
from relay.core.staff import Actor
from relay.ports import Also, Clock, Run, Store, nothing

GROUP = 5000  # members a commit: the writer is busy for about 10 ms, so that replies never wait for a post
UNSURE = "The relay cannot reach its database in time; nothing was posted. Try again."
LOST = "The relay could not reach its database for too long, and the plan was dropped; nothing was posted. Try again."

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Publish:
    """Company post -> ledger; a plan belongs to the run that is `sure`, and `group` is how many members one commit takes."""

    store: Store
    clock: Clock
    ids: Ids
    sure: Run
    group: int = GROUP

    async def post(
        self, community: Community, draft: Draft, author: Actor, also: Also[Post] = nothing, noted: Detail = NOTHING
    ) -> Post:
        """Accepts the post for everybody who is in now. Raises Invalid, Conflict (closed community), Unavailable.

        The audience is written in groups as an invisible plan; the last commit alone makes it real, so that a crash
        before it leaves nothing, and after it everything.
        """
        if community.closed_at is not None:
            raise Conflict("This community is closed.")
        now = self.clock.now()
        draft = checked(draft, now)
        post = Post(
            id=self.ids(),
            community=community.n,
            author=author.id,
            text=draft.text,
            title=draft.title,
            buttons=draft.buttons,
            urgent=draft.urgent,
            expires_at=draft.expires_at,
            created_at=now,
        )
        try:
            return await self._accept(await self._plan(post), author, also, noted)
        except Stale:
            raise Unavailable(LOST) from None
        except (Exception, asyncio.CancelledError):
            await self._drop(post)
            raise

    async def _accept(self, planned: Post, author: Actor, also: Also[Post], noted: Detail) -> Post:
        accepted = replace(planned, state=PostState.SENDING, accepted_at=self.clock.now())
        record = Record(planned.created_at, author.id, "post.accept", planned.id, {"audience": accepted.audience, **noted})
        await self.store.commit(AcceptPost(accepted), record, *also(accepted))
        return accepted

    async def cancel(self, actor: Actor, post: Post) -> None:
        """What has no seq yet gets none; what members have stays. Raises Conflict when nothing is left to cancel."""
        now = self.clock.now()
        try:
            await self.store.commit(CancelPost(post, now), Record(now, actor.id, "post.cancel", post.id, {}))
        except Stale:
            raise Conflict("This post is not being sent any more.") from None

    async def _plan(self, post: Post) -> Post:
        run = self.sure()
        if run is None:
            raise Unavailable(UNSURE)
        key = cast("int", (await self.store.commit(PlanPost(post, run)))[0])
        audience, after = 0, 0
        while True:
            outcomes = await self.store.commit(FreezeAudience(key, post.community, after, self.group))
            frozen = cast("Frozen", outcomes[0])
            audience += frozen.rows
            if frozen.rows < self.group or frozen.last_member is None:
                return replace(post, n=key, audience=audience)
            after = frozen.last_member

    async def _drop(self, post: Post) -> None:
        """Takes the plan back, as well as can be; what remains goes when the run ends. What was accepted after all stays."""
        try:
            while (await self.store.commit(DropPlan(post.id, self.group)))[0]:
                pass
        except RelayError as problem:
            log.warning("plan stays until the run ends", post=post.id, why=problem.detail)
