"""Links: where a message leads, and whether it says so.

`allow` names domains that are always fine, `refuse` those that never are; each stands for everything below it. What hides its
goal is flagged: a look-alike name, a name before an @, a bare number. A shortener is a hint, many links are flagged.
"""

import re
import unicodedata
from collections.abc import AsyncIterator, Iterator
from collections.abc import Set as AbstractSet
from ipaddress import ip_address

from pydantic import BaseModel, ConfigDict, Field, field_validator

from relay.plugin import Context, Incoming, Link, Plugin, Signal

SHORTENERS = tuple(
    "adf.ly bit.ly bl.ink buff.ly cutt.ly goo.gl is.gd kurzelinks.de lnkd.in ow.ly qrco.de rb.gy rebrand.ly s.id shorte.st"
    " shorturl.at t.ly t1p.de tiny.cc tinyurl.com v.gd".split()
)  # not t.co: a platform puts it around every link, whoever wrote it
DEEPEST = 8  # labels of a host that are looked up
_DOMAIN = re.compile(r"[\w-]+(?:\.[\w-]+)+")
_SPELLED_DOT = re.compile(r"\s?[\[({<]\s?(?:\.|dot|punkt)\s?[\])}>]\s?|\s(?:dot|punkt)\s|\s?[.。]\s?")
_HONEST = frozenset("øłđßæœþðħı")  # letters of living languages that are no plain letter with a mark


class Options(BaseModel):
    """Which domains, and how many links."""

    model_config = ConfigDict(extra="forbid")

    allow: tuple[str, ...] = Field((), description="domains that are always fine, with all below them, such as your own")
    only_allowed: bool = Field(default=False, description="whether a link to any other domain is flagged")
    refuse: tuple[str, ...] = Field(
        (), description="domains that are held, with all below them, evil[.]com and evil dot com too"
    )
    shorteners: tuple[str, ...] = Field(SHORTENERS, description="domains whose links do not show where they lead")
    most: int = Field(5, ge=0, le=100, description="different links of one message that are still fine")

    @field_validator("allow", "refuse", "shorteners")
    @classmethod
    def _are_domains(cls, entries: tuple[str, ...]) -> tuple[str, ...]:
        names = [entry.strip().lower().removeprefix("www.") for entry in entries]
        for name in names:
            if not _DOMAIN.fullmatch(name):
                raise ValueError(f"{name!r} should be a domain such as example.com, without https:// and without a path")
        return tuple(name.encode().decode("idna") if "xn--" in name else name for name in names)


class Links(Plugin[Options]):
    """Looks up the host of every link, and in a text that spells them out the refused ones."""

    name, version, api = "links", "1.0", 1
    signals = {"links.refused": 5.0, "links.disguised": 4.0, "links.foreign": 2.5, "links.many": 2.5, "links.shortener": 1.5}
    told = {
        "links.refused": {
            "en": "it leads to a page that is not allowed here",
            "de": "sie führt zu einer Seite, die hier nicht erlaubt ist",
        },
        "links.disguised": {"en": "a link in it hides where it leads", "de": "ein Link darin verbirgt, wohin er führt"},
        "links.foreign": {"en": "it leads to pages that are not ours", "de": "sie führt zu Seiten, die nicht unsere sind"},
        "links.many": {"en": "it holds many links", "de": "sie enthält viele Links"},
        "links.shortener": {"en": "it holds a shortened link", "de": "sie enthält einen gekürzten Link"},
    }  # fmt: skip
    examples = [
        ("Alles dazu steht auf www.example.com/hilfe, oder?", set()),
        ("Schaut mal: https://bit.ly/3xyz", {"links.shortener"}),
        ("Log in at http://раураl.com today", {"links.disguised"}),  # noqa: RUF001 - look-alikes are the subject
        ("https://www.example.com@8.8.8.8/login", {"links.disguised"}),
    ]

    def __init__(self, options: Options) -> None:
        """Make sets of the lists."""
        super().__init__(options)
        self.allow, self.refuse, self.short = map(frozenset, (options.allow, options.refuse, options.shorteners))

    def wants(self, incoming: Incoming) -> bool:
        """Leave a text without a link alone, unless a refused domain may be spelled out."""
        return bool(self.refuse or incoming.text.links)

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        """Give each kind of fault once, with the place of the first link that has it."""
        links = [link for link in incoming.text.links if not _under(link.host, self.allow)]
        faults = {what: (reason, link) for link in reversed(links) for what, reason in self._faults(link)}
        for what, (reason, link) in faults.items():
            yield Signal(f"links.{what}", reason=reason, start=link.start, end=link.end)
        if self.refuse and "refused" not in faults:
            spelled = _SPELLED_DOT.sub(".", incoming.text.folded)
            if any(_under(host, self.refuse) for host in _DOMAIN.findall(spelled)):
                yield Signal("links.refused", reason="a refused domain, spelled out")
        if (count := len({link.url for link in links})) > self.options.most:
            yield Signal("links.many", reason=f"{count} different links, at most {self.options.most} are fine")

    def _faults(self, link: Link) -> Iterator[tuple[str, str]]:
        if _under(link.host, self.refuse):
            yield "refused", "a refused domain"
        if link.user or _is_bare_number(link) or _is_look_alike(link):
            yield "disguised", "a link that hides where it leads"
        if _under(link.host, self.short):
            yield "shortener", "a shortened link"
        if self.options.only_allowed:
            yield "foreign", "a link to a domain that is not allowed"


def _under(host: str, domains: AbstractSet[str]) -> bool:
    labels = host.split(".")[-DEEPEST:]
    return any(".".join(labels[first:]) in domains for first in range(len(labels) - 1))


def _is_bare_number(link: Link) -> bool:
    try:
        return ip_address(int(link.host) if link.host.isdigit() else link.host).is_global  # http://192.168.1.1 is a router
    except ValueError:
        return False


def _is_look_alike(link: Link) -> bool:
    if link.host.isascii() or not link.reads_as.isascii():
        return False
    return not all(unicodedata.normalize("NFD", char)[0].isascii() or char in _HONEST for char in link.host)
