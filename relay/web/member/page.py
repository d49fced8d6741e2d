"""The pages as templates and words, and the headers that every one of them carries."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from relay.core.joining import DEFAULT_VERSION
from relay.core.moment import rfc3339
from relay.web.assets import POLICY
from relay.web.member.words import NAMES, Words, load, spoken
from relay.web.problem import NOT_FOUND, SECURITY
from relay.web.route import PARAMETERS, Told

FOLDER: Final = Path(__file__).parent.parent / "pages" / "member"
HEADERS: Final[Mapping[str, str]] = {
    **SECURITY,
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": POLICY.format(scripts=""),
    # A form sends its Origin to who asks whether it is our own; with no-referrer browsers would say null.
    "Referrer-Policy": "same-origin",
}
ADDRESS: Final = re.compile(r"""https?://[^\s<>"']*[^\s<>"'.,:;!?()[\]{}…]""", re.IGNORECASE)  # as in look/links.js
KNOWN_ERRORS: Final = frozenset({403, 404, 408, 409, 413, 422, 429, 503})
OTHERS: Final = 500
SAID_AS: Final = {405: NOT_FOUND, 415: 422}  # the address of a form, entered by hand; what no form sends
HERE: Final = ("/c/", "/i/")  # what the addresses of the pages begin with
HOME: Final = re.compile(rf"/c/{PARAMETERS['slug']}(?=/|$)")


@dataclass(frozen=True, slots=True)
class Pages:
    """What pages are made of; read once."""

    templates: Environment
    words: Mapping[str, Words]

    def render(self, template: str, words: Words, status: int = 200, **values: object) -> web.Response:
        """A page; nothing of it is kept by whoever passes it on. The worker of the pages reads which language it is in."""
        body = self.templates.get_template(template).render(say=words, languages=NAMES, standard=DEFAULT_VERSION, **values)
        return web.Response(text=body, status=status, headers={**HEADERS, "Content-Language": words.language})


PAGES: Final = web.AppKey("pages", Pages)
SPOKEN: Final = web.RequestKey("words of who asks", Words)
"""There from the moment on at which it is known who that is."""


def pages() -> Pages:
    """Reads templates and words."""
    templates = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    templates.filters["rfc3339"] = rfc3339
    templates.filters["pieces"] = pieces
    return Pages(templates, load())


def pieces(text: str) -> Iterator[tuple[str, bool]]:
    """A text in pieces, apart those that are addresses, written out with their scheme. The page's script finds the same."""
    at = 0
    for found in ADDRESS.finditer(text):
        yield text[at : found.start()], False
        yield found[0], True
        at = found.end()
    yield text[at:], False


def see_other(address: str) -> web.Response:
    """After a form, so that reloading sends nothing again."""
    return web.Response(status=303, headers={**HEADERS, "Location": address})


def told(request: web.Request, problem: web.Response) -> web.Response:
    """A problem as a page in plain words, with a way on; it says no more than the problem does.

    In the language that pages of who asks are in, or where nobody knows yet who that is, in the one that the browser asks for.
    """
    made = request.app[PAGES]
    asked = spoken(request.query.get("language", ""), request.headers.get("Accept-Language", ""))
    words = request.get(SPOKEN) or made.words[asked]
    status = problem.status
    kind = SAID_AS.get(status, status if status in KNOWN_ERRORS else OTHERS)
    home = HOME.match(request.rel_url.raw_path)
    page = made.render("error.html", words, status, kind=kind, page=home and home[0])
    page.headers.update({name: problem.headers[name] for name in ("Allow", "Retry-After") if name in problem.headers})
    return page


def told_at(request: web.Request) -> Told | None:
    """How somebody in a browser is told who is at an address that no page has, but near those of the pages."""
    is_browser = "text/html" in request.headers.get("Accept", "")
    return told if is_browser and request.path.startswith(HERE) else None
