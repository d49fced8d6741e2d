"""The reckoning: what the relay's ledger and threads say against what members and staff got, each difference a sentence."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from relay.cli.demo.api import Json
from relay.cli.demo.crowd import Person


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the relay says at the end: the post with its counts, and the messages of each thread by its id."""

    post: Json
    threads: Mapping[str, Json]
    messages: Mapping[str, Sequence[Json]]


@dataclass(slots=True)
class Deeds:
    """What staff did and saw: answers and rejected messages by the id of their member, and replies in the stream by id."""

    answers: dict[str, list[str]] = field(default_factory=dict)
    rejected: dict[str, list[str]] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)


def differences(people: Sequence[Person], ledger: Ledger, deeds: Deeds) -> list[str]:
    """Everything that is lost, doubled, misplaced or shown to somebody else; empty when both ends agree."""
    return [
        *_of_the_post(people, ledger.post),
        *_of_streams(people),
        *_of_replies(people, ledger, deeds),
        *_of_privacy(people, ledger.post, deeds),
    ]


def _of_the_post(people: Sequence[Person], post: Json) -> Iterator[str]:
    counts, audience = post["counts"], post["audience"]
    if audience != len(people):
        yield f"the post's audience is {audience}, and there are {len(people)} members"
    if sum(counts.values()) != audience:
        yield f"the counts of the post sum to {sum(counts.values())}, and its audience is {audience}"
    got = [sum(item["kind"] == "post" and item["id"] == post["id"] for item in person.items) for person in people]
    if missing := got.count(0):
        yield f"{missing} members did not get the post"
    if doubled := sum(number > 1 for number in got):
        yield f"{doubled} members got the post more than once"
    reached = counts["delivered"] + counts["read"]
    if reached != len(people) - missing:
        yield f"the ledger has {reached} delivered, and {len(people) - missing} members got the post"


def _of_streams(people: Sequence[Person]) -> Iterator[str]:
    for person in people:
        if [item["seq"] for item in person.items] != list(range(1, len(person.items) + 1)):
            yield f"the stream of member {person.id} has a gap"


def _of_replies(people: Sequence[Person], ledger: Ledger, deeds: Deeds) -> Iterator[str]:
    owners = {thread: shown["member"]["id"] for thread, shown in ledger.threads.items()}
    stored = Counter(
        (owners[thread], message["id"], message["text"])
        for thread, messages in ledger.messages.items()
        for message in messages
        if message["role"] == "member"
    )
    sent = Counter(
        (person.id, message_id, person.said[client_id])
        for person in people
        for client_id, message_id in person.accepted.items()
    )
    if lost := sent - stored:
        yield f"{lost.total()} accepted replies are in no thread of their member"
    if strange := stored - sent:
        yield f"{strange.total()} messages in threads were never accepted"
    ids = {message_id for _, message_id, _ in sent}
    if unseen := ids - deeds.seen.keys():
        yield f"{len(unseen)} accepted replies never showed in the stream of staff"
    if twice := [one for one, times in deeds.seen.items() if times > 1 and one in ids]:
        yield f"{len(twice)} replies showed in the stream of staff more than once"


def _of_privacy(people: Sequence[Person], post: Json, deeds: Deeds) -> Iterator[str]:
    """Each member's items are the post, their own messages, the answers to them, and notices about their own messages."""
    for person in people:
        told = Counter(item["text"] for item in person.items if item["kind"] == "message" and item["from"]["role"] == "staff")
        wanted = Counter(deeds.answers.get(person.id, ()))
        if told != wanted:
            yield f"member {person.id} got {told.total()} answers, and staff wrote {wanted.total()}"
        own = Counter(item["id"] for item in person.items if item["from"]["role"] == "self")
        if own != Counter(person.accepted.values()):
            yield f"member {person.id} sees {own.total()} own messages, and {len(person.accepted)} were accepted"
        noticed = {item["in_reply_to"] for item in person.items if item["kind"] == "notice"}
        if not noticed <= set(person.accepted.values()):
            yield f"member {person.id} got a notice about somebody else's message"
        if not set(deeds.rejected.get(person.id, ())) <= noticed:
            yield f"member {person.id} was not told of a rejection"
        if any(item["kind"] == "post" and item["id"] != post["id"] for item in person.items):
            yield f"member {person.id} got a post of somebody else"
