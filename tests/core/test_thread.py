"""Where a reply belongs, which texts are kept, who may hold a lease."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.errors import Invalid, Unknown
from relay.core.thread import (
    MAX_TEXT,
    POST_ANSWER_WINDOW,
    Lease,
    Status,
    Surroundings,
    ThreadRef,
    ThreadState,
    checked_text,
    may_lease,
    place,
    status_after,
)
from relay.core.verdict import Action, Decision

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def thread(n: int) -> ThreadRef:
    return ThreadRef(n, f"thread-{n}", 1, None, ThreadState.OPEN, 1)


def test_an_answer_to_a_message_goes_into_that_messages_thread() -> None:
    around = Surroundings(answered=thread(1), latest=thread(2), last_post=7, last_post_at=NOW)

    found = place("message", around, NOW)

    assert found == thread(1)


def test_an_answer_to_a_post_starts_a_thread_about_it() -> None:
    around = Surroundings(post=7, latest=thread(2))

    found = place("post", around, NOW)

    assert found == 7


def test_a_second_answer_to_the_same_post_goes_into_the_same_thread() -> None:
    around = Surroundings(post=7, post_thread=thread(3), latest=thread(2))

    found = place("post", around, NOW)

    assert found == thread(3)


def test_an_answer_to_something_that_is_not_the_members_is_refused() -> None:
    with pytest.raises(Unknown):
        place("somebody else's", Surroundings(latest=thread(2)), NOW)


def test_a_message_that_names_nothing_goes_on_in_the_running_thread() -> None:
    around = Surroundings(latest=thread(2), last_post=7, last_post_at=NOW)

    found = place(None, around, NOW)

    assert found == thread(2)


@pytest.mark.parametrize(("age", "expected"), [(POST_ANSWER_WINDOW, 7), (POST_ANSWER_WINDOW + timedelta(seconds=1), None)])
def test_without_a_running_thread_it_belongs_to_the_last_post_for_a_week(age: timedelta, expected: int | None) -> None:
    around = Surroundings(last_post=7, last_post_at=NOW - age)

    found = place(None, around, NOW)

    assert found == expected


def test_a_member_who_never_got_anything_starts_a_thread_of_their_own() -> None:
    assert place(None, Surroundings(), NOW) is None


@pytest.mark.parametrize("text", ["", " \n\t", "a\x00b", "\ud800", "x" * (MAX_TEXT + 1)])
def test_a_text_that_cannot_be_kept_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        checked_text(text)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=200))
def test_every_other_text_is_kept_to_the_letter(text: str) -> None:
    if text.strip():
        assert checked_text(text) == text


@pytest.mark.parametrize(
    ("holder", "until", "expected"),
    [("eva", NOW + timedelta(minutes=1), True), ("jan", NOW + timedelta(minutes=1), False), ("jan", NOW, True)],
)
def test_a_lease_is_taken_when_it_is_ones_own_or_has_run_out(holder: str, until: datetime, *, expected: bool) -> None:
    assert may_lease(Lease(holder, holder, until), "eva", NOW) is expected


@pytest.mark.parametrize(
    ("action", "status"),
    [
        (Action.ALLOW, Status.FILED),
        (Action.FLAG, Status.FILED),
        (Action.HOLD, Status.HELD),
        (Action.REJECT, Status.REJECTED),
        (Action.DISCARD, Status.DISCARDED),
    ],
)
def test_a_decision_settles_what_becomes_of_the_message(action: Action, status: Status) -> None:
    assert status_after(Decision(action, 0.0)) is status
