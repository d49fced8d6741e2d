"""Somebody in front of a page: what they see by its words and roles, as people and screen readers find it."""

import re

from playwright.async_api import BrowserContext, Locator, Page, expect

from tests.browser.watch import Watch
from tests.browser.words import Words


class Window:
    """One page in a context of its own. Controls are named by the key of their words; `values` fill in their braces."""

    def __init__(self, page: Page, watch: Watch, words: Words, origin: str) -> None:
        self.page = page
        self.watch = watch
        self.words = words
        self.origin = origin

    @property
    def context(self) -> BrowserContext:
        return self.page.context

    async def visit(self, path: str) -> None:
        await self.page.goto(self.origin + path)

    def button(self, key: str, **values: object) -> Locator:
        """With a key on it or without."""
        name = re.compile(rf"^{re.escape(self.words(key, **values))}( [A-Z])?$")
        return self.page.get_by_role("button", name=name)

    def link(self, key: str, **values: object) -> Locator:
        return self.page.get_by_role("link", name=self.words(key, **values), exact=True)

    def field(self, key: str, **values: object) -> Locator:
        return self.page.get_by_label(self.words(key, **values), exact=True)

    def heading(self, key: str, **values: object) -> Locator:
        return self.page.get_by_role("heading", name=self.words(key, **values), exact=True)

    def text(self, key: str, **values: object) -> Locator:
        return self.said(self.words(key, **values))

    def said(self, text: str) -> Locator:
        return self.page.get_by_text(text, exact=True)

    async def sees(self, *found: Locator) -> None:
        for one in found:
            await expect(one).to_be_visible()

    async def sees_no(self, *found: Locator) -> None:
        for one in found:
            await expect(one).to_have_count(0)
