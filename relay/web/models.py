"""Models over HTTP: what staff's decisions taught, what it is worth, and people who put it to use and take it back."""

from dataclasses import dataclass
from datetime import datetime

from relay.core.errors import Unknown
from relay.core.model import LEAST, MEMBERS, Model
from relay.ports import Paging
from relay.web.bodies import Nothing, PagingQuery
from relay.web.communities import community_at
from relay.web.parts import Parts
from relay.web.route import StaffCall
from relay.web.views import Listed, listed


@dataclass(frozen=True, slots=True)
class LearningView:
    """Messages that a person rejected as spam, and delivered; a model takes `least` of each, `least_members` for each word.

    `why_not` says why none is learned yet: off (the plugin that judges by models is not switched on), few, no_words (no word
    was written by enough members); null where one was or soon will be.
    """

    is_on: bool
    rejected: int
    delivered: int
    least: int
    least_members: int
    why_not: str | None


@dataclass(frozen=True, slots=True)
class WorthView:
    """By cross-validation, each fifth judged by a model of the others; shares from 0 to 1.

    `recall` is the spam found, `false_alarms` the good suspected, both where the model misses and suspects alike.
    """

    macro_f1: float
    recall: float
    false_alarms: float


@dataclass(frozen=True, slots=True)
class ModelView:
    """`rejected` and `delivered` count the messages that it was learned from, of so many `members`; it knows so many `words`.

    `emptied_at` is when one of these members was erased, and all that it knew with them; `is_outdated` says that a decision
    which it was learned from was overturned. Another is learned then, and takes its place if it is in use.
    """

    id: str
    number: int
    at: datetime
    rejected: int
    delivered: int
    members: int
    words: int
    worth: WorthView
    is_in_use: bool
    used_at: datetime | None
    used_by: str | None
    emptied_at: datetime | None
    is_outdated: bool


@dataclass(frozen=True, slots=True)
class WordView:
    """A word that at least five members wrote; above 0 it speaks for spam, below against it."""

    word: str
    weight: float


@dataclass(frozen=True, slots=True)
class ModelDetail:
    """A model with the words that it knows, the strongest first; none of one that is empty."""

    model: ModelView
    known: tuple[WordView, ...]


def model_view(model: Model) -> ModelView:
    return ModelView(
        id=model.id,
        number=model.number,
        at=model.at,
        rejected=model.rejected,
        delivered=model.delivered,
        members=model.members,
        words=model.words,
        worth=WorthView(*(model.figures[name] for name in ("macro_f1", "recall", "false_alarms"))),
        is_in_use=model.is_in_use,
        used_at=model.used_at,
        used_by=model.used_by or None,
        emptied_at=model.emptied_at,
        is_outdated=model.is_outdated,
    )


async def _model(parts: Parts, model_id: str) -> Model:
    model = await parts.store.model(model_id)
    if model is None:
        raise Unknown
    return model


async def standing(call: StaffCall[None, None]) -> LearningView:
    found = await call.parts.learn.standing(await community_at(call.parts, call.path["slug"]))
    lessons = found.lessons
    if not found.is_on:
        why_not: str | None = "off"
    elif not lessons.are_enough:
        why_not = "few"
    else:
        why_not = "no_words" if found.in_vain else None
    return LearningView(found.is_on, lessons.rejected, lessons.delivered, LEAST, MEMBERS, why_not)


async def listed_of(call: StaffCall[None, PagingQuery]) -> Listed[ModelView]:
    community = await community_at(call.parts, call.path["slug"])
    return listed(await call.parts.store.models(community.n, Paging(call.query.limit, call.query.after)), model_view)


async def read(call: StaffCall[None, None]) -> ModelDetail:
    model = await _model(call.parts, call.path["id"])
    content = await call.parts.store.model_content(model.id)
    words = () if content is None else tuple(WordView(word, weight) for word, weight in content.words.items())
    return ModelDetail(model_view(model), words)


async def use(call: StaffCall[Nothing, None]) -> ModelView:
    model = await _model(call.parts, call.path["id"])
    await call.parts.learn.use(call.actor, model)
    return model_view(await _model(call.parts, model.id))


async def withdraw(call: StaffCall[Nothing, None]) -> ModelView:
    model = await _model(call.parts, call.path["id"])
    await call.parts.learn.withdraw(call.actor, model)
    return model_view(await _model(call.parts, model.id))
