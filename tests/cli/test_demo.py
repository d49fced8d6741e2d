"""`relay demo` on real relays, what it counts as a difference, and what its members say."""

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

import pytest

from relay.cli.demo import texts
from relay.cli.demo.crowd import Person
from relay.cli.demo.outcome import Outcome, pace
from relay.cli.demo.reckon import Deeds, Ledger, differences
from relay.core.delivery import STATE_WORDS
from tests.cli.conftest import CommandLine

POST = "post-1"


def test_a_demo_on_its_own_relay_loses_nothing(relay: CommandLine, tmp_path: Path) -> None:
    result = relay("demo", "--members", "30", "--replies", "60", "--json")

    assert result.code == 0, result.err
    outcome = result.thing
    assert outcome["nothing_lost"]
    assert outcome["counts"]["delivered"] == 30
    assert outcome["accepted"]["count"] == outcome["seen"]["count"] == 60
    assert outcome["threads"] == 30
    assert outcome["answers"]["count"] == 20
    assert not (tmp_path / "data").exists()


def test_a_demo_takes_texts_and_shows_plain_lines_in_a_pipe(relay: CommandLine, tmp_path: Path) -> None:
    lines = ["Ihr Idioten, ihr Vollidioten!", '{"id": 1, "text": "Wann öffnet ihr?"}']
    (tmp_path / "texts.jsonl").write_text("\n".join(lines), "utf-8")

    result = relay("demo", "--members", "3", "--replies", "4", "--texts", "texts.jsonl")

    assert result.code == 0, result.err
    assert "staff decided\t1 delivered, 1 rejected with a reason" in result.out.splitlines()
    assert "nothing lost\tyes, counted at both ends" in result.out.splitlines()
    assert "\x1b" not in result.out + result.err


def test_a_demo_can_use_a_running_relay(owner: CommandLine) -> None:
    url = owner.environ["RELAY_URL"]

    asked = owner("demo", "--url", url, "--members", "2", "--replies", "2")
    played = owner("demo", "--url", url, "--members", "2", "--replies", "2", "--yes", "--json")

    assert (asked.code, "--yes" in asked.err) == (2, True)
    assert played.thing["nothing_lost"]


def test_a_demo_can_leave_its_data(relay: CommandLine) -> None:
    result = relay("demo", "--members", "1", "--replies", "0", "--keep", "--json")

    folder = Path(result.err.partition("--data ")[2].partition("\n")[0])
    assert (folder / "relay.db").exists()


def test_a_demo_needs_a_relay_that_is_there(relay: CommandLine) -> None:
    result = relay("demo", "--url", "http://127.0.0.1:9", "--yes", RELAY_TOKEN="x")

    assert result.code == 69
    assert "Traceback" not in result.err


def test_a_demo_needs_a_token_that_is_good(owner: CommandLine) -> None:
    result = owner("demo", "--url", owner.environ["RELAY_URL"], "--yes", RELAY_TOKEN="wrong-wrong-wrong-wrong-wrong")

    assert result.code == 1
    assert "Traceback" not in result.err


