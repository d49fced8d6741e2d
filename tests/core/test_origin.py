"""URLs are read in one way, and addresses that are not in the open net are known in all their clothes."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.origin import Origin, UrlError, may_reach, read_origin, read_url


@pytest.mark.parametrize(
    ("url", "origin", "path"),
    [
        ("https://ask.example.com", Origin("https", "ask.example.com", 443), "/"),
        ("HTTPS://Ask.Example.COM:443/Check?v=1", Origin("https", "ask.example.com", 443), "/Check?v=1"),
        ("http://127.0.0.1:8000/", Origin("http", "127.0.0.1", 8000), "/"),
        ("https://[2001:DB8:0::1]:8443/x", Origin("https", "2001:db8::1", 8443), "/x"),
        ("http://localhost", Origin("http", "localhost", 80), "/"),
        ("https://xn--bcher-kva.example/", Origin("https", "xn--bcher-kva.example", 443), "/"),
        ("http://my_service:8000", Origin("http", "my_service", 8000), "/"),
    ],
)
def test_a_url_is_read(url: str, origin: Origin, path: str) -> None:
    assert read_url(url) == (origin, path)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ask.example.com",
        "ftp://ask.example.com",
        "file:///etc/passwd",
        "https://",
        "https:///check",
        "https://ask.example.com.",
        "https://ask..example.com",
        "https://-ask.example.com",
        "https://user@ask.example.com",
        "https://user:word@ask.example.com",
        "https://ask.example.com@127.0.0.1",
        "https://ask.example.com\\@127.0.0.1",
        "https://ask.example.com#@127.0.0.1",
        "https://ask.example.com:",
        "https://ask.example.com:0",
        "https://ask.example.com:65536",
        "https://ask.example.com:x",
        "https://bücher.example",
        "https://ask。example。com",
        "https://ask%2eexample.com",
        "https://ask.example.com/a b",
        "https://ask.example.com/\r\nHost: x",
        "https://ask.example.com/ä",
        "https://2130706433",
        "https://0x7f000001",
        "https://0x7f.1",
        "https://0177.0.0.1",
        "https://127.1",
        "https://127.0.0.01",
        "https://example.0x1",
        "https://1.2.3.4.5",
        "https://[::1",
        "https://[fe80::1%25eth0]",
        "https://[::1%251]",
        "https://[127.0.0.1]",
        "https://" + "a" * 64 + ".example",
        "https://ask.example.com/" + "x" * 2000,
    ],
)
def test_what_two_readers_could_read_differently_is_refused(url: str) -> None:
    with pytest.raises(UrlError) as refused:
        read_url(url)

    assert "127" not in str(refused.value)


def test_an_origin_has_no_path() -> None:
    assert str(read_origin("http://127.0.0.1:8000/")) == "http://127.0.0.1:8000"
    with pytest.raises(UrlError, match="path"):
        read_origin("http://127.0.0.1:8000/check")


@given(st.from_regex(r"https?://[!-~]{1,40}", fullmatch=True))
def test_what_is_read_is_read_the_same_when_it_is_written(url: str) -> None:
    try:
        origin, path = read_url(url)
    except UrlError:
        return

    assert read_url(f"{origin}{path}") == (origin, path)


@pytest.mark.parametrize("text", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_the_open_net_is_reached(text: str) -> None:
    assert may_reach(ip_address(text), is_listed=False)


@pytest.mark.parametrize(
    "text", ["127.0.0.1", "127.9.9.9", "10.0.0.1", "172.31.0.1", "192.168.1.1", "100.64.0.1", "::1", "fd12::1"]
)
def test_inside_is_reached_by_what_is_listed_alone(text: str) -> None:
    for address in clothed(text):
        assert not may_reach(address, is_listed=False)
    assert may_reach(ip_address(text), is_listed=True)


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0",  # noqa: S104 - an address that must not be reached
        "0.1.2.3",
        "169.254.169.254",
        "169.254.170.2",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "168.63.129.16",
        "100.100.100.200",
        "::",
        "::2",
        "::7f00:1",
        "fe80::1",
        "fe80::1%eth0",
        "::1%lo",
        "fec0::1",
        "ff02::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "64:ff9b:1::1",
        "100::1",
        "5f00::1",
        "fd00:ec2::254",
    ],
)
def test_what_nobody_reaches(text: str) -> None:
    for address in clothed(text):
        assert not may_reach(address, is_listed=False)
        assert not may_reach(address, is_listed=True)


@given(st.ip_addresses())
def test_listing_never_closes_what_is_open(address: IPv4Address | IPv6Address) -> None:
    assert may_reach(address, is_listed=True) or not may_reach(address, is_listed=False)


def clothed(text: str) -> list[IPv4Address | IPv6Address]:
    """The address, and as IPv6 carries it."""
    address = ip_address(text)
    if isinstance(address, IPv6Address):
        return [address]
    number = int(address)
    return [address, IPv6Address((0xFFFF << 32) | number), IPv6Address(int(IPv6Address("64:ff9b::")) | number)]
