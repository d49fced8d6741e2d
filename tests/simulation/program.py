"""What happens in a seed: random acts of members and staff, crashes and clocks, one begun before the other has ended."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from itertools import count

from relay.core.case import CaseState, Finding, Ruling
from relay.core.errors import Unknown
from relay.core.thread import ThreadEdit, ThreadState
from relay.ports import Also
from tests.simulation.life import Life
from tests.simulation.people import STAFF, People, Person
from tests.simulation.world import World

ACTS = (12, 36)  # how many happen in a seed
TURNS = (0, 1, 2, 3, 5, 8, 15, 40)  # turns until the next one begins
"""None at all, so that things begin at the same instant; or enough for most to be over."""


class Program:
    """Each act is drawn, with whom and what it is about."""

    def __init__(self, world: World, people: People) -> None:
        self.world, self.people, self.draw = world, people, world.draw
        self._marks = count(1)
        self._acts: tuple[tuple[int, Callable[[], None]], ...] = (
            (14, self.publish), (22, self.say), (8, self.answer), (4, self.write_first), (3, self.note), (4, self.edit),
            (3, self.lease), (8, self.rule), (3, self.appeal), (5, self.press), (5, self.acknowledge), (3, self.cancel),
            (4, self.leave), (4, self.come_back), (3, self.erase), (4, self.enrol), (10, self.connect), (4, self.cut),
            (4, self.hang_up), (5, self.kill), (3, self.stop), (8, self.pause),
            (9, self.wait), (3, self.jump), (2, self.revoke),
        )  # fmt: skip

    def play(self) -> None:
        weights, acts = zip(*self._acts, strict=True)
        for _ in range(self.draw.randint(*ACTS)):
            (act,) = self.draw.choices(acts, weights)
            self.world.turns.note(act.__name__)
            act()
            self.world.pass_turns(self.draw.choice(TURNS))

    def _mark(self) -> str:
        return f"mark{next(self._marks):03}"

    def _somebody(self) -> Person | None:
        alive = [person for person in self.people.members if not person.is_gone]
        return self.draw.choice(alive) if alive else None

    def _post(self) -> str | None:
        posts = [each.post.id for each in self.people.oracle.ledger.accepted]
        return self.draw.choice(posts) if posts else None

    # ------------------------------------------------------------------------------------------------------- members

    def say(self) -> None:
        if (person := self._somebody()) is None:
            return
        text = self.draw.choice((*[f"{self._mark()} of {person.facts.n}"] * 6, "HELP"))
        about = self.draw.choice((None, None, *person.facts.stream[-3:]))
        self.world.begin(self.people.say(person, text, about))

    def leave(self) -> None:
        if (person := self._somebody()) is None:
            return
        if self.draw.random() < 0.5:
            self.world.begin(self.people.say(person, "STOP", None))
        else:
            self.world.begin(self.people.ask(person, lambda life, signed: life.enrol.leave(signed)))

    def come_back(self) -> None:
        if (person := self._somebody()) is not None:
            self.world.begin(self.people.say(person, "START", None))

    def press(self) -> None:
        person, post = self._somebody(), self._post()
        if person is not None and post is not None:
            button = self.draw.choice("yn")
            self.world.begin(self.people.ask(person, lambda life, signed: life.receive.press(signed, post, button)))

    def appeal(self) -> None:
        if (person := self._somebody()) is None:
            return
        own = [case for case in self.people.oracle.talks.cases.values() if case.message.thread.member == person.facts.n]
        if own:
            case, text = self.draw.choice(own).id, self._mark()
            self.world.begin(self.people.ask(person, lambda life, signed: life.review.appeal(signed, case, text)))

    def acknowledge(self) -> None:
        if (person := self._somebody()) is None:
            return
        seq = self.draw.randint(0, len(person.facts.stream))
        read = self.draw.choice((0, seq))
        self.world.begin(
            self.people.ask(person, lambda life, signed: life.deliver.acknowledge(signed, delivered=seq, read=read))
        )

    def connect(self) -> None:
        if (person := self._somebody()) is not None and self.world.up:
            device = self.draw.choice(person.devices)
            if not device.is_refused:
                device.connect(self.draw.choice(self.world.up))

    def cut(self) -> None:
        if (person := self._somebody()) is not None:
            self.draw.choice(person.devices).cut()

    def enrol(self) -> None:
        self.world.begin(self.people.enrol(self.draw.choice(self.people.communities)))

    # --------------------------------------------------------------------------------------------------------- staff

    def publish(self) -> None:
        lasts = self.draw.choice((None, None, None, 0.2, 30.0, 86_400.0))
        given = {} if lasts is None else {"expires_at": self.world.clock.now() + timedelta(seconds=lasts)}
        community = self.draw.choice(self.people.communities)
        self.world.begin(self.people.publish(community, self._mark(), given))

    def cancel(self) -> None:
        if (post := self._post()) is None:
            return

        async def cancel(life: Life) -> None:
            found = await life.store.post(post)
            if found is not None:
                await life.publish.cancel(STAFF[0], found)

        self.world.begin(self.people.do(cancel))

    def _thread(self) -> str | None:
        threads = list(self.people.oracle.talks.threads)
        return self.draw.choice(threads) if threads else None

    def answer(self) -> None:
        by, text = self.draw.choice(STAFF), self._mark()
        if (id_ := self._thread()) is None:
            return

        async def work(life: Life, also: Also[object]) -> str:
            thread = await life.store.thread(id_)
            if thread is None:
                raise Unknown
            return (await life.answer.send(by, thread, text, also)).id

        self.world.begin(self.people.tell(work, by))

    def write_first(self) -> None:
        by, text = self.draw.choice(STAFF), self._mark()
        if (person := self._somebody()) is None:
            return

        async def work(life: Life, also: Also[object]) -> str:
            member = await life.store.member(person.facts.id)
            if member is None:
                raise Unknown
            return (await life.answer.write_first(by, member, text, also)).id

        self.world.begin(self.people.tell(work, by))

    def note(self) -> None:
        by, text = self.draw.choice(STAFF), self._mark()
        if (id_ := self._thread()) is None:
            return

        async def note(life: Life) -> None:
            if (thread := await life.store.thread(id_)) is not None:
                await life.answer.note(by, thread, text)

        self.world.begin(self.people.do(note))

    def edit(self) -> None:
        by, state = self.draw.choice(STAFF), self.draw.choice(list(ThreadState))
        if (id_ := self._thread()) is None:
            return

        async def edit(life: Life) -> None:
            if (thread := await life.store.thread(id_)) is not None:
                await asyncio.sleep(self.draw.choice((0.0, 0.1)))  # somebody looks at it first
                await life.answer.edit(by, thread, thread.version, ThreadEdit(state=state))

        self.world.begin(self.people.do(edit))

    def lease(self) -> None:
        by, frees = self.draw.choice(STAFF), self.draw.random() < 0.3
        if (id_ := self._thread()) is None:
            return

        async def lease(life: Life) -> None:
            if (thread := await life.store.thread(id_)) is not None:
                await (life.answer.free if frees else life.answer.take)(by, thread)

        self.world.begin(self.people.do(lease))

    def rule(self) -> None:
        open_ = [
            case.id for case in self.people.oracle.talks.cases.values() if case.state in (CaseState.OPEN, CaseState.APPEALED)
        ]
        by, ruling = self.draw.choice(STAFF), self.draw.choice(list(Ruling))
        if not open_:
            return
        id_ = self.draw.choice(open_)

        async def rule(life: Life) -> None:
            if (view := await life.store.case(id_)) is not None:
                await life.review.decide(by, view, Finding(ruling, "rude"))

        self.world.begin(self.people.do(rule))

    def erase(self) -> None:
        person = self._somebody()
        if person is not None and self.draw.random() < 0.6:
            self.world.begin(self.people.erase(person))

    def revoke(self) -> None:
        if (person := self._somebody()) is not None:
            self.world.begin(self.people.renew(person))

    # --------------------------------------------------------------------------------------------- the machine itself

    def hang_up(self) -> None:
        self.world.hang_up()

    def kill(self) -> None:
        if self.world.fates.crashes:
            self.world.kill()

    def pause(self) -> None:
        self.world.pause()

    def stop(self) -> None:
        self.world.stop()

    def wait(self) -> None:
        self.world.clock.pass_(self.draw.choice((1.0, 20.0, 70.0, 3600.0, 90_000.0)))

    def jump(self) -> None:
        self.world.clock.jump(self.draw.choice((-3600.0, -10.0, 10.0, 3600.0)))
