"""Nearly the same texts stand together, and no others."""

from hypothesis import given
from hypothesis import strategies as st

from relay.core.alike import clusters

CALL = "Come to the lake at ten tomorrow, they close our pool and nobody asked anybody of us"


def test_a_changed_number_name_or_sign_does_not_hide_a_copy() -> None:
    texts = [CALL, CALL.replace("ten", "11"), f"{CALL.upper()}!!!", CALL.replace("anybody", "a soul"), "Is the sauna open?"]

    assert clusters(texts) == ((0, 1, 2, 3),)


def test_of_short_texts_only_the_same_stand_together() -> None:
    assert clusters(["You fool", "You idiot", "you  fool!", "Fools, you", "😡", "👍", "😡"]) == ((0, 2), (4, 6))


def test_clusters_come_in_the_order_of_their_first() -> None:
    assert clusters(["b", CALL, "a", "b", "a", f"{CALL}."]) == ((0, 3), (1, 5), (2, 4))


def test_one_text_after_another_that_changes_a_little_is_no_chain() -> None:
    words = [f"{chr(97 + place % 26)}{chr(97 + place % 7)}word{chr(97 + place % 11)}" for place in range(60)]
    texts = [" ".join(words[start : start + 20]) for start in range(0, 40, 4)]

    assert all(cluster[-1] - cluster[0] < 3 for cluster in clusters(texts))


@given(st.lists(st.text(max_size=80), max_size=20))
def test_whatever_is_written_stands_in_one_cluster_at_most(texts: list[str]) -> None:
    places = [place for cluster in clusters(texts) for place in cluster]

    assert len(places) == len(set(places))
    assert all(any(texts.index(text) in cluster for cluster in clusters(texts)) for text in texts if texts.count(text) > 1)
