"""The plugin `remote`: what it tells a service, how it signs that, and what it makes of the answer."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from relay.core.asking import Reply, Unreachable
from relay.core.text import Tables
from relay.core.verdict import Action, Rules
from relay.core.webhook import Signer
from relay.pipeline.pipeline import Pipeline, Places
from relay.plugin import Plugin, Signal
from relay.ports import Outbound
from relay.testing.moderation import NOON, StillClock, moderate, submission
from relay.testing.services import Canned

Shipped = Callable[[str], type[Plugin[Any]]]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
GIVEN = {"url": "https://ask.example/check", "secret": SECRET}


def pipeline_of(shipped: Shipped, http: Outbound, **options: object) -> Pipeline:
    remote = shipped("remote")
    built = remote(remote.options_type.model_validate({**GIVEN, **options}))
    return Pipeline([built], Rules(), Tables(), StillClock(), Places(outbound=http))


def test_what_the_service_saw_becomes_signals(shipped: Shipped) -> None:
    http = Canned({"signals": [{"name": "spam", "factor": 0.5, "reason": "a known campaign"}, {"name": "other"}]})

    given = moderate(shipped("remote"), "Kauft jetzt!", http=http, **GIVEN)

    assert given == [Signal("remote.spam", 0.5, "a known campaign"), Signal("remote.other")]


def test_the_question_is_signed_and_holds_the_text_and_the_language_alone(shipped: Shipped) -> None:
    http = Canned({"signals": []})

    moderate(shipped("remote"), "Grüß dich \ud800", http=http, **GIVEN)

    (asked,) = http.asked
    headers = dict(asked.headers)
    assert json.loads(asked.body) == {"text": "Grüß dich ?", "language": None}
    assert datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC) == NOON
    signature = Signer(SECRET).signature(headers["webhook-id"], headers["webhook-timestamp"], asked.body)
    assert headers["webhook-signature"] == signature


async def test_a_member_is_a_pseudonym_and_only_when_it_is_asked_for(shipped: Shipped) -> None:
    http = Canned({"signals": []})
    pipeline = pipeline_of(shipped, http, send=["channel", "member"])

    for member in ("ada", "ada", "eve"):
        await pipeline.judge(submission("Hallo", member))

    told = [json.loads(asked.body) for asked in http.asked]
    assert [sorted(each) for each in told] == [["channel", "member", "text"]] * 3
    assert told[0]["member"] == told[1]["member"] != told[2]["member"]
    assert "ada" not in str(http.asked)


@pytest.mark.parametrize(
    "answer",
    [
        Reply(200, b"<html>"),
        Reply(200, b"[" * 50_000),
        Reply(204, b""),
        Reply(500, b'{"signals": []}'),
        {},
        {"signals": None},
        {"signals": [{"name": "unheard"}]},
        {"signals": [{"name": "spam", "factor": 2}]},
        {"signals": [{"name": "spam", "factor": "NaN"}]},
        {"signals": [{"name": "spam"}] * 11},
        Unreachable(),
    ],
    ids=repr,
)
async def test_without_a_good_answer_a_person_decides(answer: object, shipped: Shipped) -> None:
    decision = await pipeline_of(shipped, Canned(answer)).judge(submission("Hallo"))

    assert decision.action is Action.HOLD
    assert decision.signals == ()
    assert SECRET not in repr(decision)


async def test_a_service_may_hold_and_never_reject(shipped: Shipped) -> None:
    http = Canned({"signals": [{"name": "spam"}, {"name": "abuse"}]})

    decision = await pipeline_of(shipped, http).judge(submission("Hallo"))

    assert (decision.action, decision.by_itself, decision.score) == (Action.HOLD, Action.ALLOW, 10.0)


async def test_a_long_reason_of_a_service_is_cut_to_a_line(shipped: Shipped) -> None:
    http = Canned({"signals": [{"name": "other", "reason": "so\n" * 1000}]})

    decision = await pipeline_of(shipped, http).judge(submission("Hallo"))

    reason = decision.signals[0].signal.reason
    assert len(reason) == 300
    assert reason.isprintable()


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "ask.example"},
        {"url": "https://127.1/"},
        {"secret": "hush-hush-hush-hush-hush-hush-hush"},
        {"secret": "whsec_c2hvcnQ="},
        {"send": ["name"]},
        {"timeout_s": 10},
    ],
    ids=str,
)
def test_options_that_make_no_sense_are_refused_without_being_quoted(wrong: dict[str, object], shipped: Shipped) -> None:
    with pytest.raises(ValidationError) as refused:
        shipped("remote").options_type.model_validate({**GIVEN, **wrong})

    assert "hush" not in str(refused.value.errors(include_input=False, include_url=False, include_context=False))


def test_a_secret_is_never_written(shipped: Shipped) -> None:
    options = shipped("remote").options_type.model_validate(GIVEN)

    assert SECRET not in f"{options!r}{options.model_dump_json()}"
