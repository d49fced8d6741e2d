"""Additive models: what counts as a word, and that a score is a sum."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.additive import LONGEST_WORD, MOST_WORDS, Additive, Shape, spelled, words_of

SHAPE = Shape(shortest=2, longest=3, bits=8)
TABLE = bytes(range(256))


def model(shape: Shape = SHAPE, bias: float = 0.0) -> Additive:
    return Additive(shape, TABLE, unit=0.01, bias=bias, slope=2.0)


def test_words_signs_and_emoji_count_and_names_and_links_read_alike() -> None:
    words = words_of("@anna das ist #toll!!! 😀 s. https://example.com/a?b=c")

    assert words == ["@", "das", "ist", "#toll", "!!!", "😀", "s", ".", "://"]


def test_a_long_word_and_a_long_text_are_cut() -> None:
    assert words_of("a" * 5000) == ["a" * LONGEST_WORD]
    assert len(words_of("a b " * 5000)) == MOST_WORDS


def test_a_word_has_a_place_for_itself_and_for_each_piece() -> None:
    places = SHAPE.of_word("abc")

    assert len(places) == 1 + 4 + 3  # " abc ", pieces of two, pieces of three
    assert all(0 <= place < 256 for place in places)


def test_pairs_count_once_each_with_the_edges() -> None:
    assert len(SHAPE.of_pairs(map(spelled, "abab"))) == 4  # ^a, ab, ba, b$
    assert SHAPE.of_pairs(map(spelled, "ab")) != SHAPE.of_pairs(map(spelled, "ba"))
    assert model(Shape(2, 3, 8, pairs=False)).margin(["a", "b"]) == model(Shape(2, 3, 8, pairs=False)).margin(["b", "a"])


def test_a_margin_is_the_sum_of_the_words_and_pairs() -> None:
    one = model(bias=0.5)
    places = [*SHAPE.of_word("ab"), *SHAPE.of_word("cd"), *SHAPE.of_pairs(map(spelled, ["ab", "cd"]))]
    signed = [value if value < 128 else value - 256 for value in places]

    assert one.margin(["ab", "cd"]) == pytest.approx(sum(signed) * 0.01 / 3**0.5 + 0.5)
    assert one.margin(["ab", "cd"]) == one.margin(["ab", "cd"])


def test_no_words_leave_the_bias() -> None:
    assert model(bias=-0.25).margin([]) == pytest.approx(-0.25, abs=2)
    assert 0 <= model().certainty([]) <= 1


def test_a_table_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="has 255 places and should have 256"):
        Additive(SHAPE, TABLE[1:], unit=1, bias=0, slope=1)


@given(st.text(st.characters(exclude_categories=()), max_size=300))
def test_a_certainty_lies_between_0_and_1_for_any_text(text: str) -> None:
    assert 0 <= model().certainty(words_of(text)) <= 1
