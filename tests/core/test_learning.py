"""Learning: classes are told apart, twice is the same, and figures are those of texts that were held out."""

import random

import pytest

from relay.core.additive import Shape, words_of
from relay.core.learning import figures, folds_of, learn, macro_f1, sample, slope_of, unseen

SHAPE = Shape(shortest=3, longest=4, bits=12)
RUDE = ["du blöder hund", "so ein blödes rindvieh", "halt den mund du hund", "ihr blöden rindviecher", "dummer hund du"]
KIND = ["guten morgen zusammen", "wann öffnet das bad", "danke für die antwort", "bis morgen im bad", "wann kommt die antwort"]
SAMPLES = [sample(words_of(text), SHAPE, is_so=is_so) for texts, is_so in ((RUDE, True), (KIND, False)) for text in texts]


def test_a_model_tells_the_classes_of_its_own_texts_apart() -> None:
    model = learn(SAMPLES, SHAPE)

    assert all(model.margin(words_of(text)) > 0 for text in RUDE)
    assert all(model.margin(words_of(text)) < 0 for text in KIND)
    assert model.margin(words_of("ihr blöden hunde")) > 0


def test_learning_twice_gives_the_same_model() -> None:
    one, other = learn(SAMPLES, SHAPE), learn(SAMPLES, SHAPE)

    assert (one.table, one.unit, one.bias) == (other.table, other.unit, other.bias)


def test_a_feature_of_one_text_alone_weighs_nothing() -> None:
    model = learn([*SAMPLES, sample(["xyzzy"], SHAPE, is_so=True)], SHAPE)

    assert model.table[SHAPE.of_word("xyzzy")[0]] == 0


def test_one_class_alone_teaches_nothing() -> None:
    with pytest.raises(ValueError, match="both classes"):
        learn(SAMPLES[:5], SHAPE)


def test_folds_hold_each_text_once() -> None:
    folds = folds_of(11, 3, random.Random(0))

    assert sorted(number for fold in folds for number in fold) == list(range(11))
    assert {len(fold) for fold in folds} == {3, 4}


def test_each_text_is_judged_by_a_model_that_has_not_seen_it() -> None:
    samples = [*SAMPLES, sample(["hund"], SHAPE, is_so=True), sample(["hund"], SHAPE, is_so=False)]
    folds = [[0, 5], [10, 11], [number for number in range(10) if number not in {0, 5}]]

    judged = list(unseen(samples, SHAPE, folds))

    assert [len(fold) for fold in judged] == [2, 2, 8]
    without = learn(SAMPLES, SHAPE)
    assert [margin for margin, _ in judged[1]] == pytest.approx([without.margin(["hund"])] * 2, abs=0.2)


def test_figures_count_what_the_balanced_point_gets_right() -> None:
    pairs = [(1.0, True), (2.0, True), (-1.0, True), (-1.0, False), (-2.0, False), (-3.0, False), (0.5, False), (-2.5, False)]

    seen = figures([pairs[:4], pairs[4:]])

    assert seen.texts == 8
    assert seen.macro_f1 == pytest.approx((4 / 6 + 8 / 10) / 2)
    assert seen.recall == pytest.approx(2 / 3)
    assert seen.false_alarms == pytest.approx(1 / 5)
    assert seen.recall_at_one == pytest.approx(2 / 3)  # two lie above the highest of the other class
    assert 0.5 < seen.certainty_at_one < 1
    assert len(seen.by_fold) == 2


def test_nothing_right_is_a_figure_of_nothing() -> None:
    assert macro_f1([(1.0, False), (-1.0, True)]) == 0


def test_a_surer_model_has_a_steeper_slope() -> None:
    unsure = [(0.1, True), (-0.1, True), (0.1, False), (-0.1, False), (0.2, True), (-0.2, False)]

    assert slope_of([(margin * 2, is_so) for margin, is_so in unsure]) == pytest.approx(slope_of(unsure) / 2)
    assert slope_of([(1.0, True), (-1.0, False)]) <= 100
