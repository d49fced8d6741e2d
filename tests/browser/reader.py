"""A member in front of the member page."""

from playwright.async_api import Locator, expect

from tests.browser.window import Window


class Reader(Window):
    """The stream of one member, in a browser that is theirs alone."""

    slug: str

    async def sign_in_by_token(self, slug: str, token: str) -> None:
        """As somebody whose browser has joined before."""
        self.slug = slug
        await self.context.add_cookies([{"name": f"relay-m-{slug}", "value": token, "url": self.origin}])

    async def open(self, page: str = "") -> None:
        await self.visit(f"/c/{self.slug}{page}")

    async def joins(self, slug: str, invite: str, name: str = "") -> None:
        """By the link of an invite, to the stream."""
        self.slug = slug
        await self.page.goto(invite)
        if name:
            await self.field("invite.name").fill(name)
        await self.button("invite.join").click()
        await self.button("confirm.yes").click()
        await expect(self.field("stream.field")).to_be_visible()

    @property
    def status(self) -> Locator:
        """What the page says of its connection, and of what could not be sent."""
        return self.page.locator(".status")

    def item(self, text: str) -> Locator:
        """What stands in the stream and holds this text."""
        return self.page.get_by_role("listitem").filter(has=self.page.get_by_text(text, exact=True))

    async def writes(self, text: str) -> None:
        await self.field("stream.field").fill(text)
        await self.button("stream.send").click()
        await expect(self.item(text)).to_be_visible()

    async def has_sent(self, text: str) -> None:
        """It is shown before: now the relay has it."""
        await expect(self.item(text)).to_contain_text(self.words("stream.sent"))
