"""Learning as a journey: people decide, a model comes of it, staff put it to use; what is taken back leaves it again."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from structlog.testing import capture_logs

from relay.core.additive import words_of
from relay.core.case import CaseView, Finding, Ruling
from relay.core.community import Community
from relay.core.errors import Conflict, Stale
from relay.core.ladder import Ladder
from relay.core.model import LEAST, MORE, Learned, LearningFailed, Lessons, Made, Model, Taught, learned_from
from relay.core.staff import Actor
from relay.core.verdict import Action, Decision
from relay.flows.learn import LOOK_EVERY, Learn
from relay.flows.receive import Reply
from relay.ports import Paging, SignedIn
from tests.flows.conftest import EVA, JAN, House

ROBOT = Actor("key", "Robot", None, ("cases:write",), "eva")
PEOPLE = 7
HELD = Decision(Action.HOLD, 5.0)


@dataclass
class School:
    """A community whose people write and are decided about."""

    house: House
    community: Community
    people: list[SignedIn]
    learn: Learn
    judging: dict[str, Learned]
    lots: list[Sequence[Taught]] = field(default_factory=list)
    is_on: bool = True
    fails: bool = False
    count: int = 0

    async def teach(self, spam: int, good: int, by: Actor = EVA) -> None:
        for n in range(max(spam, good)):
            if n < spam:
                await self.decide(await self.write(f"gewinne jetzt geld {self.count}"), Ruling.REJECT, by)
            if n < good:
                await self.decide(await self.write(f"wann kommt der bus {self.count}"), Ruling.DELIVER, by)

    async def write(self, text: str) -> CaseView:
        self.count += 1
        self.house.clock.pass_(1)
        self.house.moderation.next = HELD
        signed = self.people[self.count % len(self.people)]
        await self.house.receive.reply(signed, Reply(text, "web", str(self.count)))
        case = self.house.filed()[-1].filing.case
        view = await self.house.store.case(case.id) if case else None
        assert view is not None
        return view

    async def decide(self, view: CaseView, ruling: Ruling, by: Actor = EVA) -> None:
        await self.house.review.decide(by, view, Finding(ruling, "because"))

    async def overturn(self, view: CaseView) -> None:
        signed = next(each for each in self.people if each.member.n == view.member)
        self.house.clock.pass_(60)
        await self.house.review.appeal(signed, view.case.id, "But")
        again = await self.house.store.case(view.case.id)
        assert again is not None
        await self.decide(again, Ruling.DELIVER, JAN)

    async def all_turns(self) -> None:
        while await self.learn.turn():
            pass

    async def models(self) -> list[Model]:
        """Oldest first."""
        return list((await self.house.store.models(self.community.n, Paging(200))).items)[::-1]

    async def log(self) -> list[tuple[str, str]]:
        rows = (await self.house.store.audit(Paging(200))).items
        return [(row.actor, row.action) for row in rows[::-1] if row.action.startswith("model.")]


@pytest.fixture
async def school(house: House) -> School:
    house.review = replace(house.review, ladder=Ladder(strike=0.0))  # who is rejected goes on writing
    community = await house.community()
    people = [await house.member(community) for _ in range(PEOPLE)]
    judging: dict[str, Learned] = {}

    async def learner(lessons: Sequence[Taught]) -> Made | None:
        made.lots.append(lessons)
        if made.fails:
            raise LearningFailed("OSError where it is learned")
        return learned_from([(each.member, each.is_spam, words_of(each.text)) for each in lessons])

    learn = Learn(house.store, house.clock, house.review.ids, learner, judging, lambda: made.is_on)
    made = School(house, community, people, learn, judging)
    return made


async def test_a_model_is_learned_and_judges_when_staff_say_so_until_they_take_it_back(school: School) -> None:
    await school.teach(LEAST, LEAST - 1)
    await school.all_turns()
    too_few = await school.models()
    await school.teach(0, 1)
    await school.all_turns()
    (model,) = await school.models()
    assert (too_few, school.judging) == ([], {})
    assert (model.number, model.rejected, model.delivered, model.members) == (1, LEAST, LEAST, PEOPLE)

    await school.learn.use(EVA, model)
    judges = school.judging["bad"]
    with pytest.raises(Conflict):
        await school.learn.use(JAN, await used(school))
    await school.learn.withdraw(JAN, await used(school))
    with pytest.raises(Stale):
        await school.learn.withdraw(JAN, model)

    assert judges.number == 1
    assert (judges.certainty("gewinne geld") or 0) > 0.9
    assert school.judging == {}
    assert await school.log() == [("relay", "model.learn"), ("eva", "model.use"), ("jan", "model.withdraw")]


async def used(school: School) -> Model:
    found = await school.house.store.model_in_use(school.community.n)
    assert found is not None
    return found


async def test_it_never_learns_from_what_no_person_decided(school: School) -> None:
    await school.teach(LEAST - 1, LEAST - 1)
    for n in range(LEAST):
        await school.write(f"gewinne jetzt geld {n}")
    await school.teach(LEAST, LEAST, ROBOT)

    await school.all_turns()

    standing = await school.learn.standing(school.community)
    assert (standing.lessons, standing.in_vain, school.lots) == (Lessons(LEAST - 1, LEAST - 1), False, [])


async def test_nothing_is_learned_while_nothing_would_judge_by_it(school: School) -> None:
    await school.teach(LEAST, LEAST)
    school.is_on = False

    await school.all_turns()

    assert (school.lots, (await school.learn.standing(school.community)).is_on) == ([], False)


async def test_the_next_is_learned_after_many_more_and_waits_for_staff(school: School) -> None:
    await school.teach(LEAST, LEAST)
    await school.all_turns()
    await school.learn.use(EVA, (await school.models())[0])
    await school.teach(MORE - 1, 0)
    await school.all_turns()
    assert len(await school.models()) == 1

    await school.teach(1, 0)
    await school.all_turns()

    assert [each.number for each in await school.models()] == [1, 2]
    assert (await used(school)).number == 1


async def test_what_an_appeal_overturned_leaves_the_model_in_use(school: School) -> None:
    wrong = await school.write("gewinne jetzt geld")
    await school.decide(wrong, Ruling.REJECT)
    await school.teach(LEAST, LEAST)
    await school.all_turns()
    await school.learn.use(EVA, (await school.models())[0])
    await school.teach(3, 3)

    await school.overturn(wrong)
    await school.all_turns()

    follows = await used(school)
    assert (follows.number, follows.used_by) == (2, "eva")
    assert (follows.rejected, follows.delivered) == (LEAST, LEAST + 1), "the same lessons, none that came since"
    assert school.judging["bad"].number == 2
    assert (await school.log())[-1] == ("relay", "model.learn")


async def test_whoever_is_erased_leaves_the_model_in_use(school: School) -> None:
    school.people += [await school.house.member(school.community) for _ in range(2)]
    await school.teach(LEAST + 10, LEAST + 10)
    await school.all_turns()
    await school.learn.use(EVA, (await school.models())[0])
    gone = school.people.pop().member

    await school.house.enrol.erase("eva", gone)
    before_the_job = await school.house.store.model_content((await used(school)).id)
    await school.all_turns()

    follows = await used(school)
    assert before_the_job is None
    assert (follows.number, follows.members, school.judging["bad"].number) == (2, PEOPLE + 1, 2)
    assert gone.n not in {each.member for each in school.lots[-1]}


async def test_where_too_little_is_left_it_judges_no_more(school: School) -> None:
    await school.teach(LEAST, LEAST)
    await school.all_turns()
    await school.learn.use(EVA, (await school.models())[0])

    for signed in school.people[:2]:
        await school.house.enrol.erase("eva", signed.member)
    await school.all_turns()

    assert await school.house.store.model_in_use(school.community.n) is None
    assert school.judging == {}
    assert (await school.log())[-1] == ("relay", "model.withdraw")
    assert len(school.lots) == 1


async def test_where_people_share_no_word_it_is_said_and_not_tried_again(school: School) -> None:
    for n in range(LEAST):
        await school.decide(await school.write(f"a{n}"), Ruling.REJECT)
        await school.decide(await school.write(f"b{n}"), Ruling.DELIVER)

    await school.all_turns()
    await school.all_turns()

    assert (await school.learn.standing(school.community)).in_vain
    assert len(school.lots) == 1


async def test_a_learner_that_fails_is_tried_again_after_a_while(school: School) -> None:
    await school.teach(LEAST, LEAST)
    school.fails = True

    with capture_logs() as logs:
        await school.all_turns()
        await school.all_turns()
    school.fails = False
    school.house.clock.pass_(LOOK_EVERY)
    await school.all_turns()

    assert [(row["event"], row["log_level"]) for row in logs] == [("no model was learned", "error")]
    assert (len(school.lots), len(await school.models())) == (2, 1)


async def test_another_relay_finds_what_is_in_use(school: School) -> None:
    await school.teach(LEAST, LEAST)
    await school.all_turns()
    await school.learn.use(EVA, (await school.models())[0])
    judging: dict[str, Learned] = {}
    other = Learn(school.house.store, school.house.clock, school.house.review.ids, school.learn.learner, judging, lambda: False)

    await other.load()
    found = dict(judging)
    await school.learn.withdraw(JAN, await used(school))
    await other.turn()

    assert (list(found), judging) == (["bad"], {})
