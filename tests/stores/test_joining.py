"""The contract on joining, on every engine: invites and their uses, the texts that people agree to, and pauses."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from relay.core.change import CancelPost, EditCommunity, Erase, Leave
from relay.core.community import Community
from relay.core.errors import Stale, Taken
from relay.core.joining import AddConsentText, AddInvite, ConsentText, ForgetJoins, Invite, Redeem, RevokeInvite
from relay.core.member import Consent, Member
from relay.core.pause import Pause, ReleaseDeferred, Resumed
from relay.core.post import Post
from relay.ports import Paging
from tests.stores.conftest import World


def drawn(world: World, community: Community, *, uses: int | None = None, lasts: float | None = None) -> Invite:
    now = world.clock.now()
    ends = None if lasts is None else now + timedelta(seconds=lasts)
    return Invite(world.ids(), community.n, world.ids(), "eva", now, "desk", ends, uses)


async def invited(world: World, community: Community, *, uses: int | None = None, lasts: float | None = None) -> Invite:
    invite = drawn(world, community, uses=uses, lasts=lasts)
    await world.store.commit(AddInvite(invite))
    return invite


async def come(world: World, community: Community, invite: Invite, mark: str | None = None) -> None:
    now = world.clock.now()
    redeem = Redeem(invite.id, mark or world.ids(), now, now + timedelta(hours=1))
    await world.store.commit(redeem, world.newcomer(community))


async def count(world: World, community: Community) -> int:
    return len((await world.store.members(community.n, Paging(1000))).items)


async def test_an_invite_is_read_as_written(world: World) -> None:
    community, other = await world.community("here"), await world.community("there")
    first, second = await invited(world, community, uses=3), await invited(world, community, lasts=60)
    await invited(world, other)

    listed = (await world.store.invites(community.n, Paging())).items

    assert [replace(each, n=0) for each in listed] == [first, second]
    assert await world.store.invite_by_code(first.code) == await world.store.invite(first.id) == listed[0]
    assert await world.store.invite_by_code("nothing") is None


async def test_an_invite_takes_in_no_more_than_its_uses_even_when_all_come_at_once(world: World) -> None:
    community = await world.community()
    invite = await invited(world, community, uses=3)

    ends = await asyncio.gather(*(come(world, community, invite) for _ in range(8)), return_exceptions=True)

    assert sorted(type(end).__name__ for end in ends) == ["NoneType"] * 3 + ["Stale"] * 5
    assert await count(world, community) == 3
    found = await world.store.invite(invite.id)
    assert found is not None
    assert found.used == 3


async def test_a_step_is_taken_once(world: World) -> None:
    community = await world.community()
    invite = await invited(world, community)
    await come(world, community, invite, "mark")

    with pytest.raises(Taken):
        await come(world, community, invite, "mark")

    assert await count(world, community) == 1
    world.clock.pass_(3601)
    await world.store.commit(ForgetJoins(world.clock.now()))
    await come(world, community, invite, "mark")
    assert await count(world, community) == 2


async def test_nobody_comes_by_an_invite_that_is_over(world: World) -> None:
    community, closed = await world.community("here"), await world.community("closed")
    expired, revoked = await invited(world, community, lasts=60), await invited(world, community)
    of_closed = await invited(world, closed)
    await world.store.commit(RevokeInvite(revoked.id, world.clock.now()))
    await world.store.commit(EditCommunity(closed.n, world.clock.now(), closed=True))
    world.clock.pass_(60)

    for invite in (expired, revoked, of_closed, drawn(world, community)):
        with pytest.raises(Stale):
            await come(world, community, invite)

    assert await count(world, community) == 0


async def test_an_invite_that_was_revoked_keeps_its_time(world: World) -> None:
    invite = await invited(world, await world.community())
    first = world.clock.now()

    await world.store.commit(RevokeInvite(invite.id, first))
    await world.store.commit(RevokeInvite(invite.id, first + timedelta(1)))
    with pytest.raises(Stale):
        await world.store.commit(RevokeInvite("nothing", first))

    found = await world.store.invite(invite.id)
    assert found is not None
    assert found.revoked_at == first


async def test_a_text_has_a_further_version_each_time_even_when_two_write_at_once(world: World) -> None:
    community, other = await world.community("here"), await world.community("there")

    def word(language: str, text: str, of: Community = community) -> AddConsentText:
        return AddConsentText(of.n, ConsentText(language, "", text, "eva", world.clock.now()))

    numbers = await asyncio.gather(*(world.store.commit(word("de", f"Ja {n}")) for n in range(4)))
    await world.store.commit(word("en", "Yes"))
    await world.store.commit(word("de", "Nein", other))

    assert {number for (number,) in numbers} == {1, 2, 3, 4}
    present = await world.store.consent_texts(community.n)
    assert [(text.language, text.version) for text in present] == [("de", "4"), ("en", "1")]
    past = await world.store.consent_texts(community.n, past=True)
    assert [(text.language, text.version) for text in past] == [*(("de", f"{n}") for n in (1, 2, 3, 4)), ("en", "1")]


async def test_a_receipt_names_the_language_of_the_text(world: World) -> None:
    change = world.newcomer(await world.community())
    consent = Consent("web", "page", "4", world.clock.now(), language="de")
    (n,) = await world.store.commit(replace(change, consent=consent))
    assert isinstance(n, int)

    assert await world.store.consents(n) == [consent]
    exported = await world.store.of(n).export()
    assert isinstance(exported["consents"], list)
    assert exported["consents"][0]["language"] == "de"


# -------------------------------------------------------------------------------------------------------------- pauses


async def pause(world: World, member: Member, seconds: float | None) -> None:
    now = world.clock.now()
    await world.store.commit(Pause(member.n, None if seconds is None else now + timedelta(seconds=seconds), now))


async def resume(world: World) -> tuple[int, ...]:
    (outcome,) = await world.store.commit(ReleaseDeferred(world.clock.now(), 100))
    assert isinstance(outcome, Resumed)
    return outcome.resumed


async def texts(world: World, member: Member) -> list[int]:
    return [item.seq for item in await world.store.of(member.n).items(0, 100)]


async def audience_of(world: World, post: Post) -> dict[str, int]:
    """The states that anything is in; they always sum to the audience."""
    counts = {state.word: number for state, number in (await world.store.post_counts(post)).items()}
    assert sum(counts.values()) == post.audience
    return counts


async def test_who_pauses_gets_posts_when_the_pause_ends_and_nobody_else_waits(world: World) -> None:
    community = await world.community()
    ada, ben = await world.member(community), await world.member(community)
    await pause(world, ada, 60)
    first, second = await world.posted(community), await world.posted(community)

    assert await audience_of(world, first) == {"deferred": 1, "sending": 1}
    assert (await texts(world, ada), await texts(world, ben)) == ([], [1, 2])
    assert await world.store.deferral_due() == world.clock.now() + timedelta(seconds=60)
    assert await resume(world) == ()
    world.clock.pass_(60)
    assert await resume(world) == (ada.n,)

    assert await texts(world, ada) == [1, 2]
    assert await audience_of(world, second) == {"sending": 2}
    assert await world.store.deferral_due() is None


async def test_a_pause_that_ends_early_or_late_takes_what_waits_along(world: World) -> None:
    community = await world.community()
    ada, ben = await world.member(community), await world.member(community)
    await pause(world, ada, 60)
    await pause(world, ben, 60)
    await world.posted(community)

    await pause(world, ada, None)
    await pause(world, ben, 120)

    assert await resume(world) == (ada.n,)
    world.clock.pass_(60)
    assert await resume(world) == ()
    world.clock.pass_(60)
    assert await resume(world) == (ben.n,)


async def test_however_many_pauses_end_together_a_commit_takes_so_many_items(world: World) -> None:
    community = await world.community()
    paused = await world.members(community, 3)
    for member in paused:
        await pause(world, member, 60)
    posts = [await world.posted(community) for _ in range(5)]
    world.clock.pass_(60)
    waiting = [15]

    while waiting[-1]:
        await world.store.commit(ReleaseDeferred(world.clock.now(), 4))
        waiting.append(sum([(await audience_of(world, post)).get("deferred", 0) for post in posts]))

    assert waiting == [15, 11, 7, 3, 0]
    ids = [post.id for post in posts]
    for member in paused:
        items = await world.store.of(member.n).items(0, 100)
        assert [(item.seq, item.id) for item in items] == list(enumerate(ids, 1))
    assert await resume(world) == ()


async def test_a_pause_that_is_over_defers_nothing(world: World) -> None:
    community = await world.community()
    ada = await world.member(community)
    await pause(world, ada, 60)
    world.clock.pass_(60)

    post = await world.posted(community)

    assert await audience_of(world, post) == {"sending": 1}


async def test_what_became_of_it_meanwhile_is_looked_at_when_the_pause_ends(world: World) -> None:
    community = await world.community()
    leaving, gone, stays = await world.members(community, 3)
    for member in (leaving, gone, stays):
        await pause(world, member, 60)
    post, short = await world.posted(community), await world.accepted(community, expires_in=30)
    await world.release(short)

    await world.store.commit(Leave(leaving.n, world.clock.now()))
    await world.store.commit(Erase(gone.n, gone.id, world.clock.now()))
    before = await audience_of(world, post)
    world.clock.pass_(60)
    await resume(world)

    assert before == {"deferred": 2, "erased": 1}
    assert await audience_of(world, post) == {"suppressed": 1, "erased": 1, "sending": 1}
    assert await audience_of(world, short) == {"suppressed": 1, "erased": 1, "expired": 1}


async def test_what_waits_of_a_post_can_be_cancelled(world: World) -> None:
    community = await world.community()
    ada, _ = await world.members(community, 2)
    await pause(world, ada, 60)
    post = await world.posted(community)

    await world.store.commit(CancelPost(post, world.clock.now()))
    before = await audience_of(world, post)
    world.clock.pass_(60)

    assert await resume(world) == ()
    assert before == await audience_of(world, post) == {"cancelled": 1, "sending": 1}
    with pytest.raises(Stale):
        await world.store.commit(CancelPost(post, world.clock.now()))


async def test_two_that_end_pauses_at_once_release_each_post_once(world: World) -> None:
    community = await world.community()
    members = await world.members(community, 5)
    for member in members:
        await pause(world, member, 60)
    await world.posted(community)
    world.clock.pass_(60)

    ends = await asyncio.gather(*(resume(world) for _ in range(4)))

    assert sorted(each for end in ends for each in end) == sorted(member.n for member in members)
    for member in members:
        assert await texts(world, member) == [1]


async def test_nobody_pauses_who_is_gone(world: World) -> None:
    member = await world.member(await world.community())
    await world.store.commit(Erase(member.n, member.id, world.clock.now()))

    with pytest.raises(Stale):
        await pause(world, member, 60)
