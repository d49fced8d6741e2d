"""What is told to other processes is what was committed, whatever it is and however long; what cannot be read is noticed."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from relay.core.case import case_for
from relay.core.change import (
    AcceptPost,
    AddCommunity,
    AddMember,
    AddNote,
    AddToken,
    Appeal,
    Change,
    EditCommunity,
    EditThread,
    Erase,
    Filed,
    FileReply,
    FreeLease,
    Outcome,
    Released,
    ReleasePost,
    RemoveStaff,
    RevokeKey,
    RevokeTokens,
    SendMessage,
    SetFact,
    TakeLease,
)
from relay.core.community import Community
from relay.core.ladder import MeasureKind
from relay.core.measure import Concerned, Impose, Measure, TakeBack
from relay.core.member import Address, Consent, Member
from relay.core.post import Button, Post, PostState
from relay.core.staff import Token, TokenKind
from relay.core.thread import Filing, Message, NewThread, Role, Status, ThreadEdit, ThreadRef, ThreadState
from relay.core.verdict import Action, Decision
from relay.stores.postgres_news import MOST, Garbled, News
from relay.testing.clock import START, Drawn

ODD = 'Grüße \x01\u2028 "quoted" \\u0000 😀 e\u0301'
TOKEN = Token("id", TokenKind.MEMBER, "digest", "subject", START, "phone")
COMMUNITY = Community("c", "bad", ODD, START)
MESSAGE = Message("m", 7, Role.MEMBER, ODD, START + timedelta(microseconds=1), Status.HELD, in_reply_to="x", client_id="y")
THREAD = ThreadRef(3, "t", 7, None, ThreadState.WAITING, 2)
HELD = Decision(Action.HOLD, 5.25, failures=(("words", "TimeoutError"),))
POST = Post("p", 1, "eva", ODD, START, buttons=(Button("a", "b", opens_thread=True),), state=PostState.SENDING, audience=5, n=9)
PAIRS: list[tuple[Change, Outcome]] = [
    (AddCommunity(COMMUNITY), 1),
    (EditCommunity(1, START, name=ODD, closed=True), None),
    (AddMember(Member("m", 1, "Heron", START), Consent("web", "desk", "1", START), (Address("web", "a"),), TOKEN), 12),
    (AddToken(TOKEN), None),
    (RevokeTokens(TokenKind.STAFF, "eva", START), None),
    (RemoveStaff("eva", START), None),
    (RevokeKey("key", START), None),
    (AcceptPost(POST), None),
    (ReleasePost(POST, 2000, START), Released(((1, 2), (3, 4)), 10, finished=True)),
    (FileReply(Filing(MESSAGE, THREAD, HELD, case_for(HELD, Drawn(), START), MESSAGE), 1), Filed(3, 4, 5)),
    (FileReply(Filing(MESSAGE, NewThread("t", 4), HELD, None, None), 1), Filed(3, 4)),
    (SendMessage(MESSAGE, THREAD, 1), Filed(3, 4)),
    (AddNote(MESSAGE, THREAD), None),
    (EditThread(THREAD, ThreadEdit(labels=("a", ODD)), START), None),
    (TakeLease(THREAD, "eva", ODD, START, START), None),
    (FreeLease(THREAD, "eva"), None),
    (Appeal("c", 1, ODD, START), None),
    (Impose(Measure("x", 7, MeasureKind.MUTE, START, START + timedelta(days=1), "eva", ODD, "c")), Concerned("m", 1)),
    (TakeBack(7, "c", ("x", "y"), START, "jan"), Concerned("m", 1)),
    (Erase(7, "m", START), None),
]


def news(name: str) -> News:
    return News(name, lambda change: not isinstance(change, SetFact))


def told(pairs: list[tuple[Change, Outcome]]) -> list[str]:
    return news("a").parts([change for change, _ in pairs], [outcome for _, outcome in pairs])


def heard(by: News, parts: list[str]) -> list[tuple[tuple[Change, ...], tuple[Outcome, ...]]]:
    return [said for part in parts if (said := by.take(part)) is not None]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: type(pair[0]).__name__)
def test_what_is_heard_is_what_was_committed(pair: tuple[Change, Outcome]) -> None:
    assert heard(news("b"), told([pair])) == [((pair[0],), (pair[1],))]


def long_ones(seed: int) -> Iterator[tuple[Change, Outcome]]:
    draw = Random(seed)
    yield ReleasePost(POST, 2000, START), Released(tuple((draw.randrange(10**12), n) for n in range(2000)), 10, finished=False)
    for _ in range(50):
        text = "".join(draw.choice("aä€😀\x01") for _ in range(draw.randrange(20_000)))
        yield SendMessage(replace(MESSAGE, text=text), THREAD, 1), Filed(3, 4)


def test_a_long_one_travels_in_pieces_that_fit(seed: int) -> None:
    pairs = list(long_ones(seed))

    parts = told(pairs)

    assert max(len(part.encode()) for part in parts) <= MOST
    assert heard(news("b"), parts) == [(tuple(change for change, _ in pairs), tuple(outcome for _, outcome in pairs))]


def test_nobody_is_told_what_nobody_listens_to() -> None:
    fact: Change = SetFact("a", "1")

    assert told([(fact, None)]) == []
    assert heard(news("b"), told([(fact, None), PAIRS[0]])) == [((PAIRS[0][0],), (PAIRS[0][1],))]


def test_ones_own_news_are_passed_over() -> None:
    assert heard(news("a"), told(PAIRS)) == []


def test_a_missing_part_is_noticed_and_what_follows_is_heard() -> None:
    hearing = news("b")
    long = told([(SendMessage(replace(MESSAGE, text="x" * 30_000), THREAD, 1), Filed(3, 4))])
    for part in long[:2]:
        hearing.take(part)

    with pytest.raises(Garbled):
        hearing.take(long[3])
    with pytest.raises(Garbled):
        hearing.take(long[-1])
    assert heard(hearing, told([PAIRS[0]])) == [((PAIRS[0][0],), (PAIRS[0][1],))]


@pytest.mark.parametrize("said", ['[["Unheard",{},null]]', '[["AddToken",{"nothing":1},null]]', "[[", '[["AddToken"]]'])
def test_what_a_newer_relay_tells_is_noticed(said: str) -> None:
    with pytest.raises(Garbled):
        news("b").take(f"a 1 0 1 {said}")


@pytest.mark.parametrize("payload", ["", "hello", "a b c d e"])
def test_what_is_no_news_is_noticed(payload: str) -> None:
    with pytest.raises(Garbled):
        news("b").take(payload)
