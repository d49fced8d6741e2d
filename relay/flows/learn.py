"""Learn: models of staff's decisions are learned when there are enough, and anew when a lesson is gone; staff put them to use.

A job looks after each decision and each erasure. It learns where the plugin that would judge by the model is switched on, and
puts nothing to use: what follows a model in use, because an appeal was decided or somebody was erased, takes its place, for
it learned from the same lessons without those.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import structlog

from relay.core.change import Change, Record
from relay.core.community import Community
from relay.core.errors import Stale
from relay.core.identity import Ids
from relay.core.model import (
    MOST,
    STILL_ENOUGH,
    AddModel,
    Learned,
    LearningFailed,
    Lessons,
    Made,
    Model,
    Taught,
    UseModel,
    Wanted,
    WithdrawModel,
    usable,
    wanted,
)
from relay.core.staff import RELAY, Actor
from relay.ports import Clock, Paging, Store
from relay.waiting import work

PLUGIN: Final = "spam"  # the one that judges by models
LOOK_EVERY = 60.0  # seconds: what other relays did, and a configuration that was read again

log = structlog.get_logger(__name__)

Learner = Callable[[Sequence[Taught]], Awaitable[Made | None]]
"""Makes a model of lessons; None when they share no words. Raises LearningFailed."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a community is; `is_on` says whether anything judges by models, `in_vain` that the lessons share no words."""

    is_on: bool
    lessons: Lessons
    in_vain: bool


@dataclass(slots=True)
class Learn:
    """`judging` is what plugins judge by, by slug; `is_on` says whether there is a plugin that does."""

    store: Store
    clock: Clock
    ids: Ids
    learner: Learner
    judging: MutableMapping[str, Learned]
    is_on: Callable[[], bool]
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _loaded: dict[str, str] = field(default_factory=dict)
    _in_vain: dict[int, Lessons] = field(default_factory=dict)
    _rests_until: float = 0.0

    def heard(self, _change: object, _outcome: object) -> None:
        """Hears from the bus that a lesson was given, taken back or erased, or that a model was put to use elsewhere."""
        self._wake.set()

    async def run(self) -> None:
        """Learns what is to be learned until it is cancelled."""
        await work("learning", self.turn, self._wake, LOOK_EVERY)

    async def load(self) -> None:
        """At the start: what is in use judges from the first message on. Raises Unavailable."""
        for community in await self.store.communities():
            await self._judge_by(community)

    async def turn(self) -> bool:
        """One look at each community; whether there may be more to do. Raises Unavailable."""
        again = False
        for community in await self.store.communities():
            again |= await self._look_at(community)
        return again

    async def use(self, actor: Actor, model: Model) -> None:
        """From the next message on. Raises Conflict, Stale."""
        usable(model)
        await self._moved(actor, model, "use", UseModel(model.community, model.id, self.clock.now(), actor.person))

    async def withdraw(self, actor: Actor, model: Model) -> None:
        """Raises Stale when it is not in use."""
        await self._moved(actor, model, "withdraw", WithdrawModel(model.community, model.id))

    async def standing(self, community: Community) -> Standing:
        lessons = await self.store.lessons(community.n)
        return Standing(self.is_on(), lessons, self._in_vain.get(community.n) == lessons)

    async def _moved(self, actor: Actor, model: Model, action: str, change: Change) -> None:
        record = Record(self.clock.now(), actor.id, f"model.{action}", model.id, {"number": model.number})
        await self.store.commit(change, record)
        community = await self.store.community_by_n(model.community)
        if community is not None:
            await self._judge_by(community)

    async def _judge_by(self, community: Community) -> Model | None:
        """Gives plugins the model that is in use, and takes from them what is not any more."""
        in_use = await self.store.model_in_use(community.n)
        if in_use is None or in_use.emptied_at is not None:
            self.judging.pop(community.slug, None)
            self._loaded.pop(community.slug, None)
        elif self._loaded.get(community.slug) != in_use.id:
            content = await self.store.model_content(in_use.id)
            if content is not None:
                self.judging[community.slug] = Learned(in_use.number, content)
                self._loaded[community.slug] = in_use.id
        return in_use

    async def _look_at(self, community: Community) -> bool:
        """Whether something was done."""
        in_use = await self._judge_by(community)
        if not self.is_on() or self.clock.monotonic() < self._rests_until:
            return False
        lessons, now = await self.store.lessons(community.n), self.clock.now()
        newest = next(iter((await self.store.models(community.n, Paging(1))).items), None)
        want = wanted(lessons, newest, in_use)
        if want is None or (want.instead_of is None and self._in_vain.get(community.n) == lessons):
            return False
        taught = await self.store.taught(community.n, want.upto, MOST)
        found = _counted(taught)
        are_enough = found.are_enough if want.instead_of is None else found.are_still_enough
        try:
            made = await self.learner(taught) if are_enough else None
        except LearningFailed as problem:
            log.error("no model was learned", why=str(problem))  # noqa: TRY400  the reason says it all
            self._rests_until = self.clock.monotonic() + LOOK_EVERY
            return False
        if made is None:
            return await self._give_up(community, want, lessons)
        number = 1 if newest is None else newest.number + 1
        model = replace(_model(taught, made, now), id=self.ids(), community=community.n, number=number)
        return await self._keep(model, made, taught, want)

    async def _give_up(self, community: Community, want: Wanted, lessons: Lessons) -> bool:
        """Nothing can be learned: what was in use and rests on what is gone judges no more."""
        if want.instead_of is None:
            self._in_vain[community.n] = lessons
            return False
        model = want.instead_of
        record = Record(self.clock.now(), RELAY, "model.withdraw", model.id, {"number": model.number, "least": STILL_ENOUGH})
        await self._commit(WithdrawModel(community.n, model.id), record)
        return True

    async def _keep(self, model: Model, made: Made, taught: Sequence[Taught], want: Wanted) -> bool:
        members = tuple(sorted({each.member for each in taught}))
        changes: list[Change] = [AddModel(model, made.content, members)]
        followed = want.instead_of
        if followed is not None:
            changes.append(UseModel(model.community, model.id, model.at, RELAY, followed.id))
        detail = {"number": model.number, "rejected": model.rejected, "delivered": model.delivered}
        detail |= {} if followed is None else {"instead_of": followed.number}
        await self._commit(*changes, Record(self.clock.now(), RELAY, "model.learn", model.id, detail))
        return True

    async def _commit(self, *changes: Change) -> None:
        """Somebody who was erased meanwhile, or another relay that was faster: the next look begins anew."""
        try:
            await self.store.commit(*changes)
        except Stale:
            log.info("what was learned is outdated already")


def _counted(taught: Sequence[Taught]) -> Lessons:
    rejected = sum(each.is_spam for each in taught)
    return Lessons(rejected, len(taught) - rejected)


def _model(taught: Sequence[Taught], made: Made, at: datetime) -> Model:
    """Without its name and place."""
    lessons = _counted(taught)
    return Model(
        id="",
        community=0,
        number=0,
        at=at,
        upto=max(each.at for each in taught),
        rejected=lessons.rejected,
        delivered=lessons.delivered,
        members=len({each.member for each in taught}),
        figures=made.figures,
        words=len(made.content.words),
    )
