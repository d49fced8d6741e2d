"""A member's own mark for a message: one rule at every door, and nothing is made of it but what it is."""

import orjson
import pytest
from pydantic import ValidationError

from relay.channels.web import render
from relay.core.errors import Invalid
from relay.web.own_bodies import Reply
from tests.web.conftest import Relay

TAKEN = ["a", " a ", " ", "\t", "a\nb", "ä\U0001f60a", "a" * 64]
REFUSED = ["", "a" * 65, "a\x00", "\x00", "\ud800"]


def over_http(mark: str) -> str | None:
    try:
        return Reply.model_validate({"client_id": mark, "text": "hello"}).client_id
    except ValidationError:
        return None


def over_websocket(mark: str) -> str | None:
    try:
        frame = render.said(orjson.dumps({"type": "send", "client_id": mark, "text": "hello"}))
    except (Invalid, TypeError):  # orjson writes no half of a surrogate pair, and reads none
        return None
    assert isinstance(frame, render.Send)
    return frame.client_id


@pytest.mark.parametrize("mark", TAKEN)
def test_a_mark_is_taken_as_it_is_at_both_doors(mark: str) -> None:
    assert (over_http(mark), over_websocket(mark)) == (mark, mark)


@pytest.mark.parametrize("mark", REFUSED)
def test_a_mark_is_refused_at_both_doors(mark: str) -> None:
    assert (over_http(mark), over_websocket(mark)) == (None, None)


async def test_marks_that_differ_in_a_space_are_two_messages(relay: Relay) -> None:
    await relay.community()
    anna = await relay.member()

    ids = [await relay.reply(anna, "hello", mark) for mark in ("a", " a ", "a")]

    assert ids[0] == ids[2] != ids[1]
