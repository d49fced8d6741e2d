"""A worker's requests to its memory: for the member at hand alone, and bounded."""

from typing import Any

import pytest

from relay.core.asking import LARGEST_BODY, AskingError, BadAnswer, Busy, Reply, Request, TooLate, Unreachable
from relay.pipeline.desk import LONGEST_KEY, MOST_REQUESTS, Desk
from relay.pipeline.memory import MemoryStore
from relay.pipeline.wire import MOST_HEADERS, WireError, failed_frame, reply_frame, reply_of, request_frame, request_of
from relay.plugin import NotForPluginsError

SET = {"do": "set", "key": "k", "value": {"t": [1, "x"]}, "ttl": 60}


def desk(store: MemoryStore | None = None, member: str = "ada", shared: str | None = None) -> Desk:
    kept = MemoryStore(lambda: 0.0) if store is None else store
    return Desk(kept, ("p", member), None if shared is None else ("p", shared))


def test_a_value_is_kept_for_its_member_alone() -> None:
    store = MemoryStore(lambda: 0.0)
    desk(store, "ada").answer(SET)

    asked = {"do": "get", "key": "k", "member": "ada"}

    assert desk(store, "ada").answer(asked) == {"value": {"t": [1, "x"]}}
    assert desk(store, "eve").answer(asked) == {}


def test_a_counter_counts() -> None:
    at = desk()

    counts = [at.answer({"do": "increment", "key": "n", "by": by, "ttl": 60})["value"] for by in (1, 2, -1)]

    assert counts == [1, 3, 2]


def test_a_value_can_be_forgotten() -> None:
    at = desk()
    at.answer(SET)

    at.answer({"do": "forget", "key": "k"})

    assert at.answer({"do": "get", "key": "k"}) == {}


def test_what_crosses_members_is_for_plugins_that_declare_it() -> None:
    store = MemoryStore(lambda: 0.0)
    desk(store, "ada", shared="").answer({**SET, "shared": True})

    assert desk(store, "eve", shared="").answer({"do": "get", "key": "k", "shared": True}) == {"value": {"t": [1, "x"]}}
    with pytest.raises(WireError, match="does not declare"):
        desk(store, "eve").answer({"do": "get", "key": "k", "shared": True})


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"do": "get"},
        {"do": "steal", "key": "k"},
        {"do": "get", "key": 1},
        {"do": "get", "key": "k" * (LONGEST_KEY + 1)},
        {**SET, "value": {"secret": 1}},
        *({**SET, "ttl": ttl} for ttl in (None, "1", -1, True, float("nan"), float("inf"), 1e300)),
        *({"do": "increment", "key": "n", "ttl": 1, "by": by} for by in (None, 1.5, True, 2**60)),
    ],
    ids=str,
)
def test_what_no_honest_worker_asks_is_refused(request_: dict[str, Any]) -> None:
    with pytest.raises(WireError):
        desk().answer(request_)


def test_requests_of_one_check_are_bounded() -> None:
    at = desk()
    for _ in range(MOST_REQUESTS):
        at.answer({"do": "get", "key": "k"})

    with pytest.raises(WireError):
        at.answer({"do": "get", "key": "k"})


QUESTION = {"url": "https://ask.example", "body": "e30=", "headers": {}, "seconds": 1.0}


def test_a_question_travels_as_it_is() -> None:
    request = Request("https://ask.example/x", b"\x00\xff", {"a": "b"}, 2.5)

    assert request_of(request_frame(request)) == request


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": None},
        {"body": None},
        {"body": "no base64!"},
        {"body": "A" * (LARGEST_BODY * 2)},
        {"headers": []},
        {"headers": {"a": 1}},
        {"headers": {str(n): "x" for n in range(MOST_HEADERS + 1)}},
        {"seconds": "1"},
        {"seconds": None},
    ],
    ids=lambda wrong: str(wrong)[:40],
)
def test_a_question_of_the_wrong_form_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(WireError):
        request_of({**QUESTION, **wrong})


def test_a_worker_asks_one_thing_at_a_time() -> None:
    at = desk()
    at.begin_question()

    with pytest.raises(WireError, match="before the last was answered"):
        at.begin_question()


async def test_a_worker_that_may_ask_nobody_hears_so() -> None:
    at = desk()
    at.begin()

    with pytest.raises(NotForPluginsError, match="not offered here"):
        reply_of(await at.ask(request_of(QUESTION)))


@pytest.mark.parametrize("error", [AskingError("odd"), Unreachable(), TooLate("late"), BadAnswer(), Busy()], ids=repr)
def test_a_trouble_keeps_its_name_on_the_way(error: AskingError) -> None:
    with pytest.raises(AskingError) as raised:
        reply_of(failed_frame(error))

    assert (type(raised.value), str(raised.value)) == (type(error), str(error))


def test_an_answer_travels_as_it_is() -> None:
    reply = Reply(200, b"\x00\xff", {"retry-after": "1"})

    assert reply_of(reply_frame(reply)) == reply
