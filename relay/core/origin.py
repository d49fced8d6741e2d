"""Origin: the scheme, host and port that a URL leads to, and which network addresses may be behind its name.

A URL is read in one strict way: what two readers could take for two hosts is refused, such as a number for an address, a name
with a dot behind it, or letters beyond ASCII.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

PORTS: Final = {"https": 443, "http": 80}
LONGEST_URL: Final = 2000  # characters
_PLAIN: Final = re.compile(r"[!-~]+")
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")  # an old reader takes a name that ends so for an address

Address = IPv4Address | IPv6Address

_NAT64: Final = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in other clothes
_NOT_GLOBAL: Final = tuple(
    ip_network(each)
    for each in (
        "0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4",
        "168.63.129.16/32",  # Azure's own services of a machine: global by number, not by place
        "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",  # tunnels, benchmarks, documentation
    )
)  # fmt: skip
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_INSIDE: Final = tuple(
    ip_network(each)
    for each in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "::1/128", "fc00::/7")
)
_METADATA: Final = frozenset({ip_address("100.100.100.200"), ip_address("fd00:ec2::254")})  # Alibaba, Amazon


class UrlError(ValueError):
    """The URL cannot be used; the message says what to write instead, and holds nothing of it."""


@dataclass(frozen=True, slots=True)
class Origin:
    """`host` is a name in lower case, or an address as `ipaddress` writes it."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == PORTS[self.scheme] else f":{self.port}")


def read_url(url: str) -> tuple[Origin, str]:
    """Its origin, and the path with the query. Raises UrlError."""
    if len(url) > LONGEST_URL or not _PLAIN.fullmatch(url) or "\\" in url:
        raise UrlError(f"write it in at most {LONGEST_URL} plain letters, without spaces; others as %20 or xn--")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UrlError("is no URL such as https://ask.example.com/check") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise UrlError("begin it with https:// and a host")
    if "@" in parts.netloc or parts.fragment:
        raise UrlError("leave out what stands before an @ and behind a #")
    if port == 0 or parts.netloc.endswith(":"):
        raise UrlError("the port is a number from 1 to 65535")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Origin(parts.scheme, _host(parts.hostname, parts.netloc), port or PORTS[parts.scheme]), path


def read_origin(url: str) -> Origin:
    """The same of a URL that has nothing behind the port. Raises UrlError."""
    origin, path = read_url(url)
    if path != "/":
        raise UrlError("leave out the path: scheme, host and port alone")
    return origin


def address_in(host: str) -> Address | None:
    """The address that stands there instead of a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def may_reach(address: Address, *, is_listed: bool) -> bool:
    """Whether a connection may go there: anywhere in the open net; inside only for an origin that the operator lists.

    Link-local addresses, where clouds keep the keys of a machine, multicast and unspecified ones are reached for nobody.
    """
    bare = _bare(address)
    if bare is None:
        return False
    if is_listed and bare not in _METADATA and any(bare in network for network in _INSIDE):
        return True
    if isinstance(bare, IPv6Address) and bare not in _GLOBAL_UNICAST:
        return False
    return bare.is_global and not bare.is_multicast and not any(bare in network for network in _NOT_GLOBAL)


def _bare(address: Address) -> Address | None:
    """Without the clothes in which IPv6 carries IPv4; None for an address that is good on one link alone."""
    if isinstance(address, IPv4Address):
        return address
    if address.scope_id is not None:
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return IPv4Address(address.packed[-4:]) if address in _NAT64 else address


def _host(host: str, netloc: str) -> str:
    found = address_in(host)
    if found is not None:
        if (":" in host) != netloc.startswith("[") or "%" in host:
            raise UrlError("write an IPv6 address in brackets, without a zone")
        return str(found)
    labels = host.split(".")
    if len(host) > 253 or not all(map(_LABEL.fullmatch, labels)) or _NUMBER.fullmatch(labels[-1]):  # noqa: PLR2004 - RFC 1035
        raise UrlError("the host is a name such as ask.example.com, or an address such as 192.0.2.1 or [2001:db8::1]")
    return host
