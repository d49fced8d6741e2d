"""The plugin `offence`: its weights say where they are from, its signal grows with certainty, and a broken file is refused."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from relay.core.text import fold
from relay.core.verdict import Action, Rules
from relay.core.weights import Weights
from relay.lexicon import load_tables
from relay.loader import PluginError, load
from relay.pipeline.pipeline import Pipeline
from relay.plugin import Plugin
from relay.testing.moderation import StillClock, moderate, submission

Shipped = Callable[[str], type[Plugin[Any]]]
FOLDER = Path(__file__).parent.parent.parent / "plugins"
FILE = FOLDER / "offence.weights"
WEIGHTS = Weights.read(FILE.read_bytes(), FILE.name)
MILD = "Sie Idiot, lernen Sie lesen!"
RUDE = "Ihr seid doch alle dumm und verlogen, ihr widerlichen Idioten!"


def certainty(text: str) -> float:
    judged = WEIGHTS.judge(fold(text, load_tables()))
    assert judged is not None
    return judged.certainty


def test_the_shipped_weights_say_what_they_were_learned_from_and_how() -> None:
    about = WEIGHTS.about

    assert about["made_by"].startswith("relay moderation train-offence ")
    assert [each["file"] for each in about["data"]] == ["offence-de.jsonl", "offence-en.jsonl"]
    assert ["CC BY 4.0" in about["data"][0]["licence"], "MIT" in about["data"][1]["licence"]] == [True, True]
    assert all("not known" not in each["from"] for each in about["data"])


def test_the_shipped_weights_are_small_and_worth_what_is_promised() -> None:
    seen = {each["model"]: each for each in WEIGHTS.about["cross_validation"]}

    assert FILE.stat().st_size < 1 << 20
    assert seen["de"]["macro_f1"] >= 0.74
    assert seen["en"]["macro_f1"] >= 0.88
    assert seen["language"]["macro_f1"] >= 0.98


def test_the_default_thresholds_are_those_of_one_false_alarm_in_a_hundred(shipped: Shipped) -> None:
    options = shipped("offence").options_type().model_dump()
    seen = {each["model"]: each["certainty_at_one"] for each in WEIGHTS.about["cross_validation"]}

    assert options["threshold_de"] == pytest.approx(seen["de"], abs=0.005)
    assert options["threshold_en"] == pytest.approx(seen["en"], abs=0.005)


def test_the_signal_grows_from_the_balanced_point_and_is_half_at_the_threshold(shipped: Shipped) -> None:
    certain = certainty(MILD)

    def factor(threshold: float) -> float:
        (signal,) = moderate(shipped("offence"), MILD, threshold_de=threshold)
        return signal.factor

    assert 0.55 < certain < 0.95
    assert factor(certain) == pytest.approx(0.5)
    assert 0 < factor(certain + 0.04) < 0.5 < factor(certain - 0.04) < 1


def test_what_lies_below_the_balanced_point_gives_nothing(shipped: Shipped) -> None:
    text = "Guten Morgen, wann öffnet das Freibad am Samstag?"

    assert certainty(text) < 0.5
    assert moderate(shipped("offence"), text) == []


def test_a_language_that_is_left_out_is_not_looked_at(shipped: Shipped) -> None:
    assert moderate(shipped("offence"), RUDE, languages=["en"]) == []
    assert moderate(shipped("offence"), RUDE, languages=["de"]) != []


@pytest.mark.parametrize("text", ["", " \n", "😀", "!!!", "\ud800", "a" * 10_000, "@a @b https://example.com"])
def test_no_text_is_too_strange(text: str, shipped: Shipped) -> None:
    assert len(moderate(shipped("offence"), text)) <= 1


async def test_it_never_rejects_alone(shipped: Shipped) -> None:
    plugin = shipped("offence")
    options = plugin.options_type(threshold_de=0.501, threshold_en=0.501)
    pipeline = Pipeline([plugin(options)], Rules(flag=0.1, hold=0.2, reject=0.3), load_tables(), StillClock())

    decision = await pipeline.judge(submission(RUDE))

    assert decision.action is Action.HOLD


async def test_what_the_list_sees_as_well_holds_and_does_not_reject(shipped: Shipped) -> None:
    plugins = [plugin(plugin.options_type()) for plugin in map(shipped, ("words", "offence", "capitals"))]
    pipeline = Pipeline(plugins, Rules(), load_tables(), StillClock())
    text = "Ihr Idioten seid doch alle verlogene Arschlöcher, ihr dummen, widerlichen Schweine!"

    said, shouted = await pipeline.judge(submission(text)), await pipeline.judge(submission(text.upper()))

    assert {seen.plugin for seen in said.signals} == {"words", "offence"}
    assert (said.action, said.score >= said.thresholds["reject"]) == (Action.HOLD, True)
    assert shouted.action is Action.REJECT


def test_a_reason_does_not_quote_the_message(shipped: Shipped) -> None:
    (signal,) = moderate(shipped("offence"), RUDE)

    assert signal.reason.startswith("a model finds it offensive, certainty ")
    assert not {word for word in RUDE.lower().split() if len(word) > 5} & set(signal.reason.lower().split())


@pytest.mark.parametrize(("length", "why"), [(-5, "is damaged"), (0, "is no file of weights")])
def test_a_broken_file_is_refused_by_name(length: int, why: str, tmp_path: Path) -> None:
    shutil.copy(FOLDER / "offence.py", tmp_path)
    (tmp_path / FILE.name).write_bytes(FILE.read_bytes()[:length])

    with pytest.raises(PluginError, match=why) as raised:
        load([tmp_path], {"offence": {}})

    assert str(tmp_path / FILE.name) in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    shutil.copy(FOLDER / "offence.py", tmp_path)

    with pytest.raises(PluginError, match=r"offence\.weights"):
        load([tmp_path], {"offence": {}})
