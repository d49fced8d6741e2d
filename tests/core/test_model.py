"""What a person's decision teaches, when a model is learned, and what it can know: words of many, and nobody's own."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from relay.core.additive import words_of
from relay.core.case import Case, CaseKind, CaseView, Ruling
from relay.core.errors import Conflict
from relay.core.model import (
    LEAST,
    MEMBERS,
    MORE,
    Learned,
    Lesson,
    Lessons,
    Model,
    Wanted,
    learned_from,
    lesson_of,
    usable,
    wanted,
)
from relay.core.staff import Actor, Role
from relay.core.verdict import Seen, Signal

NOW = datetime(2026, 12, 1, tzinfo=UTC)
MONA = Actor("mona", "Mona", Role.MODERATOR)
ROBOT = Actor("key", "Robot", None, ("cases:write",), "mona")
ENOUGH = Lessons(LEAST, LEAST)
MODEL = Model("m", 1, 1, NOW, NOW, LEAST, LEAST, 20, {}, 9)


def case_of(*plugins: str) -> CaseView:
    seen = tuple(Seen(Signal(f"{plugin}.what"), plugin, "1", 2.5) for plugin in plugins)
    return CaseView(
        Case("c", CaseKind.HELD, NOW), 1, "t", 1, 0, 1, 1, "ada", "Heron", "m", "text", NOW, "hold", "", None, None, None,
        5.0, seen, (), {},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("actor", "plugins", "ruling", "lesson"),
    [
        (MONA, ("links",), Ruling.DELIVER, Lesson.GOOD),
        (MONA, ("links",), Ruling.REJECT, Lesson.SPAM),
        (MONA, ("spam",), Ruling.REJECT, Lesson.SPAM),
        (MONA, (), Ruling.REJECT, Lesson.SPAM),
        (MONA, ("links", "words"), Ruling.REJECT, Lesson.NONE),
        (MONA, ("offence",), Ruling.REJECT, Lesson.NONE),
        (MONA, ("words",), Ruling.DELIVER, Lesson.GOOD),
        (ROBOT, ("links",), Ruling.REJECT, Lesson.NONE),
        (ROBOT, ("links",), Ruling.DELIVER, Lesson.NONE),
    ],
)
def test_only_what_a_person_decides_about_advertising_teaches(
    actor: Actor, plugins: tuple[str, ...], ruling: Ruling, lesson: Lesson
) -> None:
    assert lesson_of(actor, case_of(*plugins), ruling) is lesson


@pytest.mark.parametrize(
    ("lessons", "newest", "in_use", "expected"),
    [
        (Lessons(LEAST - 1, 500), None, None, None),
        (Lessons(500, LEAST - 1), None, None, None),
        (ENOUGH, None, None, Wanted()),
        (ENOUGH, MODEL, None, None),
        (Lessons(LEAST + MORE - 1, LEAST), MODEL, None, None),
        (Lessons(LEAST + MORE, LEAST), MODEL, None, Wanted()),
        (ENOUGH, replace(MODEL, is_outdated=True), None, Wanted()),
        (ENOUGH, replace(MODEL, emptied_at=NOW), None, Wanted()),
        (Lessons(1, 1), replace(MODEL, emptied_at=NOW), None, None),
    ],
)
def test_a_model_is_learned_from_enough_and_again_from_many_more(
    lessons: Lessons, newest: Model | None, in_use: Model | None, expected: Wanted | None
) -> None:
    assert wanted(lessons, newest, in_use) == expected


@pytest.mark.parametrize("gone", [replace(MODEL, is_outdated=True, used_at=NOW), replace(MODEL, emptied_at=NOW, used_at=NOW)])
def test_what_follows_a_model_in_use_learns_from_the_same_lessons(gone: Model) -> None:
    assert wanted(Lessons(500, 500), replace(MODEL, number=2), gone) == Wanted(NOW, gone)


def test_what_is_in_use_or_empty_is_not_put_to_use() -> None:
    for model in (replace(MODEL, used_at=NOW), replace(MODEL, emptied_at=NOW)):
        with pytest.raises(Conflict):
            usable(model)


def lessons() -> Iterator[tuple[int, bool, Sequence[str]]]:
    """Sixty of each kind from twelve members; "wombat" is said by a few, "zebra" by one more than needed."""
    for n in range(60):
        own = f" {'wombat' if n % 12 < MEMBERS - 1 else ''} {'zebra' if n % 12 <= MEMBERS else ''} own{n}"
        yield n % 12, True, words_of(f"gewinne jetzt geld mit nummer {n}{own}")
        yield n % 12, False, words_of(f"wann kommt der bus am montag um {n}")


def test_it_knows_words_of_many_and_tells_advertising_from_questions() -> None:
    made = learned_from(list(lessons()))
    assert made is not None

    model = Learned(1, made.content)

    assert made.content.words["gewinne"] > 0 > made.content.words["bus"]
    assert "zebra" in made.content.words
    assert (model.certainty("gewinne viel geld") or 0) > 0.9
    assert (model.certainty("wann kommt der bus?") or 1) < 0.1
    assert model.certainty("hallo") is None
    assert made.figures["macro_f1"] == 1.0


def test_no_word_of_fewer_members_is_in_it_in_any_form() -> None:
    with_word = list(lessons())
    without = [(member, is_spam, [word for word in words if word != "wombat"]) for member, is_spam, words in with_word]

    made, other = learned_from(with_word), learned_from(without)

    assert made is not None
    assert not any(word.startswith(("wombat", "own")) for word in made.content.words)
    assert made == other, "it is the same as if the word had never been written"


def test_where_members_share_no_word_nothing_is_learned() -> None:
    assert learned_from([(n, n % 2 == 0, [f"word{n}"]) for n in range(100)]) is None
