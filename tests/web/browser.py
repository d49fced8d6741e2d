"""A browser without scripts: it reads HTML, keeps cookies, follows links and redirects, fills in forms and sends them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Self
from urllib.parse import urljoin, urlsplit

import aiohttp
from yarl import URL

VOID = {"meta", "link", "input", "img", "br", "path", "circle", "rect"}
MOST = 5  # redirects


def secret_of(link: str) -> str:
    """What the console sends of a one-time link."""
    return link.partition("#link=")[2]


@dataclass
class Form:
    """One form of a page: where it goes, and what it holds as it stands."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class Page(HTMLParser):
    """What somebody sees: the text outside of templates and scripts, links, forms."""

    def __init__(self, url: str, status: int, html: str) -> None:
        super().__init__()
        self.url = url
        self.status = status
        self.html = html
        self.tags: list[str] = []
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.pictures: list[str] = []
        self.language = ""
        self._text: list[str] = []
        self._within: list[str] = []
        self._area = ""
        self.feed(html)
        self.close()

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._text).split())

    def form(self, action: str) -> Form:
        (found,) = self.forms_to(action)
        return found

    def forms_to(self, action: str) -> list[Form]:
        return [form for form in self.forms if form.action.endswith(action)]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        assert not any(name.startswith("on") or name == "style" for name in given), given
        if tag not in VOID:
            self._within.append(tag)
        if tag == "html":
            self.language = given["lang"]
        if "template" in self._within:
            return
        if tag == "a":
            self.links.append(given["href"])
        elif tag == "img":
            self.pictures.append(given["src"])
        elif tag == "form":
            self.forms.append(Form(given["action"], given.get("method", "get")))
        elif tag in {"input", "textarea"} and "name" in given:
            self.forms[-1].fields[given["name"]] = given.get("value", "")
        elif tag == "button" and "form" in self._within:
            self.forms[-1].buttons.append((given.get("name", ""), given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        while tag not in VOID and self._within and self._within.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not {"template", "script", "title"} & set(self._within):
            self._text.append(data)


@dataclass
class Browser:
    """One browser of one person; `seen` is every byte that it got, headers included."""

    origin: str
    session: aiohttp.ClientSession
    language: str = "en"
    page: Page = field(init=False)
    headers: dict[str, str] = field(default_factory=dict)
    seen: bytearray = field(default_factory=bytearray)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()

    @property
    def cookies(self) -> dict[str, str]:
        return {cookie.key: cookie.value for cookie in self.session.cookie_jar}

    async def open(self, address: str) -> Page:
        return await self._go("GET", urljoin(self.origin, address), None)

    async def follow(self, ending: str) -> Page:
        """The link that ends so."""
        link = next(link for link in self.page.links if link.endswith(ending))
        return await self.open(urljoin(self.page.url, link))

    async def send(self, form: Form, **fields: str) -> Page:
        """As a person would: what the form holds, and what they enter; a button is a field as well."""
        return await self._go("POST", urljoin(self.page.url, form.action), {**form.fields, **fields})

    async def submit(self, action: str, **fields: str) -> Page:
        return await self.send(self.page.form(action), **fields)

    async def _go(self, method: str, url: str, fields: dict[str, str] | None) -> Page:
        for _ in range(MOST):
            sent = {"Accept-Language": self.language, **({"Origin": self.origin} if method == "POST" else {}), **self.headers}
            async with self.session.request(
                method, URL(url, encoded=True), data=fields, headers=sent, allow_redirects=False
            ) as got:
                raw = await got.read()
                self.seen += raw + repr(got.headers).encode()
                if got.status != 303:
                    html = raw.decode() if got.content_type == "text/html" else ""
                    self.page = Page(url, got.status, html)
                    return self.page
                url, method, fields = urljoin(url, got.headers["Location"]), "GET", None
        raise AssertionError(f"no end of redirects at {urlsplit(url).path}")


def browser(origin: str, language: str = "en") -> Browser:
    """A fresh one, without cookies."""
    jar = aiohttp.CookieJar(unsafe=True)  # of an address that is a number as well
    return Browser(origin, aiohttp.ClientSession(cookie_jar=jar, timeout=aiohttp.ClientTimeout(10)), language)


async def joined(one: Browser, invite: str, name: str = "Ada") -> Browser:
    """Somebody who came in by an invite, at their stream."""
    await one.open(invite)
    await one.submit(invite, name=name)
    await one.submit("/confirm")
    assert one.page.url.endswith("/c/bad"), one.page.html
    return one
