"""Joining: an invite, a text, a step, and a member with the receipt of it; nothing is stored of who does not confirm."""

import asyncio
from dataclasses import replace

import pytest

from relay.core.change import RevokeTokens
from relay.core.community import Community
from relay.core.errors import Invalid, Unknown
from relay.core.joining import DEFAULT_VERSION, STEP, Invite
from relay.core.member import Standing
from relay.core.staff import TokenKind
from relay.flows.join import Arrived, Asked, Step
from relay.ports import Paging
from tests.flows.conftest import EVA, House

GERMAN = "Ja, ich will Posts vom Bad."


@pytest.fixture
async def bad(house: House) -> Community:
    return await house.community()


async def invited(house: House, bad: Community, uses: int | None = None) -> Invite:
    invite = Invite(f"invite-{uses}", bad.n, f"code-{uses}", "eva", house.clock.now(), uses=uses)
    await house.join.invite(EVA, invite)
    return invite


async def asked(house: House, bad: Community, uses: int | None = None, *, version: str = DEFAULT_VERSION) -> Step:
    found = await house.store.invite(f"invite-{uses}") or await invited(house, bad, uses)
    return await house.join.ask(bad, found, Asked(version, "page", "Ada", "de", "Europe/Berlin"))


async def members(house: House, bad: Community) -> int:
    return len((await house.store.members(bad.n, Paging(1000))).items)


async def test_who_asks_is_stored_nowhere_until_they_confirm(house: House, bad: Community) -> None:
    step = await asked(house, bad)
    before = await members(house, bad)

    arrived = await house.join.confirm(step.code)

    assert before == 0
    signed = await house.signed_in(arrived.token)
    assert (signed.member.name, signed.member.language, signed.member.time_zone) == ("Ada", "de", "Europe/Berlin")
    assert signed.community.id == arrived.community.id == bad.id
    assert await members(house, bad) == 1


async def test_what_is_no_step_opens_nothing(house: House, bad: Community) -> None:
    step = await asked(house, bad)

    for code in ("", "x", "x.y", "\udcff", "\N{SNOWMAN}.x", step.code[:-1]):
        with pytest.raises(Unknown):
            house.join.waiting(code)


async def test_the_receipt_names_channel_source_text_and_language(house: House, bad: Community) -> None:
    await house.join.word(EVA, bad, "de", GERMAN)
    await house.join.word(EVA, bad, "de", f"{GERMAN} Wirklich.")
    with pytest.raises(Invalid):
        await asked(house, bad, version="1")

    arrived = await house.join.confirm((await asked(house, bad, version="2")).code)

    signed = await house.signed_in(arrived.token)
    (consent,) = await house.store.consents(signed.member.n)
    assert (consent.channel, consent.text_version, consent.language) == ("web", "2", "de")
    assert (consent.source, consent.at) == ("page, invite invite-None", house.clock.now())


async def test_a_company_that_wrote_no_text_has_one_in_the_language_of_who_comes(house: House, bad: Community) -> None:
    german, french = await house.join.text(bad, "de-AT"), await house.join.text(bad, "fr")

    assert (german.language, german.version, french.language) == ("de", DEFAULT_VERSION, "en")
    assert "Bad am See" in german.text


async def test_the_companys_own_text_counts_even_for_who_speaks_another_language(house: House, bad: Community) -> None:
    await house.join.word(EVA, bad, "de", GERMAN)

    assert (await house.join.text(bad, "en")).text == GERMAN


async def test_confirming_twice_is_one_member_with_one_token(house: House, bad: Community) -> None:
    step = await asked(house, bad, uses=1)

    first = await house.join.confirm(step.code)
    repeated = await house.join.confirm(step.code)

    assert repeated.token == first.token
    assert repeated.member.id == first.member.id
    assert await members(house, bad) == 1


async def test_who_enters_what_another_entered_is_somebody_else(house: House, bad: Community) -> None:
    """At a counter the next one goes back to the form, and gives no name either."""
    anna, ben = await asked(house, bad), await asked(house, bad)

    first, second = await house.join.confirm(anna.code), await house.join.confirm(ben.code)

    assert first.token != second.token
    assert first.member.id != second.member.id
    assert (await house.join.confirm(anna.code)).member.id == first.member.id


async def test_two_that_confirm_at_once_share_the_last_use_only_if_they_are_one(house: House, bad: Community) -> None:
    one, other = await asked(house, bad, 1), await asked(house, bad, 1)

    ends = await asyncio.gather(*(house.join.confirm(step.code) for step in (one, one, other)), return_exceptions=True)

    arrived = [end for end in ends if isinstance(end, Arrived)]
    assert len({end.token for end in arrived}) == 1
    assert len([end for end in ends if isinstance(end, Unknown)]) == 3 - len(arrived)
    assert await members(house, bad) == 1


async def test_a_step_has_its_time_and_is_nobodys_to_make(house: House, bad: Community) -> None:
    step = await asked(house, bad)
    forged = replace(house.join, key=b"another relay")
    foreign = await forged.ask(bad, await invited(house, bad, 5), Asked(DEFAULT_VERSION, "page"))

    for code in (foreign.code, step.code[:-1], "", "x" * 40):
        with pytest.raises(Unknown):
            await house.join.confirm(code)
    house.clock.pass_(STEP.total_seconds())
    with pytest.raises(Unknown):
        await house.join.confirm(step.code)

    assert await members(house, bad) == 0


async def test_a_step_of_a_relay_before_an_upgrade_is_none(house: House) -> None:
    code = house.join._signer().dumps({"mark": "m", "asked": "other things"})  # noqa: SLF001  signed by the same key

    with pytest.raises(Unknown):
        await house.join.confirm(code)


async def test_who_was_signed_out_does_not_get_in_again_by_the_same_step(house: House, bad: Community) -> None:
    step = await asked(house, bad)
    arrived = await house.join.confirm(step.code)
    await house.store.commit(RevokeTokens(TokenKind.MEMBER, arrived.member.id, house.clock.now()))

    with pytest.raises(Unknown):
        await house.join.confirm(step.code)

    assert await members(house, bad) == 1


async def test_an_invite_that_is_revoked_meanwhile_takes_nobody_in(house: House, bad: Community) -> None:
    step = await asked(house, bad)
    found = await house.store.invite("invite-None")
    assert found is not None

    await house.join.revoke(EVA, found)

    with pytest.raises(Unknown):
        await house.join.confirm(step.code)
    with pytest.raises(Unknown):
        await house.join.opened(found.code)


async def test_who_left_comes_back_with_a_new_receipt(house: House, bad: Community) -> None:
    signed = await house.signed_in((await house.join.confirm((await asked(house, bad)).code)).token)
    await house.enrol.leave(signed)

    with pytest.raises(Invalid):
        await house.join.back(signed, "7", "page")
    await house.join.back(signed, DEFAULT_VERSION, "page")

    found = await house.store.member(signed.member.id)
    assert found is not None
    assert found.standing is Standing.ACTIVE
    assert [consent.withdrawn_at is None for consent in await house.store.consents(found.n)] == [False, True]
