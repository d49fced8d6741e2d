"""The plugin `campaign`: nearly the same text from several members, held in silence."""

from collections.abc import Callable
from typing import Any

import pytest

from relay.core.verdict import Action, Decision, Rules
from relay.lexicon import load_tables
from relay.pipeline.pipeline import Pipeline
from relay.plugin import Plugin
from relay.testing.moderation import StillClock, submission

Shipped = Callable[[str], type[Plugin[Any]]]
TEXT = "Hallo {}, besucht heute noch unseren neuen Laden am Bahnhof, dort gibt es alles um die Hälfte günstiger als sonst! {}"
OTHERS = (
    "Guten Morgen, ab wann kann ich mein Paket in der Filiale abholen? Es sollte laut Nachricht seit gestern dort liegen.",
    "Ich habe zwei Karten für Samstag gekauft; darf meine Schwester eine davon nutzen, oder gilt sie nur für mich?",
    "Der Kurs am Dienstag ist wieder ausgefallen. Gibt es einen Ersatztermin, oder bekomme ich das Geld zurück?",
    "Your new opening hours do not fit people who work. Could you stay open until eight on Thursdays at least?",
    "Vielen Dank für die schnelle Hilfe gestern am Telefon, jetzt läuft das Gerät wieder so, wie es soll. Schönen Abend!",
)


def pipeline_of(plugin: type[Plugin[Any]], clock: StillClock, **options: object) -> Pipeline:
    return Pipeline([plugin(plugin.options_type.model_validate(options))], Rules(), load_tables(), clock)


async def said(pipeline: Pipeline, texts: list[str]) -> list[Decision]:
    return [await pipeline.judge(submission(text, f"member {n}")) for n, text in enumerate(texts)]


async def test_the_fourth_member_with_the_same_text_is_held_and_not_told(shipped: Shipped) -> None:
    decisions = await said(pipeline_of(shipped("campaign"), StillClock()), [TEXT] * 5)

    assert [decision.action for decision in decisions] == [Action.ALLOW] * 3 + [Action.HOLD] * 2
    assert all(decision.by_itself is Action.ALLOW for decision in decisions)
    assert decisions[-1].silent


@pytest.mark.parametrize(
    "copies",
    [
        [TEXT.format(name, number) for name, number in zip(("Anna", "Bernd", "Cem", "Dora"), range(4), strict=True)],
        [TEXT, TEXT.upper(), TEXT.replace("e", "е"), TEXT.replace(" ", "  ")],
        [TEXT, TEXT.replace("Bahnhof", "Markt"), TEXT.replace("heute noch", "jetzt"), "Achtung: " + TEXT],
        [TEXT, " ".join(TEXT).replace("  ", " "), TEXT.replace("a", "a\u200b"), TEXT + " www.example.com/1"],
    ],
    ids=["names", "letters", "words", "signs"],
)
async def test_small_changes_do_not_hide_a_copy(copies: list[str], shipped: Shipped) -> None:
    decisions = await said(pipeline_of(shipped("campaign"), StillClock()), copies)

    assert decisions[-1].action is Action.HOLD


async def test_different_texts_are_none(shipped: Shipped) -> None:
    decisions = await said(pipeline_of(shipped("campaign"), StillClock(), members=2), list(OTHERS))

    assert [decision.action for decision in decisions] == [Action.ALLOW] * len(OTHERS)


async def test_many_may_write_the_same_short_answer(shipped: Shipped) -> None:
    decisions = await said(pipeline_of(shipped("campaign"), StillClock(), members=2), ["Ja, ich bin gerne dabei, danke!"] * 9)

    assert all(decision.action is Action.ALLOW for decision in decisions)


async def test_one_member_alone_is_no_campaign(shipped: Shipped) -> None:
    pipeline = pipeline_of(shipped("campaign"), StillClock(), members=2)

    decisions = [await pipeline.judge(submission(TEXT, "one")) for _ in range(9)]

    assert all(decision.action is Action.ALLOW for decision in decisions)


async def test_one_member_cannot_push_out_what_others_wrote(shipped: Shipped) -> None:
    pipeline = pipeline_of(shipped("campaign"), StillClock(), members=2)
    await pipeline.judge(submission(TEXT, "one"))
    for n in range(400):
        await pipeline.judge(submission(f"{OTHERS[n % 5]} {'abcdefghij'[n % 10] * 30}", "busy"))

    assert (await pipeline.judge(submission(TEXT, "other"))).action is Action.HOLD


async def test_it_is_forgotten_with_time(shipped: Shipped) -> None:
    clock = StillClock()
    pipeline = pipeline_of(shipped("campaign"), clock)
    await said(pipeline, [TEXT] * 3)

    clock.advance(601)

    assert (await pipeline.judge(submission(TEXT, "late"))).action is Action.ALLOW


async def test_the_reason_names_nobody(shipped: Shipped) -> None:
    decision = (await said(pipeline_of(shipped("campaign"), StillClock()), [TEXT] * 4))[-1]

    assert decision.signals[0].signal.reason == "nearly the same text from 4 members within 600 s"
    assert decision.signals[0].told == {}
