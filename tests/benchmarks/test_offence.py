"""The benchmark of what the model is worth: whatever is measured on has no say in what is chosen."""

from dataclasses import replace

from benchmarks.offence import SHIPPED, choices, judged
from relay.core.additive import words_of
from relay.core.learning import sample

RUDE = ("du blöder hund", "so ein blödes rindvieh", "halt den mund du hund", "ihr blöden rindviecher", "dummer hund du")
KIND = ("guten morgen zusammen", "wann öffnet das bad", "danke für die antwort", "bis morgen im bad", "wann kommt die antwort")
TEXTS = [(text, is_so) for rude, kind in zip(RUDE, KIND, strict=True) for text, is_so in ((rude, True), (kind, False))]
PART = [0, 1, 2, 3]


def test_the_labels_of_a_part_do_not_change_what_is_chosen_for_it() -> None:
    shapes = {choice.shape for choice in choices()}
    samples = {shape: [sample(words_of(text), shape, is_so=is_so) for text, is_so in TEXTS * 2] for shape in shapes}
    otherwise = {
        shape: [replace(each, is_so=each.is_so is (number not in PART)) for number, each in enumerate(all_of_them)]
        for shape, all_of_them in samples.items()
    }

    chosen, seen = judged(samples, PART)
    still_chosen, seen_otherwise = judged(otherwise, PART)

    assert SHIPPED in choices()
    assert still_chosen == chosen
    assert [margin for margin, _ in seen_otherwise] == [margin for margin, _ in seen]
    assert [is_so for _, is_so in seen_otherwise] == [not is_so for _, is_so in seen]
