"""Newcomer: links and files from somebody who has hardly written yet.

Spam comes with the first messages, and with a link. So does many an honest question; by itself this is a hint, and together
with anything else that a plugin sees it brings the message before staff. `approved` counts what staff or the relay let through.
"""

from collections.abc import AsyncIterator

from pydantic import BaseModel, ConfigDict, Field

from relay.plugin import Context, Incoming, Link, Plugin, Signal


class Options(BaseModel):
    """For how long somebody is new, and which domains are yours."""

    model_config = ConfigDict(extra="forbid")

    first: int = Field(3, ge=1, le=100, description="messages that are let through until a member is no newcomer any more")
    allow: tuple[str, ...] = Field((), description="domains that anybody may link to from the start, such as example.com")


class Newcomer(Plugin[Options]):
    """Looks at what comes with a member's first messages."""

    name, version, api = "newcomer", "1.0", 1
    signals = {"newcomer.link": 1.25, "newcomer.attachment": 1.25}
    told = {
        "newcomer.link": {
            "en": "one of your first messages holds a link",
            "de": "eine deiner ersten Nachrichten enthält einen Link",
        },
        "newcomer.attachment": {
            "en": "one of your first messages brings a file",
            "de": "eine deiner ersten Nachrichten bringt eine Datei mit",
        },
    }  # fmt: skip
    examples = [
        ("Check this out: https://shop.example.com/win", {"newcomer.link"}),
        ("Ich bin neu hier.Wann geht es los?", set()),
    ]
    stage = "behaviour"

    def wants(self, incoming: Incoming) -> bool:
        """Only newcomers are looked at."""
        return incoming.member.approved < self.options.first and not incoming.member.trusted

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        """Name the first link that is not allowed, and the files."""
        reason = f"one of the member's first {self.options.first} messages"
        for link in incoming.text.links:
            if _is_meant(link) and link.domain not in self.options.allow:
                yield Signal("newcomer.link", reason=f"a link in {reason}", start=link.start, end=link.end)
                break
        if incoming.attachments:
            yield Signal("newcomer.attachment", reason=f"a file with {reason}")


def _is_meant(link: Link) -> bool:
    """A sentence that ends without a blank (Quiz.Win) is no link: capitals behind the dot tell."""
    return link.explicit or "/" in link.url or link.url.rpartition(".")[2].islower()
