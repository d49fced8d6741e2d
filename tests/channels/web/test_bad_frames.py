"""Frames that are far from what they should be: refused in few words, whatever their size."""

import json

import pytest

from tests.channels.web.pool import Pool, pool

__all__ = ["pool"]


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "send", "client_id": "c", "text": "x", **{f"{n}{'a' * 20}": 1 for n in range(2000)}},
        {"type": "send", "client_id": "c", "text": "x", "a" * 60_000: 1},
        {"type": "a" * 60_000},
        {"type": "send", "client_id": "c", "text": ["a" * 60_000]},
    ],
    ids=["very many fields", "a very long field", "a very long type", "a very long value"],
)
async def test_what_is_wrong_with_a_frame_is_told_in_few_words(pool: Pool, frame: dict[str, object]) -> None:
    member = await pool.member()
    device = await pool.join(member.token)

    await device.say(**frame)
    refused = await device.hear()

    assert refused["problem"]["status"] == 422
    assert 1 <= len(refused["problem"]["errors"]) <= 20
    assert len(json.dumps(refused)) < 4096
