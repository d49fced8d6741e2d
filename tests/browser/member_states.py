"""Every page that a member sees in every state worth a look, by name, and how one gets there."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from playwright.async_api import WebSocketRoute

from tests.browser.reader import Reader
from tests.browser.scene import Scene

Reach = Callable[[Reader, Scene], Awaitable[None]]

ANSWERED, REJECTED, PAUSED, GONE, NEW = "answered", "rejected", "paused", "gone", "new"


@dataclass(frozen=True, slots=True)
class State:
    """`who` is a member by their part in the story, None a visitor."""

    reach: Reach
    who: str | None = None


def at(page: str, *, shows: str, who: str | None = ANSWERED) -> State:
    """A page below the community's own, `shows` being the key of something that stands there."""

    async def reach(reader: Reader, _: Scene) -> None:
        await reader.open(page)
        await reader.sees(reader.page.get_by_text(reader.words.pattern(shows)).first)

    return State(reach, who)


async def _not_there(reader: Reader, _: Scene) -> None:
    reader.watch.expects(404, "/i/no-such-invite")
    await reader.visit("/i/no-such-invite")
    await reader.sees(reader.heading("error.404.title"))


async def _invited(reader: Reader, scene: Scene) -> None:
    await reader.page.goto(scene.invite)
    await reader.field("invite.name").fill("Ada Muster")


async def _confirming(reader: Reader, scene: Scene) -> None:
    await _invited(reader, scene)
    await reader.button("invite.join").click()
    await reader.sees(reader.heading("confirm.title"))


async def _replying(reader: Reader, _: Scene) -> None:
    await reader.open()
    await reader.link("stream.reply").last.click()
    await reader.field("stream.field").fill(reader.words("stream.empty", name=reader.slug))


async def _appealing(reader: Reader, _: Scene) -> None:
    await reader.open()
    await reader.page.locator("details.appeal summary").last.click()


async def _offline(reader: Reader, _: Scene) -> None:
    async def hang_up(socket: WebSocketRoute) -> None:
        await socket.close(code=1012)

    await reader.page.route_web_socket("**/stream", hang_up)
    await reader.open()
    await reader.sees(reader.page.get_by_role("status").get_by_text(reader.words.pattern("live.offline")))
    await reader.writes(reader.words("live.waiting"))


MEMBER: Final[Mapping[str, State]] = MappingProxyType(
    {
        "invite": State(_invited),
        "confirm": State(_confirming),
        "community": at("", shows="community.how", who=None),
        "imprint": at("/imprint", shows="imprint.title", who=None),
        "not-there": State(_not_there),
        "stream": at("", shows="stream.reply"),
        "stream-new": at("", shows="stream.empty", who=NEW),
        "stream-rejected": State(_appealing, REJECTED),
        "stream-reply": State(_replying, ANSWERED),
        "stream-offline": State(_offline, ANSWERED),
        "stream-paused": at("", shows="stream.paused", who=PAUSED),
        "stream-left": at("", shows="stream.left", who=GONE),
        "you": at("/you", shows="settings.title"),
        "you-paused": at("/you", shows="settings.paused", who=PAUSED),
        "you-left": at("/you", shows="settings.left_lead", who=GONE),
        "leave": at("/leave", shows="leave.title"),
        "back": at("/back", shows="back.title", who=GONE),
        "erase": at("/erase", shows="erase.title"),
    }
)
