"""The plugin `attachments`: what the relay found out about files, against what is taken."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from relay.core.text import Tables
from relay.core.verdict import Action, Attachment, Decision, Rules
from relay.loader import PluginError, load
from relay.pipeline.pipeline import Pipeline
from relay.plugin import Plugin
from relay.testing.moderation import StillClock, submission

Shipped = Callable[[str], type[Plugin[Any]]]
SHIPPED = Path(__file__).parent.parent.parent / "plugins"
DIGEST = "ab" * 32
PHOTO = Attachment("IMG_1.jpg", "image/jpeg", 1_000_000, DIGEST)


async def judged(plugin: type[Plugin[Any]], *files: Attachment, **options: object) -> Decision:
    built = plugin(plugin.options_type.model_validate(options))
    message = replace(submission("Anbei."), attachments=files)
    return await Pipeline([built], Rules(), Tables(), StillClock()).judge(message)


def seen(decision: Decision) -> set[str]:
    return {each.signal.name for each in decision.signals}


@pytest.mark.parametrize(
    "file",
    [
        PHOTO,
        Attachment("Rechnung März.PDF", "application/pdf", 5),
        Attachment("ohne Endung", "image/png", 5),
        Attachment("Memo.ogg", "audio/ogg", 5),
        Attachment("foto.jpg", "image/heic", 5),
        Attachment("", "text/plain", 0),
    ],
)
async def test_what_people_send_is_fine(file: Attachment, shipped: Shipped) -> None:
    assert seen(await judged(shipped("attachments"), file)) == set()


@pytest.mark.parametrize(
    ("file", "signal"),
    [
        (Attachment("a.zip", "application/zip", 5), "attachments.type"),
        (Attachment("a", "", 5), "attachments.type"),
        (Attachment("seite.html", "text/html", 5), "attachments.type"),
        (Attachment("Rechnung.pdf.exe", "application/pdf", 5), "attachments.name"),
        (Attachment("foto.scr. ", "image/png", 5), "attachments.name"),
        (Attachment("\u202egnp.exe.png", "image/png", 5), "attachments.name"),
        (Attachment("foto.png", "text/plain", 5), "attachments.name"),
        (replace(PHOTO, size=11 * 1024 * 1024), "attachments.size"),
    ],
)
async def test_what_is_wrong_with_a_file_is_named(file: Attachment, signal: str, shipped: Shipped) -> None:
    assert seen(await judged(shipped("attachments"), PHOTO, file)) == {signal}


async def test_a_file_on_the_list_is_rejected(shipped: Shipped) -> None:
    decision = await judged(shipped("attachments"), PHOTO, refuse=[DIGEST.upper()])

    assert (decision.action, seen(decision)) == (Action.REJECT, {"attachments.known"})


async def test_too_many_files_are_seen(shipped: Shipped) -> None:
    assert seen(await judged(shipped("attachments"), *[PHOTO] * 6)) == {"attachments.many"}


async def test_what_is_taken_can_be_set(shipped: Shipped) -> None:
    assert seen(await judged(shipped("attachments"), PHOTO, allow=["image/*"])) == set()
    assert seen(await judged(shipped("attachments"), PHOTO, allow=["text/plain"])) == {"attachments.type"}


async def test_a_reason_names_no_file(shipped: Shipped) -> None:
    decision = await judged(shipped("attachments"), Attachment("geheim.zip", "ge heim/zip\n", 5))

    assert decision.signals[0].signal.reason == "a file of the type unknown"
    assert not any("geheim" in each.signal.reason for each in decision.signals)


@pytest.mark.parametrize(("key", "entry"), [("refuse", "abc"), ("refuse", "z" * 64), ("allow", "jpeg"), ("allow", "*/*")])
def test_what_is_no_digest_and_no_type_is_refused(key: str, entry: str) -> None:
    with pytest.raises(PluginError, match=rf"plugins\.attachments: {key}: .*should be a"):
        load([SHIPPED], {"attachments": {key: [entry]}})
