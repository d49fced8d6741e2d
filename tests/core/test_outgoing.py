"""What somebody of the staff is asked to look at again: what came up in the conversation with another member alone."""

from random import Random

import pytest

from relay.core.outgoing import COMMON, RUN, Caution, CautionKind, Said, cautions
from relay.core.text import Tables, Text
from relay.core.thread import Role

ANNA, BEN = 1, 2
TABLES = Tables()
BENS = "My mother is in hospital until Friday, so please cancel the course for both of us."


def text(raw: str) -> Text:
    return Text(raw, TABLES)


def found(out: str, said: list[tuple[int, str]], posts: tuple[str, ...] = (), to: int | None = ANNA) -> list[tuple[str, str]]:
    """Kind and piece of each."""
    told = cautions(text(out), to, [Said(whose, Role.MEMBER, text(raw)) for whose, raw in said], map(text, posts))
    return [(each.kind.value, out[each.start : each.end]) for each in told]


def test_words_of_another_member_are_found_with_their_place_as_one_piece() -> None:
    out = "Hello! “My mother is in hospital until Friday, so please cancel” - done, see you."

    assert found(out, [(BEN, BENS)]) == [("words", "My mother is in hospital until Friday, so please cancel")]


@pytest.mark.parametrize(
    "disguised",
    [
        "my MOTHER is\nin hospital   until friday",
        "My mother, is in hospital until Friday",
        "My m\u043ether is in hospital until Friday",
    ],
)
def test_the_same_words_are_known_however_they_are_written(disguised: str) -> None:
    tables = Tables(confusables={"\u043e": "o"})
    told = cautions(Text(disguised, tables), ANNA, [Said(BEN, Role.MEMBER, Text(BENS, tables))], ())

    assert [each.kind for each in told] == [CautionKind.WORDS]


def test_fewer_words_than_a_run_are_everybodys() -> None:
    assert found(" ".join(BENS.split()[: RUN - 1]), [(BEN, BENS)]) == []


def test_what_stands_in_the_members_own_conversation_may_be_said_to_them() -> None:
    assert found(BENS, [(BEN, BENS), (ANNA, f"Ben says: {BENS}")]) == []


def test_what_came_up_with_many_or_in_a_post_is_nobodys() -> None:
    assert found(BENS, [(n, BENS) for n in range(BEN, BEN + COMMON)]) == []
    assert found(BENS, [(BEN, BENS)], posts=(BENS,)) == []


@pytest.mark.parametrize(
    ("said", "out"),
    [
        ("Call me: 0170 / 123 45 67", "We reach you at +49 170 1234567."),
        ("my mail is ada.l@example.org", "Sent to ada.l@example.org"),
        ("DE89 3704 0044 0532 0130 00 is my account", "paid to DE89370400440532013000"),
    ],
)
def test_a_number_or_an_address_of_another_member_is_found(said: str, out: str) -> None:
    assert [kind for kind, _ in found(out, [(BEN, said)])] == ["contact"]
    assert found(out, [(ANNA, said)]) == []


def test_prices_times_and_rooms_are_no_contacts() -> None:
    said = "Room 12, 10:30, 49.90 euros"

    assert found("It is 49.90 in room 12 at 10:30", [(BEN, said)]) == []


def test_what_staff_alone_wrote_goes_to_the_next_as_well() -> None:
    canned = "Thank you for your message, we will see to it. Our number: 0221 / 987 65 43."
    by_staff = Said(BEN, Role.STAFF, text(canned))

    assert cautions(text(canned), ANNA, [by_staff], ()) == []
    assert cautions(text(canned), ANNA, [by_staff, Said(BEN, Role.MEMBER, text(f"You said: {canned}"))], ())


def test_what_goes_to_everybody_holds_nothing_of_a_single_conversation() -> None:
    assert found(BENS, [(BEN, BENS)], to=None)
    assert found(BENS, [(ANNA, BENS)], to=None)


def test_it_never_raises_and_gives_places_that_are_there(seed: int) -> None:
    random = Random(seed)
    signs = "ab 1@.ß\u0301\U0001f600\ud800İ-+("
    for _ in range(300):
        out, said = ("".join(random.choice(signs) for _ in range(random.randrange(60))) for _ in range(2))
        for each in cautions(text(out), ANNA, [Said(BEN, Role.MEMBER, text(said)), Said(BEN, Role.MEMBER, text(out))], ()):
            assert each == Caution(each.kind, each.start, each.end)
            assert (each.start is None) == (each.end is None)
            assert each.start is None or 0 <= each.start < (each.end or 0) <= len(out)
