"""Lists: short ones are paged as the long ones are, and a list of posts counts nothing."""

import pytest

from relay.core.staff import Role
from tests.web.conftest import Relay, described, is_problem

LISTS = ("/v1/communities", "/v1/staff", "/v1/keys", "/v1/communities/a/plugins")


async def fill(relay: Relay) -> None:
    """At least three of everything."""
    relay.plugins[:] = [described(name) for name in ("words", "flood", "repeat")]
    for slug in "cab":
        await relay.community(slug)
    for _ in range(3):
        await relay.staff(Role.AGENT)
        await relay.key()


@pytest.mark.parametrize("path", LISTS)
async def test_a_short_list_comes_in_pieces(relay: Relay, path: str) -> None:
    await fill(relay)
    whole = (await relay.owner("GET", path)).body
    pieces, after = [], ""

    while after is not None:
        piece = (await relay.owner("GET", f"{path}?limit=2{after and f'&after={after}'}")).body
        pieces.append(piece["items"])
        after = piece["next"]

    assert len(whole["items"]) >= 3
    assert whole["next"] is None
    assert [len(piece) for piece in pieces[:-1]] == [2] * (len(pieces) - 1)
    assert [item for piece in pieces for item in piece] == whole["items"]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("query", ["after=never-given", "limit=0", "limit=201", "other=1"])
async def test_a_place_or_size_that_is_none_is_refused(relay: Relay, path: str, query: str) -> None:
    await fill(relay)

    said = await relay.owner("GET", f"{path}?{query}")

    assert is_problem(said, 422)
    assert said.body["errors"][0]["loc"][0] == "query"


async def test_a_list_of_posts_counts_nothing_and_one_post_counts_everything(relay: Relay) -> None:
    await relay.community()
    post = await relay.post()

    (listed,) = (await relay.owner("GET", "/v1/communities/bad/posts")).body["items"]
    read = (await relay.owner("GET", f"/v1/posts/{post}")).body

    assert set(read) - set(listed) == {"counts", "presses"}
    assert listed == {name: read[name] for name in listed}
    assert len(read["counts"]) == 12
