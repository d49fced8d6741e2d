"""A colleague at their desk: the console in a browser, signed in by a one-time link."""

import re
from dataclasses import dataclass

from playwright.async_api import Locator, expect

from tests.browser.window import Window

PASSPHRASE = "lantern orbit meadow thirteen"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of staff; `link` lets them in once."""

    id: str
    name: str
    link: str


class Desk(Window):
    """The console as one person has it."""

    person: Person

    async def sign_in_by_link(self, person: Person) -> None:
        """As the page does it, without the page, which has its own test."""
        self.person = person
        body = {"link": person.link.partition("#link=")[2], "passphrase": PASSPHRASE}
        answer = await self.context.request.post(f"{self.origin}/v1/sign-in:link", data=body, headers={"Origin": self.origin})
        assert answer.status == 200, await answer.text()

    async def open(self, *place: str) -> None:
        """`open("pool", "inbox", "open")` is where the address says so."""
        await self.visit(f"/console#/{'/'.join(place)}")

    def row(self, name: str) -> Locator:
        """What a list has of a member or a post."""
        return self.page.locator(".rows").get_by_role("link").filter(has_text=name)

    def entry(self, text: str) -> Locator:
        """A message in the open thread."""
        log = self.page.get_by_role("log", name=self.words("messages"))
        return log.get_by_text(text, exact=True)

    def counted(self, place: str) -> Locator:
        """What the rail says beside one of its places."""
        rail = self.page.get_by_role("navigation", name=self.words("places"))
        return rail.get_by_role("link").filter(has_text=self.words(place))

    async def answers(self, name: str, text: str) -> None:
        """In the open thread."""
        await self.page.get_by_role("textbox", name=self.words("answer.act", name=name)).fill(text)
        await self.button("answer.act", name=name).click()
        await expect(self.entry(text)).to_be_visible()

    async def posts(self, slug: str, text: str, audience: int) -> None:
        await self.open(slug, "posts", "new")
        await self.field("post.text").fill(text)
        await self.button("post.act", n=audience).click()
        await self.page.get_by_role("dialog").get_by_role("button", name=self.words("post.act", n=audience)).click()
        await expect(self.page).to_have_url(re.compile(rf"#/{slug}/posts/(?!new)"))
