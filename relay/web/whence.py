"""Whence a request comes: its address, by which scheme, from this machine or not, and from whose page."""

import ipaddress
import re
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network

from aiohttp import web

from relay.core.errors import Denied
from relay.web.settings import HttpSettings

LINE = 64  # bits: what a provider gives one line at the least (RFC 6177), so that whoever has one has all addresses in it
_HOST = re.compile(r"([A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")  # a name or an address, and a port
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP")


@dataclass(frozen=True, slots=True)
class Whence:
    """Reads headers alone; what a believed proxy says counts, what others say of themselves does not."""

    settings: HttpSettings

    def address(self, request: web.Request) -> str:
        """What counts as one caller's address, as a believed proxy tells it: of IPv6 the whole line.

        Empty where there is none, as on a Unix socket.
        """
        remote = request.remote or ""
        if self.settings.is_proxy(remote):
            remote = request.headers.getall("X-Forwarded-For", [remote])[-1].rpartition(",")[2].strip()
        return _line(remote)

    def is_https(self, request: web.Request) -> bool:
        """Whether it came encrypted to the relay, or to a proxy that is believed."""
        return self._origin(request).startswith("https:")

    def site(self, request: web.Request) -> str:
        """The relay's own address as browsers have it, without a slash at the end. Raises HTTPBadRequest for a broken Host."""
        if self.settings.public_url:
            return self.settings.public_url
        if not _HOST.fullmatch(request.host):
            raise web.HTTPBadRequest
        return self._origin(request)

    def is_own_page(self, request: web.Request) -> bool:
        """Whether a page of the relay itself asks; what only reads may also come from nowhere, such as an address typed in."""
        origin = request.headers.get("Origin")
        if origin is not None:
            return origin == self._origin(request)
        fetched = request.headers.get("Sec-Fetch-Site")
        is_plain = request.method == "GET" and "Upgrade" not in request.headers
        return fetched == "same-origin" or (is_plain and fetched in {None, "none"})

    def check_origin(self, request: web.Request, *, is_page: bool = False) -> str | None:
        """The foreign origin that may call, None for no browser and for our own pages. Raises Denied for all others."""
        origin = request.headers.get("Origin")
        if origin is None:
            if request.headers.get("Sec-Fetch-Site") == "cross-site" and not is_page:
                raise Denied("Pages of other sites may not call the relay.")
            return None
        if origin in self.settings.origins:
            return origin
        if origin != self._origin(request):
            raise Denied("Pages of this origin may not call the relay.")
        return None

    def _origin(self, request: web.Request) -> str:
        """The one that the relay's own pages have."""
        scheme = request.scheme
        if self.settings.is_proxy(request.remote or ""):
            scheme = request.headers.get("X-Forwarded-Proto", scheme)
        return f"{scheme}://{request.host}"


def is_local(request: web.Request) -> bool:
    """Whether it comes from this machine.

    A page that rebinds its name to loopback has another Host; a proxy on this machine names whom it speaks for.
    """
    found = _HOST.fullmatch(request.host)
    is_here = _is_loopback(request.remote) and found is not None and _is_loopback(found[1])
    return is_here and not any(name in request.headers for name in _FORWARDED)


def _line(address: str) -> str:
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if not isinstance(known, IPv6Address):
        return address
    return str(known.ipv4_mapped or IPv6Network((int(known), LINE), strict=False))


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address((host or "").strip("[]")).is_loopback
    except ValueError:
        return False
