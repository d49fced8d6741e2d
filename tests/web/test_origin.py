"""Browsers: pages of foreign origins are refused, those of configured ones let in, and every answer carries strict headers."""

import pytest

from tests.web.conftest import Caller, Open, Relay

FRIEND = "https://www.example.com"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1", "http://127.0.0.1:1", "file://", ""])
async def test_a_foreign_origin_is_refused_before_anything_else(relay: Relay, origin: str) -> None:
    said = [
        await relay.owner("GET", "/v1/communities", Origin=origin),
        await relay.owner("POST", "/v1/communities", {"slug": "bad", "name": "Bad"}, Origin=origin),
        await relay.nobody("GET", "/v1/me", Origin=origin),
        await relay.nobody("GET", "/v1/staff/stream", Origin=origin),
        await relay.nobody("GET", "/v1/me/stream", Origin=origin),
    ]

    assert [one.status for one in said] == [403] * 5
    assert not any("Access-Control-Allow-Origin" in one.headers for one in said)
    assert (await relay.owner("GET", "/v1/communities")).body["items"] == []


async def test_no_origin_and_the_own_origin_are_let_through(relay: Relay) -> None:
    said = [
        await relay.owner("GET", "/v1/communities"),
        await relay.owner("GET", "/v1/communities", Origin=relay.url),
        await relay.owner("GET", "/v1/communities", Origin=relay.url, Sec_Fetch_Site="same-origin"),
    ]

    assert [one.status for one in said] == [200, 200, 200]


async def test_a_page_of_another_site_calls_nothing_but_may_link_here(relay: Relay) -> None:
    called = await relay.owner("GET", "/v1/communities", Sec_Fetch_Site="cross-site")
    linked = await relay.nobody("GET", "/docs", Sec_Fetch_Site="cross-site")

    assert (called.status, linked.status) == (403, 200)


async def test_a_configured_origin_reads_answers_and_asks_beforehand(open_relay: Open) -> None:
    relay: Relay = await open_relay(origins=(FRIEND,))

    asked = await relay.nobody(
        "OPTIONS", "/v1/me/messages", Origin=FRIEND, Access_Control_Request_Method="POST", Sec_Fetch_Site="cross-site"
    )
    got = await relay.owner("GET", "/v1/communities", Origin=FRIEND, Sec_Fetch_Site="cross-site")
    refused = await relay.nobody("GET", "/v1/me", Origin=FRIEND)
    foreign = await relay.nobody("OPTIONS", "/v1/me/messages", Origin="https://evil.example")

    assert (asked.status, got.status, refused.status, foreign.status) == (204, 200, 401, 403)
    assert asked.headers["Access-Control-Allow-Methods"] == "POST"
    assert "Idempotency-Key" in asked.headers["Access-Control-Allow-Headers"]
    assert {one.headers["Access-Control-Allow-Origin"] for one in (asked, got, refused)} == {FRIEND}
    assert "Access-Control-Allow-Credentials" not in got.headers


async def test_behind_a_believed_proxy_the_own_origin_is_the_public_one(open_relay: Open) -> None:
    relay: Relay = await open_relay(proxies=("127.0.0.1",))

    said = await relay.owner(
        "GET", "/v1/communities", Host="relay.example", Origin="https://relay.example", X_Forwarded_Proto="https"
    )

    assert said.status == 200


@pytest.mark.parametrize(("network", "status"), [("127.0.0.0/8", 200), ("10.0.0.0/8", 403), ("::1", 403)])
async def test_a_network_of_proxies_is_believed(open_relay: Open, network: str, status: int) -> None:
    relay: Relay = await open_relay(proxies=(network,))

    said = await relay.owner(
        "GET", "/v1/communities", Host="relay.example", Origin="https://relay.example", X_Forwarded_Proto="https"
    )

    assert said.status == status


async def test_an_unbelieved_proxy_header_changes_nothing(relay: Relay) -> None:
    said = await relay.owner(
        "GET", "/v1/communities", Host="relay.example", Origin="https://relay.example", X_Forwarded_Proto="https"
    )

    assert said.status == 403


@pytest.mark.parametrize("path", ["/v1/communities", "/v1/none", "/v1/me", "/docs", "/openapi.json", "/healthz", "/metrics"])
async def test_every_answer_carries_strict_headers(relay: Relay, path: str) -> None:
    said = await relay.owner("GET", path)

    assert said.headers["X-Content-Type-Options"] == "nosniff"
    assert said.headers["Cache-Control"] == "no-store"
    assert said.headers["Referrer-Policy"] == "no-referrer"
    assert said.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "aiohttp" not in said.headers["Server"]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "[::1].evil.example"])
async def test_metrics_answer_on_loopback_names_alone(relay: Relay, host: str) -> None:
    rebound = await relay.nobody("GET", "/metrics", Host=host)
    proxied = await relay.nobody("GET", "/metrics", X_Forwarded_For="192.0.2.1")
    local = await relay.nobody("GET", "/metrics")

    assert (rebound.status, proxied.status, local.status) == (403, 403, 200)
    assert b"relay_http_requests_total" in local.raw


@pytest.mark.parametrize("host", ["localhost", "localhost:80", "127.0.0.1", "[::1]", "[::1]:8080"])
async def test_metrics_answer_on_every_name_of_loopback(relay: Relay, host: str) -> None:
    assert (await relay.nobody("GET", "/metrics", Host=host)).status == 200


async def test_metrics_have_their_own_token(open_relay: Open) -> None:
    relay: Relay = await open_relay(metrics_token="metrics-token-0123456789")

    said = [
        await relay.nobody("GET", "/metrics"),
        await relay.owner("GET", "/metrics"),
        await Caller(relay.url, relay.session, "metrics-token-0123456789")("GET", "/metrics", Host="relay.example"),
    ]

    assert [one.status for one in said] == [401, 401, 200]


async def test_readiness_follows_the_relay_and_health_does_not(relay: Relay) -> None:
    before = await relay.nobody("GET", "/readyz")
    relay.ready[0] = False

    after = await relay.nobody("GET", "/readyz")
    alive = await relay.nobody("GET", "/healthz")

    assert (before.status, after.status, alive.status) == (200, 503, 200)
    assert after.headers["Retry-After"] == "1"
