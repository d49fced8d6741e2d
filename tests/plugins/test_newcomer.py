"""The plugin `newcomer`: links and files in a member's first messages."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from relay.core.verdict import Attachment, Rules, Submission
from relay.lexicon import load_tables
from relay.pipeline.pipeline import Pipeline
from relay.plugin import Plugin
from relay.testing.moderation import StillClock, moderate, names, submission

Shipped = Callable[[str], type[Plugin[Any]]]
LINK = "Schaut mal auf www.example.com"


async def seen(plugin: type[Plugin[Any]], message: Submission, **options: object) -> set[str]:
    pipeline = Pipeline([plugin(plugin.options_type.model_validate(options))], Rules(), load_tables(), StillClock())
    return {each.signal.name for each in (await pipeline.judge(message)).signals}


def from_member(text: str, approved: int, *, trusted: bool = False) -> Submission:
    message = submission(text)
    return replace(message, member=replace(message.member, approved=approved, trusted=trusted))


@pytest.mark.parametrize(("approved", "expected"), [(0, {"newcomer.link"}), (2, {"newcomer.link"}), (3, set()), (50, set())])
async def test_a_link_counts_in_the_first_messages_alone(approved: int, expected: set[str], shipped: Shipped) -> None:
    assert await seen(shipped("newcomer"), from_member(LINK, approved)) == expected


async def test_how_many_the_first_are_can_be_set(shipped: Shipped) -> None:
    assert await seen(shipped("newcomer"), from_member(LINK, 3), first=10) == {"newcomer.link"}


async def test_a_trusted_member_is_no_newcomer(shipped: Shipped) -> None:
    assert await seen(shipped("newcomer"), from_member(LINK, 0, trusted=True)) == set()


async def test_a_file_from_a_newcomer_is_seen(shipped: Shipped) -> None:
    message = replace(from_member("Anbei", 0), attachments=(Attachment("a.png", "image/png", 1),))

    assert await seen(shipped("newcomer"), message) == {"newcomer.attachment"}


def test_ones_own_domain_is_fine_from_the_start(shipped: Shipped) -> None:
    assert moderate(shipped("newcomer"), LINK, allow=["example.com"]) == []
    for link in ("example.org", "EXAMPLE.ORG/a", "WWW.EXAMPLE.ORG"):
        assert names(moderate(shipped("newcomer"), link)) == {"newcomer.link"}
    assert names(moderate(shipped("newcomer"), f"{LINK} example.org", allow=["example.com"])) == {"newcomer.link"}


def test_a_text_without_a_link_is_fine(shipped: Shipped) -> None:
    assert moderate(shipped("newcomer"), "Hallo.Win geht auch los.IM Sommer? anna@example.com") == []


def test_the_reason_names_no_link(shipped: Shipped) -> None:
    (signal,) = moderate(shipped("newcomer"), LINK)

    assert signal.reason == "a link in one of the member's first 3 messages"
    assert LINK[signal.start : signal.end] == "www.example.com"
