"""How the relay listens for HTTP: address, who may call from a browser, deadlines and limits."""

import re
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from relay.core.rate import Rate

_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?")
_OF_COURSE = re.compile(r"http://.*:80|https://.*:443")  # the ports that browsers leave out


class RateSettings(BaseModel):
    """`burst` requests at once, then `per_second`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    burst: float = Field(ge=1, description="how many at once")
    per_second: float = Field(gt=0, description="how many a second after that")

    @property
    def rate(self) -> Rate:
        return Rate(self.burst, self.per_second)


class LimitSettings(BaseModel):
    """Requests a caller may make. Addresses count only while nobody has signed in from there; of IPv6 the first 64 bits do."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    member: RateSettings = Field(RateSettings(burst=60, per_second=10), description="of one member")
    staff: RateSettings = Field(RateSettings(burst=2000, per_second=200), description="of one person of staff")
    key: RateSettings = Field(RateSettings(burst=5000, per_second=500), description="of one key of a company system")
    visitor: RateSettings = Field(
        RateSettings(burst=200, per_second=50), description="of one address to pages that need no sign-in"
    )
    failed: RateSettings = Field(RateSettings(burst=30, per_second=0.5), description="failed sign-ins of one address")
    guesses: RateSettings = Field(
        RateSettings(burst=20, per_second=0.05),
        description="wrong passphrases for one name from one address, or from one browser that signed in by it before",
    )
    strangers: RateSettings = Field(
        RateSettings(burst=200, per_second=0.5), description="wrong passphrases for one name from all other browsers together"
    )
    joins: RateSettings = Field(
        RateSettings(burst=500, per_second=0.2), description="newcomers of one address, behind which a whole hall may be"
    )
    invites: RateSettings = Field(
        RateSettings(burst=2000, per_second=5), description="newcomers by one invite, wherever they come from"
    )

    @model_validator(mode="before")
    @classmethod
    def _keep_the_other_half(cls, given: object) -> object:
        """Of a rate, `burst` and `per_second` can be set one without the other."""
        if not isinstance(given, dict):
            return given
        whole = {name: field.default.model_dump() for name, field in cls.model_fields.items()}
        return {name: {**whole.get(name, {}), **rate} if isinstance(rate, dict) else rate for name, rate in given.items()}


class HttpSettings(BaseModel):
    """Where and how the relay listens for HTTP and WebSocket."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8080, ge=0, le=65535, description="port to listen on; 0 picks a free one")
    public_url: str = Field(
        "", description='where browsers reach the relay, such as "https://relay.example.com"; sign-in links begin with it'
    )
    origins: tuple[str, ...] = Field(
        (), description='further origins whose pages may call the relay, such as "https://www.example.com"'
    )
    proxies: tuple[str, ...] = Field(
        (), description="addresses or networks of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed"
    )
    metrics_token: SecretStr = Field(
        SecretStr(""), description="bearer token of /metrics; without one it answers on loopback alone"
    )
    connections: int = Field(10_000, ge=1, description="open HTTP connections; members' streams are not among them")
    body_bytes: int = Field(262_144, ge=1024, description="largest request body")
    header_seconds: float = Field(10, gt=0, description="from the first byte of a request to the end of its header")
    body_seconds: float = Field(15, gt=0, description="from the end of the header to the end of the body")
    idle_seconds: float = Field(
        30, gt=0, description="until a connection without a request is closed; longer than the reverse proxy's, if there is one"
    )
    write_seconds: float = Field(30, gt=0, description="until a caller who reads no answer is cut off")
    drain_seconds: float = Field(5, gt=0, description="that running requests are given when the relay stops")
    events: int = Field(4096, ge=16, description="events of the staff stream that are kept for those who reconnect")
    limits: LimitSettings = Field(LimitSettings(), description="requests a caller may make")

    @field_validator("host")
    @classmethod
    def _said(cls, host: str) -> str:
        """An empty one, such as from a variable that nobody set, would listen on every address of the machine."""
        if not host or not host.isprintable():
            raise ValueError("is no address: 127.0.0.1 is this machine alone, 0.0.0.0 is everybody")
        return host

    @field_validator("origins")
    @classmethod
    def _as_browsers_send_them(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        """Anything else is never equal to what a browser sends, and would lock out the page without a word."""
        for number, origin in enumerate(origins, 1):
            if not _ORIGIN.fullmatch(origin):
                form = "scheme://host or scheme://host:port in small letters, without a path and without a slash at the end"
                raise ValueError(f"entry {number} is no origin: write {form}")
            if _OF_COURSE.fullmatch(origin):
                raise ValueError(f"entry {number} names the port that browsers leave out: leave it out here too")
        return origins

    @field_validator("public_url")
    @classmethod
    def _without_a_path(cls, url: str) -> str:
        if url and not (_ORIGIN.fullmatch(url) and url.startswith(("http://", "https://"))):
            raise ValueError("is no such address: write https://host in small letters, without a path and a slash at the end")
        return url

    @field_validator("proxies")
    @classmethod
    def _as_addresses(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        for number, proxy in enumerate(proxies, 1):
            try:
                ip_network(proxy)
            except ValueError:
                what = "is no IP address and no network: write such as 127.0.0.1, ::1 or 10.0.0.0/8, with zeros behind its bits"
                raise ValueError(f"entry {number} {what}") from None
        return proxies

    @cached_property
    def _networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        return tuple(map(ip_network, self.proxies))

    def is_proxy(self, remote: str) -> bool:
        """Whether the caller at this address is a proxy that is believed; "" is nobody, as on a Unix socket."""
        if not self.proxies or not remote:
            return False
        address = ip_address(remote)
        return any(address in network for network in self._networks)
