"""`relay moderation calibrate` and `train-offence`: without a relay, on files of one's own."""

import json
import tomllib
from pathlib import Path

import pytest

from tests.cli.conftest import CommandLine

CLEAN = [
    "Guten Morgen, wann öffnet das Freibad?",
    "Danke für die schnelle Antwort!",
    "Bis morgen im Bad, ich freue mich.",
]
RUDE = ["Ihr seid doch alle dumm und verlogen, ihr widerlichen Idioten!", "Halt die Fresse, du dummes Stück Dreck"]


def lines(*groups: tuple[list[str], str | None]) -> str:
    rows = [{"text": text, **({"label": label} if label else {})} for texts, label in groups for text in texts]
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_labelled_messages_give_a_curve_and_a_table_for_the_configuration(relay: CommandLine) -> None:
    result = relay("moderation", "calibrate", said=lines((CLEAN, "delivered"), (RUDE, "rejected")))

    assert result.code == 0, result.err
    curve, _, table = result.out.partition("[plugins.offence]\n")
    assert "# German: 5 messages, 5 with a label, 2 of them offence" in curve
    assert "it takes 500 clean messages" in curve
    assert "\n# 0.5 " in curve
    assert table.startswith("threshold_de = 0.")


def test_the_table_can_be_used_as_it_is(relay: CommandLine) -> None:
    result = relay("moderation", "calibrate", said=lines((CLEAN, "other"), (RUDE, "offence")))
    (relay.folder / "relay.toml").write_text(result.out, "utf-8")

    assert set(tomllib.loads(result.out)["plugins"]["offence"]) == {"threshold_de"}
    assert "finds 100.0% of the offence" in result.out
    assert relay("check", "--config", "relay.toml").code == 0


def test_without_labels_every_mark_counts_as_a_false_alarm(relay: CommandLine) -> None:
    result = relay("moderation", "calibrate", "--false-alarms", "0.4", said=lines((CLEAN + RUDE, None)))

    assert "# German: 5 messages, without labels" in result.out
    assert "each mark counts as a false alarm" in result.out
    assert "# marks 40.0% of the clean messages\n" in result.out


def test_it_is_given_as_json_too(relay: CommandLine) -> None:
    messages = lines((CLEAN, "delivered"), (RUDE, "rejected"), (["Thank you for the answer!"], None))
    (relay.folder / "messages.jsonl").write_text(messages, "utf-8")

    german, english = relay.json("moderation", "calibrate", "messages.jsonl").things

    assert (german["language"], german["messages"], german["labelled"], german["offence"]) == ("de", 5, 5, 2)
    assert (english["language"], english["messages"], english["labelled"]) == ("en", 1, 0)
    assert german["curve"][0]["recall"] == 1.0
    assert english["curve"][0]["recall"] is None
    assert german["proposal"]["false_alarms"] <= 0.01
    assert german["is_enough"] is False


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("", "no message"),
        ("\n\n", "no message"),
        ('{"text": "   "}\n', "no message"),
        ('{"text": "fine"}\nnot json\n', "line 2"),
        ('{"label": "other"}\n', "line 1: text"),
        (
            '{"text": "fine", "label": "perhaps"}\n',
            "line 1: label: 'perhaps' is unknown; there are: offence, rejected, other",
        ),
    ],
)
def test_what_cannot_be_used_is_said_with_its_line(said: str, why: str, relay: CommandLine) -> None:
    result = relay("moderation", "calibrate", said=said)

    assert result.code == 2
    assert why in result.err


def test_a_share_that_is_none_is_refused(relay: CommandLine) -> None:
    assert relay("moderation", "calibrate", "--false-alarms", "1.5", said=lines((CLEAN, None))).code == 2


@pytest.fixture
def data(relay: CommandLine) -> Path:
    folder = relay.folder / "texts"
    folder.mkdir()
    rude = {"de": "du blöder hund {}", "en": "you silly dog {}"}
    kind = {"de": "guten morgen {} zusammen", "en": "good morning {} everybody"}
    for language in ("de", "en"):
        rows = [{"text": rude[language].format(n), "label": "offence"} for n in range(8)]
        rows += [{"text": kind[language].format(n), "label": "other"} for n in range(8)]
        (folder / f"offence-{language}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return folder


def test_training_twice_gives_the_same_file_and_says_what_it_is_worth(data: Path, relay: CommandLine) -> None:
    first = relay.json("moderation", "train-offence", str(data), "one.weights", "--folds", "2")
    relay.json("moderation", "train-offence", str(data), "two.weights", "--folds", "2")

    assert (relay.folder / "one.weights").read_bytes() == (relay.folder / "two.weights").read_bytes()
    assert [(each["model"], each["texts"]) for each in first.things] == [("de", 16), ("en", 16), ("language", 32)]
    assert all(each["macro_f1"] == 1.0 for each in first.things)
    assert b"not known to this relay" in (relay.folder / "one.weights").read_bytes()


def test_a_folder_without_the_files_is_said(relay: CommandLine) -> None:
    (relay.folder / "empty").mkdir()

    result = relay("moderation", "train-offence", "empty", "x.weights")

    assert result.code == 2
    assert "offence-de.jsonl: No such file or directory" in result.err
    assert not (relay.folder / "x.weights").exists()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("not json\n", "line 1"),
        ('{"text": "a", "label": "perhaps"}\n', 'line 1: a JSON object with a "text" and the "label"'),
        ('{"text": "a", "label": "other"}\n', "texts of both labels"),
        ('{"text": "a", "label": "other"}\n{"text": "b", "label": "offence"}\n', "give more of both labels, or fewer --folds"),
    ],
)
def test_texts_that_teach_nothing_are_said_with_file_and_line(content: str, why: str, data: Path, relay: CommandLine) -> None:
    (data / "offence-de.jsonl").write_text(content, "utf-8")

    result = relay("moderation", "train-offence", str(data), "x.weights")

    assert result.code == 2
    assert why in result.err
