"""Poison: what ended a worker does not come to one again, and nobody can make others' messages look like it."""

from relay.pipeline.poison import MEMBER_FOR, MOST, OF_ONE_MEMBER, OF_SEVERAL, TEXT_FOR, Poison
from relay.testing.moderation import StillClock


def poison(clock: StillClock | None = None) -> Poison:
    return Poison((clock or StillClock()).monotonic)


def test_nothing_is_refused_before_anything_happened() -> None:
    assert poison().why("ada", "good morning") is None


def test_the_same_message_is_refused_and_no_other_of_that_member() -> None:
    known = poison()

    known.note("eve", "attack")

    assert known.why("eve", "attack") == ("was not asked: this message ended its process before", False)
    assert known.why("eve", "good morning") is None


def test_the_same_text_of_others_is_refused_once_several_members_failed_with_it() -> None:
    known, refused = poison(), []

    for n in range(OF_SEVERAL + 1):
        refused.append(known.why(f"member {n}", "attack"))
        known.note(f"member {n}", "attack")

    assert refused == [None] * OF_SEVERAL + [("was not asked: messages with this text ended its process before", True)]


def test_one_member_cannot_spoil_a_text_for_others() -> None:
    known = poison()

    for _ in range(10):
        known.note("eve", "good morning")

    assert known.why("ada", "good morning") is None


def test_who_breaks_it_again_and_again_is_not_heard_for_a_while() -> None:
    clock = StillClock()
    known = poison(clock)
    for n in range(OF_ONE_MEMBER):
        known.note("eve", f"attack {n}")

    during = known.why("eve", "good morning")
    clock.advance(MEMBER_FOR)

    assert during == ("was not asked: messages of this member ended its process again and again", False)
    assert known.why("eve", "good morning") is None
    assert known.why("eve", "attack 0") is not None


def test_it_forgets() -> None:
    clock = StillClock()
    known = poison(clock)
    known.note("eve", "attack")

    clock.advance(TEXT_FOR)

    assert known.why("eve", "attack") is None


def test_an_erased_member_is_forgotten() -> None:
    known = poison()
    known.note("eve", "attack")

    known.forget("eve")

    assert known.why("eve", "attack") is None


def test_it_is_bounded() -> None:
    known = poison()

    for n in range(MOST):
        known.note(f"member {n}", f"attack {n}")

    assert len(known) == MOST


def test_any_text_has_a_digest() -> None:
    known = poison()

    known.note("eve", "\ud800\x00")

    assert known.why("eve", "\ud800\x00") is not None
