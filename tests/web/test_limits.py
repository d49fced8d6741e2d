"""Limits: a caller who asks too often waits, nobody else does, and the tables stay small."""

import pytest

from relay.core.errors import TooMany
from relay.core.rate import Buckets, Rate
from relay.settings import SettingsError, load
from relay.web.settings import HttpSettings
from tests.web.conftest import Open, Relay

FEW = {"burst": 3, "per_second": 1}


async def test_a_member_who_asks_too_often_waits_and_another_does_not(open_relay: Open) -> None:
    relay: Relay = await open_relay(limits={"member": FEW})
    await relay.community()
    anna, ben = await relay.member(), await relay.member()

    annas = [await anna.call("GET", "/v1/me") for _ in range(5)]
    bens = await ben.call("GET", "/v1/me")
    relay.clock.pass_(1)
    later = [(await anna.call("GET", "/v1/me")).status for _ in range(2)]

    assert [one.status for one in annas] == [200, 200, 200, 429, 429]
    assert annas[3].headers["Retry-After"] == "1"
    assert annas[3].headers["Content-Type"] == "application/problem+json"
    assert (bens.status, later) == (200, [200, 429])


async def test_staff_and_keys_have_limits_of_their_own(open_relay: Open) -> None:
    relay: Relay = await open_relay(limits={"key": FEW})
    await relay.community()
    first, second = await relay.key("posts:read"), await relay.key("posts:read")

    firsts = [(await first("GET", "/v1/communities/bad/posts")).status for _ in range(4)]

    assert firsts == [200, 200, 200, 429]
    assert (await second("GET", "/v1/communities/bad/posts")).status == 200
    assert (await relay.owner("GET", "/v1/communities/bad/posts")).status == 200


async def test_failed_sign_ins_of_an_address_are_limited_and_good_ones_are_not(open_relay: Open) -> None:
    relay: Relay = await open_relay(limits={"failed": FEW})
    wrong = relay.caller("no-such-token-0123456789")

    failed = [(await wrong("GET", "/v1/me")).status for _ in range(4)]
    staff = (await wrong("GET", "/v1/staff")).status
    good = (await relay.owner("GET", "/v1/staff")).status

    assert (failed, staff, good) == ([401, 401, 401, 429], 429, 200)


async def test_addresses_count_only_where_nobody_has_signed_in(open_relay: Open) -> None:
    relay: Relay = await open_relay(limits={"visitor": FEW})

    pages = [(await relay.nobody("GET", "/healthz")).status for _ in range(4)]
    unknown = (await relay.nobody("GET", "/none")).status
    signed_in = [(await relay.owner("GET", "/v1/communities")).status for _ in range(10)]

    assert pages == [200, 200, 200, 429]
    assert unknown == 429
    assert signed_in == [200] * 10


async def test_of_the_members_pages_what_is_made_counts_and_what_lies_in_memory_does_not(open_relay: Open) -> None:
    relay: Relay = await open_relay(limits={"visitor": FEW})

    made = [(await relay.nobody("GET", "/c/offline.html")).status for _ in range(4)]
    kept = [(await relay.nobody("GET", path)).status for path in ("/c/worker.js", "/assets/member/stream.js") * 4]
    worker = await relay.nobody("GET", "/c/worker.js")
    known = await relay.nobody("GET", "/c/worker.js", If_None_Match=worker.headers["ETag"])

    assert made == [200, 200, 200, 429]
    assert kept == [200] * 8
    assert (known.status, known.raw) == (304, b"")
    assert worker.headers["Content-Type"].startswith("text/javascript")


async def test_a_believed_proxy_tells_the_address(open_relay: Open) -> None:
    relay: Relay = await open_relay(limits={"visitor": FEW}, proxies=("127.0.0.1",))

    mine = [(await relay.nobody("GET", "/healthz", X_Forwarded_For="192.0.2.9, 192.0.2.1")).status for _ in range(4)]
    theirs = (await relay.nobody("GET", "/healthz", X_Forwarded_For="192.0.2.1, 192.0.2.2")).status

    assert (mine, theirs) == ([200, 200, 200, 429], 200)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("2001:db8:0:1::1", "2001:db8:0:1:9999::ffff", 429),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", 200),
        ("::ffff:192.0.2.1", "192.0.2.1", 429),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", 200),
        ("192.0.2.1", "192.0.2.2", 200),
        ("unknown", "_hidden", 200),
    ],
)
async def test_of_an_address_what_one_line_has_counts(open_relay: Open, one: str, other: str, expected: int) -> None:
    relay: Relay = await open_relay(limits={"visitor": {"burst": 1, "per_second": 0.001}}, proxies=("127.0.0.1",))

    found = [(await relay.nobody("GET", "/healthz", X_Forwarded_For=address)).status for address in (one, other)]

    assert found == [200, expected]


async def test_an_unbelieved_header_tells_nothing(open_relay: Open) -> None:
    relay: Relay = await open_relay(limits={"visitor": FEW})

    found = [(await relay.nobody("GET", "/healthz", X_Forwarded_For=f"192.0.2.{n}")).status for n in range(4)]

    assert found == [200, 200, 200, 429]


@pytest.mark.parametrize(
    ("half", "expected"), [({"BURST": "7"}, (7, 200)), ({"PER_SECOND": "7"}, (2000, 7)), ({}, (2000, 200))]
)
def test_one_half_of_a_limit_can_be_set_alone(half: dict[str, str], expected: tuple[float, float]) -> None:
    environ = {f"RELAY_LIMITS__STAFF__{name}": value for name, value in half.items()}

    found = load(HttpSettings, None, environ).limits

    assert (found.staff.burst, found.staff.per_second) == expected
    assert found.member == HttpSettings().limits.member


def test_an_unknown_limit_is_an_error() -> None:
    with pytest.raises(SettingsError):
        load(HttpSettings, None, {"RELAY_LIMITS__STAFF__BRUST": "7"})


def test_a_table_forgets_who_was_quiet_for_longest() -> None:
    buckets = Buckets(Rate(1, 0.001), size=2)
    buckets.take("a", 0)
    buckets.take("b", 1)
    with pytest.raises(TooMany):
        buckets.take("a", 2)

    buckets.take("c", 3)

    assert len(buckets) == 2
    with pytest.raises(TooMany):
        buckets.take("a", 4)
    buckets.take("b", 5)
