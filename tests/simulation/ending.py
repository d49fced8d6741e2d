"""What is stored is what was promised: the whole store against the oracle, once everything had time to arrive."""

from collections import Counter

from relay.core.delivery import DeliveryState
from relay.core.thread import Thread
from relay.ports import Paging, ThreadFilter
from tests.simulation.ledger import OneMember, OnePost, promised
from tests.simulation.people import People
from tests.simulation.talks import OneThread
from tests.simulation.world import World

ALL = Paging(limit=1000)
SOON = 60.0  # seconds until what a dead process left is taken up by another
AWAKE = 65.0  # seconds in which everybody who looks now and then has looked
AT_ONCE = 6.0  # seconds: what the slowest answers of store and platform take
LATER = 26 * 3600.0  # seconds until anything that waits for its time is due
ROUNDS = 16  # a try may be made so often, and a little more
KEEPS_IDS = {"audit", "erasures"}


class Ending:
    """Looks at the store from outside, by what anybody may ask it."""

    def __init__(self, world: World, people: People) -> None:
        self.world, self.people = world, people
        self.ground, self.oracle = world.ground, world.oracle
        self.store, self.run = world.ground.store, world.ground.run

    # -------------------------------------------------------------------------------------------------------- at rest

    def come_to_rest(self) -> None:
        """From now on all goes well, so everything that can arrive has to."""
        world = self.world
        world.fates.calm = True
        world.turns.note("from now on all goes well")
        world.go_on()
        world.until(lambda: bool(world.up), "a process is up", SOON)
        world.until(lambda: not world.at_work, "everybody has an answer", 2 * SOON)
        world.until(self._is_out, "all posts are out", SOON)
        world.until(self._is_shown, "everybody who is connected has everything", SOON)
        world.until(self._is_acknowledged, "acknowledgements are stored", SOON)
        world.until(self._is_purged, "what is left of who is erased is deleted", 2 * SOON)
        for _ in range(ROUNDS):
            if not self._waiting():
                break
            world.clock.pass_(LATER)
            world.pass_time(AWAKE)
        promised(not self._waiting(), f"these are never sent: {self._waiting()}")

    def wake(self) -> None:
        """What is accepted goes out at once: nobody waits for somebody to look again."""
        world = self.world
        world.clock.pass_(LATER)  # no channel is closed any more
        world.pass_time(AT_ONCE)
        for number in range(world.draw.randint(2, 5)):
            community = world.draw.choice(self.people.communities)
            world.begin(self.people.publish(community, f"wake {number}", {}))
            world.pass_turns(world.draw.randint(0, 12))
        world.until(lambda: not world.at_work, "the last posts are accepted", SOON)
        world.until(self._is_out, "the last posts are out", AT_ONCE)
        world.until(lambda: not self._waiting(), "the last posts are sent", 2 * AT_ONCE)

    def _is_out(self) -> bool:
        return all(each.is_done or each.is_cancelled for each in self.oracle.ledger.accepted)

    def _is_shown(self) -> bool:
        """Everybody is back with one device at least, if need be with another token."""
        there = [person for person in self.people.members if not person.is_gone]
        for person in there:
            device = person.devices[0]
            if device.is_refused and not self.world.at_work:
                self.world.begin(self.people.renew(person))
            elif device.wire is None and not device.is_refused and self.world.up:
                device.connect(self.world.draw.choice(self.world.up))
        devices = [device for person in there for device in person.devices if device.wire is not None]
        return len(devices) >= len(there) and all(device.items == device.facts.stream for device in devices)

    def _is_acknowledged(self) -> bool:
        devices = [device for person in self.people.members for device in person.devices if not person.is_gone]
        return all(device.facts.delivered >= device.acked for device in devices)

    def _is_purged(self) -> bool:
        erased = {each.id for each in self.oracle.ledger.members.values() if each.is_erased}
        confirmed = {row["member"] for _, row in self.ground.rows("erasures") if row["confirmed_at"] is not None}
        return confirmed == erased == {each.member for each in self.world.listed}

    def _waiting(self) -> list[object]:
        return [row for _, row in self.ground.rows("attempts") if row["phase"] < 2]

    # -------------------------------------------------------------------------------------------------- all of it

    def compare(self) -> None:
        """Everything that is stored, with everything that was promised."""
        for member in self.oracle.ledger.members.values():
            self._stream(member)
        for post in self.oracle.ledger.accepted:
            self._post(post)
        self._lists()
        self._audit()
        self._erased()

    def _stream(self, member: OneMember) -> None:
        own = self.store.of(member.n)
        items = self.run(own.items(0, 10_000))
        cursors = self.run(own.cursors())
        if member.is_erased:
            promised(not items, f"member {member.n} is erased and has {items}")
            return
        promised([item.seq for item in items] == list(range(1, len(items) + 1)), f"member {member.n} has a gap in {items}")
        ids = [item.id for item in items]
        promised(ids == member.stream, f"member {member.n} has {ids}, and was given {member.stream}")
        found = cursors.sent, cursors.delivered, cursors.read
        kept = member.sent, member.delivered, member.read
        promised(found == kept, f"the cursors of member {member.n} are {found}, and were {kept}")

    def _post(self, post: OnePost) -> None:
        stored = self.run(self.store.post(post.post.id))
        promised(stored is not None, f"post {post.post.id} was accepted and is gone")
        assert stored is not None
        promised(stored.audience == len(post.audience), f"the audience of post {stored.n} is {stored.audience}")
        views = self.run(self.store.deliveries(stored, None, ALL)).items
        members = self.oracle.ledger.members
        found = {view.member: view.state for view in views if view.member}
        there = [members[n] for n in post.audience if not members[n].is_erased]
        gone = Counter(view.state for view in views if not view.member)
        erased = len(post.audience) - len(there)
        promised(sorted(found) == sorted(each.id for each in there), f"post {stored.n} has deliveries to {found}")
        promised(gone == Counter({DeliveryState.ERASED: erased} if erased else {}), f"post {stored.n} has {gone} of nobody")
        for member in there:
            allowed = self._allowed(post, member)
            promised(
                found[member.id] in allowed, f"post {stored.n} is {found[member.id]!r} at member {member.n}, not {allowed}"
            )

    def _allowed(self, post: OnePost, member: OneMember) -> set[DeliveryState]:
        seq = post.given.get(member.n)
        if seq is None:
            return self.oracle.ledger.unreleased(post, member.n)
        each = self.oracle.exits.all.get((member.n, seq))
        rows = {DeliveryState.SENDING} if each is None else self.oracle.exits.allowed(each)
        return {member.shown(seq, row) for row in rows}

    def _lists(self) -> None:
        talks, ledger = self.oracle.talks, self.oracle.ledger
        threads: list[Thread] = []
        posts: list[str] = []
        cases: dict[str, str] = {}
        for community in self.people.communities:
            threads += self.run(self.store.threads(community.n, ThreadFilter(), ALL)).items
            posts += [post.id for post in self.run(self.store.posts(community.n, ALL)).items]
            cases |= {view.case.id: view.case.state.word for view in self.run(self.store.cases(community.n, None, ALL)).items}
        promised(sorted(posts) == sorted(each.post.id for each in ledger.accepted), f"the posts that are stored are {posts}")
        promised({each.id for each in threads} == set(talks.threads), f"the threads that are stored are {threads}")
        kept = {id_: case.state.word for id_, case in talks.cases.items()}
        promised(cases == kept, f"the cases are {cases}, and were {kept}")
        for thread in threads:
            self._thread(thread, talks.threads[thread.id])
        for n, post in ledger.posts.items():
            if post.is_accepted:
                pressed = Counter(button for (of, _), button in talks.presses.items() if of == n)
                promised(self.run(self.store.post_presses(n)) == pressed, f"post {n} was pressed {pressed}")

    def _thread(self, stored: Thread, thread: OneThread) -> None:
        promised(stored.member == thread.member, f"thread {thread.id} is of member {stored.member}")
        promised(stored.state is thread.state, f"thread {thread.id} is {stored.state.word}, and was {thread.state.word}")
        messages = self.run(self.store.messages(thread.n, ALL)).items
        ids = [message.id for message in messages]
        promised(ids == thread.messages, f"thread {thread.id} has {ids}, and should have {thread.messages}")
        for message in messages:
            kept = self.oracle.talks.messages[message.id]
            promised(
                (message.text, message.status, message.role) == (kept.text, kept.status, kept.role),
                f"{message.id} is {message.status.word}, and was {kept.status.word}",
            )

    def _audit(self) -> None:
        found: list[tuple[str, str, str]] = []
        paging = ALL
        while True:
            page = self.run(self.store.audit(paging))
            found += [(entry.actor, entry.action, entry.subject) for entry in page.items]
            if page.next is None:
                break
            paging = Paging(ALL.limit, page.next)
        promised(found[::-1] == self.oracle.records, "the audit log is not what was recorded")

    def _erased(self) -> None:
        """Nothing of who is erased, but their id where it must be."""
        gone = [each for each in self.oracle.ledger.members.values() if each.is_erased]
        if not gone:
            return
        keys = {each.n for each in gone}
        marks = [(each.id, True) for each in gone]
        marks += [(address.address, False) for each in gone for address in each.addresses if address.channel != "web"]
        for table, row in self.ground.rows():
            key = row["n"] if table == "members" else row.get("member")
            planned = table == "deliveries" and row["seq"] is None
            promised(key not in keys or planned, f"{table} keeps {row} of who is erased")
            text = " ".join(str(value) for value in row.values())
            kept = [mark for mark, is_id in marks if mark in text and not (is_id and table in KEEPS_IDS)]
            promised(not kept, f"{table} keeps {kept} of who is erased")

    def start_again(self) -> None:
        """A start drops every plan that nobody was told of."""
        for life in self.world.lives.values():
            self.world.turns.doom(life)
        self.world.until(lambda: len(self.world.up) == self.world.slots, "all processes are up", SOON)
        if self.world.has_server:
            self.world.clock.pass_(LATER)  # a run that began before the clock was set back holds for so much longer
            self.world.pass_time(SOON)
        plans = [row["id"] for _, row in self.ground.rows("posts") if row["state"] == 0]
        promised(not plans, f"these plans were never dropped: {plans}")
