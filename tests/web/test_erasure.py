"""Erasure and the export of a community over HTTP: what staff are told of somebody who is gone, and what is written down."""

import pytest

from relay.core.export import ExportKind
from tests.web.conftest import Person, Relay


@pytest.fixture
async def anna(relay: Relay) -> Person:
    await relay.community()
    return await relay.member()


async def test_an_erasure_is_known_once_they_are_gone(relay: Relay, anna: Person) -> None:
    path = f"/v1/members/{anna.id}/erasure"
    before = await relay.owner("GET", path)
    await relay.owner("DELETE", f"/v1/members/{anna.id}")

    after = await relay.owner("GET", path)

    assert before.status == 404
    assert after.body["member"] == anna.id
    assert after.body["confirmed_at"] is None


async def test_an_id_that_never_was_is_told_as_any_other(relay: Relay, anna: Person) -> None:
    never = await relay.owner("GET", "/v1/members/abc/erasure")
    here = await relay.owner("GET", f"/v1/members/{anna.id}/erasure")

    assert (never.status, never.raw) == (404, here.raw)


@pytest.mark.parametrize("kind", list(ExportKind))
async def test_each_kind_of_row_can_be_had_and_is_written_down(relay: Relay, anna: Person, kind: ExportKind) -> None:
    await relay.reply(anna, "hold this")
    await relay.post()

    said = await relay.owner("GET", f"/v1/communities/bad/export?kind={kind.value}")

    log = (await relay.owner("GET", "/v1/audit")).body["items"]
    assert said.status == 200
    assert "community.export" in [entry["action"] for entry in log]


async def test_a_kind_that_is_none_is_refused(relay: Relay) -> None:
    await relay.community()

    said = await relay.owner("GET", "/v1/communities/bad/export?kind=tokens")

    assert said.status == 422
    assert said.body["errors"][0]["loc"] == ["query", "kind"]
