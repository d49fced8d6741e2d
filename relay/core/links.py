"""Links: web addresses in a text, each with the domain that somebody registered.

Names are read as browsers read them: xn-- and wide letters become what they stand for, a foreign full stop is a dot, and what
stands before an @ is no part of the host.
"""

import re
import unicodedata
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

MOST_LINKS = 100  # a text with more is judged by the first ones: nobody reads that many

LONGEST_LABEL = 63  # of a name in the DNS, RFC 1035

_LINK = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]{1,10})://(?P<user>[^\s/?#@<>\"']{1,200}@)?|(?P<www>(?=www[.\u3002\uff0e\uff61])))?"
    r"(?P<host>[^\W_](?:[\w-]|[.\u3002\uff0e\uff61](?=[^\W_]))*)",
    re.IGNORECASE,
)
_REST = re.compile(r"(?::\d{1,5})?[/?#][^\s<>\"']*|:\d{1,5}\b")
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_DOTS = re.compile("[\u3002\uff0e\uff61]")  # a browser takes each for a dot
_GATE = re.compile("[.:\u3002\uff0e\uff61](?://|[^\\W_])")  # every link has one, and few sentences: their dots end them


@dataclass(frozen=True, slots=True)
class Link:
    """`domain` is the registrable part of `host` (example.co.uk), the host itself for a number or an unknown ending.

    `explicit` tells an address with a scheme or www. from words that merely look like one (end.of sentence). `reads_as` is the
    host as a hurried reader takes it, look-alikes as Latin letters; `user` is what stands before an @ in front of it.
    """

    url: str
    host: str
    domain: str
    start: int
    end: int
    explicit: bool
    reads_as: str = ""
    user: str = ""


def links(text: str, suffixes: AbstractSet[str]) -> Iterator[Link]:
    """Find links in `text`, at most MOST_LINKS; without a scheme or www. only known public suffixes count."""
    if not _GATE.search(text):
        return
    found = 0
    taken = 0
    for match in _LINK.finditer(text):
        if match.start() < taken or not ("." in match["host"] or match["scheme"] or _DOTS.search(match["host"])):
            continue
        link = _link(text, match, suffixes)
        if link is None:
            continue
        taken = link.end
        yield link
        found += 1
        if found == MOST_LINKS:
            return


def plain_host(host: str) -> str:
    """Give a host in lower case as a browser would show it: xn-- read, wide letters made plain, every dot a full stop."""
    if host.isascii():
        host = host.lower()
        return ".".join(map(_unpuny, host.split("."))) if "xn--" in host else host
    return ".".join(map(_unpuny, _DOTS.sub(".", unicodedata.normalize("NFKC", host)).lower().split(".")))


def _unpuny(label: str) -> str:
    if label.startswith("xn--") and len(label) <= LONGEST_LABEL:
        try:
            return label[4:].encode("ascii").decode("punycode")
        except (UnicodeError, ValueError, OverflowError):
            pass
    return label


def registrable(host: str, suffixes: AbstractSet[str]) -> str | None:
    """Give the part of `host` that somebody registered, None when no public suffix ends it; rules of publicsuffix.org."""
    labels = host.split(".")
    for cut in range(max(0, len(labels) - 6), len(labels)):
        suffix = ".".join(labels[cut:])
        if f"!{suffix}" in suffixes:
            return suffix
        wild = ".".join(["*", *labels[cut + 1 :]])
        if suffix in suffixes or (wild in suffixes and cut + 1 < len(labels)):
            return ".".join(labels[cut - 1 :]) if cut else None
    return None


def _link(text: str, match: re.Match[str], suffixes: AbstractSet[str]) -> Link | None:
    host = plain_host(match["host"])
    if _before(text, match.start()) == "@":
        return None
    explicit = match["scheme"] is not None or match["www"] is not None
    domain = host if _ADDRESS.fullmatch(host) else registrable(host, suffixes)
    if domain is None:
        if not explicit:
            return None
        domain = host
    if domain is host and not explicit and _ADDRESS.fullmatch(host):
        return None
    rest = _REST.match(text, match.end())
    end = rest.end() if rest else match.end()
    url = text[match.start() : end].rstrip(".,;:!?)")
    user = (match["user"] or "").rstrip("@")
    return Link(url, host, domain, match.start(), match.start() + len(url), explicit, host, user)


def _before(text: str, start: int) -> str:
    return text[start - 1] if start else ""
