"""The play: a community fills, a post goes out, the replies come in, staff answer and decide, and both ends are counted."""

import asyncio
import secrets
from collections import Counter, defaultdict
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

from relay.cli.demo.api import Api, Json
from relay.cli.demo.crowd import Crowd, Person
from relay.cli.demo.outcome import Outcome, pace
from relay.cli.demo.reckon import Deeds, Ledger, differences
from relay.cli.demo.show import Show
from relay.cli.demo.tally import Tally
from relay.cli.demo.watch import Watch

POST = (
    "Liebe Gäste, morgen bleibt das Bad wegen Reparaturen geschlossen. / Dear guests, the pool is closed for repairs tomorrow."
)
ANSWERED = 20  # threads that staff answer, and cases that staff decide
REASON = "Bitte ohne Beleidigungen. / No insults, please."
SETTLE = 0.05  # seconds between two looks at the ledger
LOOKS = 200


@dataclass(slots=True)
class Cast:
    """Who plays: the staff's API and stream, and the crowd."""

    api: Api
    watch: Watch
    crowd: Crowd
    show: Show


class Play:
    """One run. What comes in is noted as it comes; what was done is kept for the reckoning."""

    def __init__(self, cast: Cast, members: int, texts: Sequence[str]) -> None:
        self.cast = cast
        self.texts = texts
        self.outcome = Outcome(members)
        self.deeds = Deeds(seen=cast.watch.replies)
        self.slug = f"demo-{secrets.token_hex(4)}"
        self.posts = Tally(members)
        self.answers = Tally(0)
        self.notices = Tally(0)
        cast.crowd.heard = self._heard

    async def run(self) -> Outcome:
        """All acts in their order."""
        await self._join()
        await self._connect()
        post = await self._post()
        await self._reply(post["id"])
        await self._answer(post["id"])
        await self._decide()
        await self._reckon(post["id"])
        return self.outcome

    def _heard(self, person: Person, item: Json) -> None:
        if item["kind"] == "post":
            self.posts.add(person.id)
        elif item["kind"] == "notice":
            self.notices.add(item["in_reply_to"])
        elif item["from"]["role"] == "staff":
            self.answers.add(item["id"])

    # ---------------------------------------------------------------------------------------------------- the company

    async def _join(self) -> None:
        api, outcome = self.cast.api, self.outcome
        await api.post(
            "/v1/communities", {"slug": self.slug, "name": "Stadtbad", "language": "de", "time_zone": "Europe/Berlin"}
        )
        spans: list[tuple[float, float]] = []

        async def join(number: int) -> None:
            began = perf_counter()
            body = {"name": f"Member {number}", "language": "de" if number % 2 else "en", "consent": CONSENT}
            made = await api.post(f"/v1/communities/{self.slug}/members", body)
            self.cast.crowd.people.append(Person(made["id"], made["token"]))
            spans.append((began, perf_counter()))
            step.one()

        with self.cast.show.step("members join", outcome.members) as step:
            await _all(join(number) for number in range(outcome.members))
        outcome.joined = pace(spans)

    async def _connect(self) -> None:
        began = perf_counter()
        ends: list[float] = []

        def welcomed() -> None:
            ends.append(perf_counter())
            step.one()

        with self.cast.show.step("streams open", self.outcome.members) as step:
            await self.cast.crowd.connect(self.cast.crowd.people, welcomed)
        self.outcome.connected = pace((began, end) for end in ends)

    async def _post(self) -> Json:
        with self.cast.show.step("the post arrives", self.outcome.members) as step:
            self.posts.told = step.to
            began = perf_counter()
            post = await self.cast.api.post(f"/v1/communities/{self.slug}/posts", {"text": POST})
            await self.posts.complete()
        self.outcome.post = pace((began, end) for end in self.posts.times.values())
        return post

    # ---------------------------------------------------------------------------------------------------- the replies

    async def _reply(self, post_id: str) -> None:
        crowd, outcome, seen = self.cast.crowd, self.outcome, self.cast.watch.seen
        began: dict[str, float] = {}
        spans: list[tuple[float, float]] = []
        by_person: dict[int, list[tuple[str, str]]] = defaultdict(list)
        for number, text in enumerate(self.texts):
            by_person[number % len(crowd.people)].append((f"reply-{number}", text))

        async def talk(person: Person, said: Sequence[tuple[str, str]]) -> None:
            for client_id, text in said:
                start = await crowd.say(person, client_id, text, post_id)
                if client_id in person.accepted:
                    spans.append((start, perf_counter()))
                    began[person.accepted[client_id]] = start
                step.one()

        with self.cast.show.step("members answer", len(self.texts)) as step:
            await _all(talk(crowd.people[place], said) for place, said in by_person.items())
        seen.reach(len(began))
        with self.cast.show.step("staff see it", len(began)) as step:
            seen.told = step.to
            step.to(len(seen.times))
            await seen.complete()
        outcome.replies_sent = len(self.texts)
        outcome.replies_refused = sum(len(person.refused) for person in crowd.people)
        outcome.accepted = pace(spans)
        outcome.seen = pace((began[one], end) for one, end in seen.times.items() if one in began)

    # ------------------------------------------------------------------------------------------------------ the staff

    async def _answer(self, post_id: str) -> None:
        threads = [thread async for thread in self.cast.api.all_of(f"/v1/communities/{self.slug}/threads", post=post_id)][
            :ANSWERED
        ]
        began: dict[str, float] = {}

        async def answer(number: int, thread: Json) -> None:
            text = f"Danke für deine Nachricht, wir kümmern uns darum. / Thank you, we will see to it. (#{number})"
            start = perf_counter()
            sent = await self.cast.api.post(f"/v1/threads/{thread['id']}/messages", {"text": text})
            began[sent["id"]] = start
            self.deeds.answers.setdefault(thread["member"]["id"], []).append(text)

        self.answers.reach(len(threads))
        with self.cast.show.step("staff answer", len(threads)) as step:
            self.answers.told = step.to
            await _all(answer(number, thread) for number, thread in enumerate(threads, 1))
            await self.answers.complete()
        self.outcome.answers = pace((began[one], end) for one, end in self.answers.times.items() if one in began)

    async def _decide(self) -> None:
        """Every second one of the held messages is let through, the others are rejected with a reason."""
        found = [case async for case in self.cast.api.all_of(f"/v1/communities/{self.slug}/cases")]
        self.outcome.cases = dict(sorted(Counter(case["kind"] for case in found).items()))
        self.outcome.signals = dict(Counter(name for case in found for name in _signals(case)).most_common())
        held = [case for case in found if case["kind"] == "held" and case["state"] == "open"][:ANSWERED]
        told = len(self.notices.times) + len(held) // 2

        async def decide(number: int, case: Json) -> None:
            action = "reject" if number % 2 else "deliver"
            await self.cast.api.post(f"/v1/cases/{case['id']}:decide", {"action": action, "reason": REASON})
            if action == "reject":
                self.deeds.rejected.setdefault(case["member"]["id"], []).append(case["message"])
            step.one()

        with self.cast.show.step("staff decide", len(held)) as step:
            await _all(decide(number, case) for number, case in enumerate(held))
            self.notices.reach(told)
            await self.notices.complete()
        self.outcome.rejected_by_staff = len(held) // 2
        self.outcome.delivered_by_staff = len(held) - len(held) // 2

    # -------------------------------------------------------------------------------------------------- the reckoning

    async def _reckon(self, post_id: str) -> None:
        api, people = self.cast.api, self.cast.crowd.people
        post = await self._settled(post_id)
        threads = {thread["id"]: thread async for thread in api.all_of(f"/v1/communities/{self.slug}/threads")}
        messages: dict[str, list[Json]] = {}

        async def read(thread_id: str) -> None:
            messages[thread_id] = [one async for one in api.all_of(f"/v1/threads/{thread_id}/messages")]
            step.one()

        with self.cast.show.step("both ends are counted", len(threads)) as step:
            await _all(read(thread_id) for thread_id in threads)
        self.outcome.counts = post["counts"]
        self.outcome.threads = len(threads)
        self.outcome.lost_connections = self.cast.crowd.losses
        self.outcome.differences = differences(people, Ledger(post, threads, messages), self.deeds)

    async def _settled(self, post_id: str) -> Json:
        """The post once the last acknowledgements are in the ledger, or as it is after a while."""
        for _ in range(LOOKS):
            counts = (await self.cast.api.get(f"/v1/posts/{post_id}"))["counts"]
            if counts["delivered"] + counts["read"] >= len(self.posts.times):
                break
            await asyncio.sleep(SETTLE)
        return await self.cast.api.get(f"/v1/posts/{post_id}")


CONSENT: Mapping[str, str] = {"source": "demo", "text_version": "1"}


async def _all(work: Iterable[Coroutine[None, None, None]]) -> None:
    async with asyncio.TaskGroup() as group:
        for one in work:
            group.create_task(one)


def _signals(case: Json) -> list[str]:
    """The names of what a case rests on; where the relay does not say them, its reason."""
    decision = case.get("decision")
    if isinstance(decision, dict):
        return [signal["name"] for signal in decision.get("signals", ())]
    return case["reason"].split("; ") if case.get("reason") else []
