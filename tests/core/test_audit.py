"""Looks are folded by the hour, and what is remembered of them has a bound."""

from datetime import UTC, datetime, timedelta

from relay.core.audit import FOLD, Looks

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def test_a_look_is_new_until_it_is_written_and_again_after_an_hour() -> None:
    looks = Looks()

    first = looks.new("eva", "thread.read", ["a", "b", "a"], NOW)
    looks.written("eva", "thread.read", ["a"], NOW)

    assert first == ("a", "b")
    assert looks.new("eva", "thread.read", ["a", "b"], NOW + FOLD - timedelta(microseconds=1)) == ("b",)
    assert looks.new("eva", "thread.read", ["a"], NOW + FOLD) == ("a",)
    assert looks.new("jan", "thread.read", ["a"], NOW) == ("a",)
    assert looks.new("eva", "thread.search", ["a"], NOW) == ("a",)


def test_the_look_that_is_longest_ago_is_forgotten_first() -> None:
    looks = Looks(size=2)
    looks.written("eva", "thread.read", ["a", "b"], NOW)

    looks.written("eva", "thread.read", ["a", "c"], NOW)

    assert len(looks) == 2
    assert looks.new("eva", "thread.read", ["a", "b", "c"], NOW) == ("b",)