def test_texts_that_hold_nothing_are_refused(relay: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("\n\n", "utf-8")

    assert relay("demo", "--texts", "texts.txt").code == 2


# -------------------------------------------------------------------------------------------------------- the reckoning


def item(seq: int, kind: str, role: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  frames hold anything
    return {"seq": seq, "kind": kind, "from": {"role": role}, "in_reply_to": None, "text": "", **more}


@pytest.fixture
def town() -> tuple[list[Person], Ledger, Deeds]:
    """Ada asked and was answered, Bob was rude and is rejected, Cem was silent."""
    post = [item(1, "post", "company", id=POST)]
    ada, bob, cem = (Person(name, "token", items=deepcopy(post)) for name in ("ada", "bob", "cem"))
    ada.items += [item(2, "message", "self", id="a1", text="?"), item(3, "message", "staff", id="s1", text="!")]
    bob.items += [item(2, "message", "self", id="b1", text="#"), item(3, "notice", "relay", id="n1", in_reply_to="b1")]
    ada.said, ada.accepted = {"1": "?"}, {"1": "a1"}
    bob.said, bob.accepted = {"1": "#"}, {"1": "b1"}
    counts = {**dict.fromkeys(STATE_WORDS, 0), "delivered": 3}
    threads = {"t1": {"member": {"id": "ada"}}, "t2": {"member": {"id": "bob"}}}
    messages = {
        "t1": [{"id": "a1", "role": "member", "text": "?"}, {"id": "s1", "role": "staff", "text": "!"}],
        "t2": [{"id": "b1", "role": "member", "text": "#"}],
    }
    ledger = Ledger({"id": POST, "audience": 3, "counts": counts}, threads, messages)
    return [ada, bob, cem], ledger, Deeds({"ada": ["!"]}, {"bob": ["b1"]}, Counter(["a1", "b1"]))


def test_two_ends_that_agree_have_no_difference(town: tuple[list[Person], Ledger, Deeds]) -> None:
    assert differences(*town) == []


def lose_a_post(people: list[Person], _: Ledger, __: Deeds) -> None:
    people[2].items.clear()


def double_a_post(people: list[Person], _: Ledger, __: Deeds) -> None:
    people[2].items.append(item(2, "post", "company", id=POST))


def post_elsewhere(people: list[Person], _: Ledger, __: Deeds) -> None:
    people[2].items.append(item(2, "post", "company", id="post-2"))


def miscount(_: list[Person], ledger: Ledger, __: Deeds) -> None:
    ledger.post["counts"]["failed"] = 1


def forget_somebody(_: list[Person], ledger: Ledger, __: Deeds) -> None:
    ledger.post["audience"] = 2


def skip_a_seq(people: list[Person], _: Ledger, __: Deeds) -> None:
    people[0].items[-1]["seq"] = 4


def lose_a_reply(_: list[Person], ledger: Ledger, __: Deeds) -> None:
    ledger.messages["t1"].pop(0)  # type: ignore[attr-defined]


def store_a_reply_twice(_: list[Person], ledger: Ledger, __: Deeds) -> None:
    ledger.messages["t1"].append({"id": "a1", "role": "member", "text": "?"})  # type: ignore[attr-defined]


def change_a_reply(_: list[Person], ledger: Ledger, __: Deeds) -> None:
    ledger.messages["t1"][0]["text"] = "??"


def misplace_a_reply(_: list[Person], ledger: Ledger, __: Deeds) -> None:
    ledger.messages["t1"].append(ledger.messages["t2"].pop())  # type: ignore[attr-defined]


def show_nothing_to_staff(_: list[Person], __: Ledger, deeds: Deeds) -> None:
    deeds.seen.clear()


def show_it_twice_to_staff(_: list[Person], __: Ledger, deeds: Deeds) -> None:
    deeds.seen["a1"] = 2


def lose_an_answer(people: list[Person], _: Ledger, __: Deeds) -> None:
    people[0].items.pop()


def answer_somebody_else(people: list[Person], _: Ledger, __: Deeds) -> None:
    people[2].items.append(item(2, "message", "staff", id="s1", text="!"))


def show_a_reply_to_another(people: list[Person], _: Ledger, __: Deeds) -> None:
    people[2].items.append(item(2, "message", "self", id="a1", text="?"))


def tell_the_wrong_one(people: list[Person], _: Ledger, __: Deeds) -> None:
    people[2].items.append(item(2, "notice", "relay", id="n1", in_reply_to="b1"))


def tell_nobody(people: list[Person], _: Ledger, __: Deeds) -> None:
    people[1].items.pop()


FAULTS: list[Callable[[list[Person], Ledger, Deeds], None]] = [
    lose_a_post,
    double_a_post,
    post_elsewhere,
    miscount,
    forget_somebody,
    skip_a_seq,
    lose_a_reply,
    store_a_reply_twice,
    change_a_reply,
    misplace_a_reply,
    show_nothing_to_staff,
    show_it_twice_to_staff,
    lose_an_answer,
    answer_somebody_else,
    show_a_reply_to_another,
    tell_the_wrong_one,
    tell_nobody,
]


@pytest.mark.parametrize("plant", FAULTS, ids=lambda plant: plant.__name__)
def test_a_difference_is_found(
    plant: Callable[[list[Person], Ledger, Deeds], None], town: tuple[list[Person], Ledger, Deeds]
) -> None:
    plant(*town)

    assert differences(*town) != []


# ------------------------------------------------------------------------------------------------------- texts, figures


def test_our_own_texts_are_many_mostly_kind_and_the_same_for_a_seed() -> None:
    kind, rude = texts.lines()

    said = texts.own(300, Random(1))

    assert len(kind) + len(rude) >= 60
    assert len(kind) > len(rude) > 0
    assert said == texts.own(300, Random(1))
    assert len(set(said)) > 290
    assert not any(set(text) & set("{|}") for text in said)


def test_texts_of_a_file_may_be_json_or_plain_and_begin_again(tmp_path: Path) -> None:
    path = tmp_path / "texts"
    path.write_text('{"text": "one", "label": "x"}\ntwo\n\n{not json\n' + "x" * 5000, "utf-8")

    assert texts.of_file(path, 5) == ["one", "two", "{not json", "x" * 4096, "one"]


def test_a_pace_is_made_of_beginnings_and_ends() -> None:
    measured = pace([(0.0, 0.1), (0.0, 0.2), (0.1, 0.5)])

    assert (measured.count, measured.seconds, measured.per_second) == (3, 0.5, 6.0)
    assert (measured.p50_ms, measured.p99_ms) == (200.0, 400.0)


def test_nothing_at_all_has_a_pace_too() -> None:
    assert Outcome(0, accepted=pace([])).as_json()["accepted"]["per_second"] == 0.0
