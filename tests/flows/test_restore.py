"""Restore: what a database that was put back needs before it is served."""

from datetime import UTC, datetime

from relay.core.delivery import Cursors
from relay.core.identity import token_digest
from relay.core.post import Draft
from relay.core.restore import SEQ_LEAP
from relay.flows.receive import Reply
from relay.flows.restore import Restore
from relay.ports import Paging
from relay.testing.clock import Drawn, drawn_tokens
from tests.flows.conftest import EVA, PERSON, House

OF = datetime(2026, 5, 1, 10, 15, tzinfo=UTC)


def restoring(house: House) -> Restore:
    return Restore(house.store, house.clock, Drawn("restore"), drawn_tokens("restore"))


async def test_no_number_that_was_given_after_the_backup_is_given_again(house: House) -> None:
    community = await house.community()
    reads = await house.member(community)
    await house.receive.reply(reads, Reply("Hello", "web"))

    await restoring(house).settle(OF, end_tokens=False)
    await house.receive.reply(reads, Reply("Hello again", "web"))

    items = await house.store.of(reads.member.n).items(0, 10)
    assert [(item.seq, item.text) for item in items] == [(1, "Hello"), (SEQ_LEAP + 2, "Hello again")]


async def test_whoever_had_nothing_yet_begins_behind_the_leap(house: House) -> None:
    community = await house.community()
    new = await house.member(community)

    await restoring(house).settle(OF, end_tokens=False)
    empty = await house.store.of(new.member.n).cursors()
    await house.publish.post(community, Draft("Closed tomorrow"), EVA)
    await house.release()

    assert empty == Cursors(first=SEQ_LEAP + 1, last=SEQ_LEAP)
    assert [item.seq for item in await house.store.of(new.member.n).items(0, 10)] == [SEQ_LEAP + 1]


async def test_what_was_not_read_yet_is_still_there_to_be_read(house: House) -> None:
    community = await house.community()
    away = await house.member(community)
    await house.publish.post(community, Draft("Closed tomorrow"), EVA)
    await house.release()

    await restoring(house).settle(OF, end_tokens=False)

    assert [item.seq for item in await house.store.of(away.member.n).items(0, 10)] == [1]


async def test_it_stands_in_the_audit_log(house: House) -> None:
    await restoring(house).settle(OF, end_tokens=False)

    (entry, *_) = (await house.store.audit(Paging(1))).items
    assert (entry.actor, entry.action) == ("relay", "store.restore")
    assert entry.detail == {"of": "2026-05-01T10:15:00.000Z", "tokens_ended": False}


async def test_tokens_go_on_unless_it_is_asked_that_they_end(house: House) -> None:
    await house.govern.first_owner("the-owners-token-of-before-0123456789")
    member = await house.enrol.add(EVA, await house.community(), PERSON)

    nothing = await restoring(house).settle(OF, end_tokens=False)

    assert nothing is None
    for token in ("the-owners-token-of-before-0123456789", member.token):
        assert await house.store.token(token_digest(token), house.clock.now()) is not None


async def test_when_all_tokens_end_an_owner_gets_a_new_one(house: House) -> None:
    owner = await house.govern.first_owner("the-owners-token-of-before-0123456789")
    member = await house.enrol.add(EVA, await house.community(), PERSON)
    _, key = await house.govern.issue(EVA, "shop", ("posts:read",), None)

    token = await restoring(house).settle(OF, end_tokens=True)

    now = house.clock.now()
    assert token is not None
    found = await house.store.token(token_digest(token), now)
    assert found is not None
    assert found.subject == owner.id
    for ended in ("the-owners-token-of-before-0123456789", member.token, key):
        assert await house.store.token(token_digest(ended), now) is None
    assert await house.store.signed_in(token_digest(member.token), now) is None
