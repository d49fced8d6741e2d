"""Every page of the console in every state worth a look, by name, and how one gets there."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final

from playwright.async_api import Error, Route, WebSocketRoute

from tests.browser.desk import PASSPHRASE, Desk
from tests.browser.scene import Scene

HOUR = timedelta(hours=1)
Reach = Callable[[Desk, Scene], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class State:
    """`reach` brings a desk there; `is_visitor`: nobody is signed in."""

    reach: Reach
    is_visitor: bool = False


def at(*place: str, shows: str, then: Reach | None = None) -> State:
    """Where an address leads, `shows` being the key of something that stands there."""

    async def reach(desk: Desk, scene: Scene) -> None:
        await desk.open(*(part.format_map(scene.places) for part in place))
        await desk.sees(desk.page.locator("main").get_by_text(desk.words.pattern(shows)).first)
        if then is not None:
            await then(desk, scene)

    return State(reach)


def by(key: str, *, shows: str, **values: int) -> Reach:
    """The button with these words, and what it opens."""

    async def reach(desk: Desk, _: Scene) -> None:
        await desk.button(key, **values).first.click()
        await desk.sees(desk.page.get_by_role("dialog").get_by_text(desk.words.pattern(shows)).first)

    return reach


async def _door(desk: Desk, _: Scene) -> None:
    desk.watch.expects(401, "/v1/session")
    await desk.visit("/console")
    await desk.sees(desk.heading("sign-in"))


async def _wrong(desk: Desk, scene: Scene) -> None:
    await _door(desk, scene)
    desk.watch.expects(401, "/v1/sign-in")
    await desk.field("name").fill("Eva Brandt")
    await desk.field("passphrase").fill("not the passphrase")
    await desk.button("sign-in").click()
    await desk.sees(desk.text("sign-in.wrong"))


async def _link(desk: Desk, scene: Scene) -> None:
    desk.watch.expects(401, "/v1/session")
    await desk.page.goto((await scene.house.person("agent", "Mona")).link)
    await desk.field("passphrase.new").fill(PASSPHRASE)


async def _dead_link(desk: Desk, _: Scene) -> None:
    desk.watch.expects(401, "/v1/session")
    desk.watch.expects(404, "/v1/sign-in:look")
    await desk.visit("/console#link=used-already")
    await desk.sees(desk.heading("link.dead"))


async def _rows(desk: Desk, _: Scene) -> None:
    await desk.sees(desk.page.locator(".rows a.row").first)


async def _note(desk: Desk, _: Scene) -> None:
    await desk.button("note").click()
    await desk.field("note.act").fill(desk.words("note.placeholder"))


async def _searched(desk: Desk, _: Scene) -> None:
    await desk.field("search").fill("xylophon")
    await desk.field("search").press("Enter")
    await desk.sees(desk.text("search.none"))


async def _written(desk: Desk, _: Scene) -> None:
    await desk.field("post.title").fill(desk.words("post.title"))
    await desk.field("post.text").fill(desk.words("post.none.why"))
    await desk.button("button.add").click()
    await desk.field("button.label", number=1).fill(desk.words("answer"))


async def _options(desk: Desk, _: Scene) -> None:
    for one in await desk.text("plugin.options").all():
        await one.click()


async def _asked(desk: Desk, scene: Scene) -> None:
    await _written(desk, scene)
    await desk.page.locator("form button[type=submit]").click()
    await desk.sees(desk.page.get_by_role("dialog"))


async def _helped(desk: Desk, scene: Scene) -> None:
    await _rows(desk, scene)
    await by("help", shows="single-keys")(desk, scene)


async def _beside(desk: Desk, _: Scene) -> None:
    await desk.button("panel").click()
    await desk.sees(desk.page.get_by_label(desk.words("label.new")).last)


async def _palette(desk: Desk, scene: Scene) -> None:
    await _rows(desk, scene)
    await desk.page.keyboard.press("Control+k")
    await desk.sees(desk.page.get_by_role("dialog", name=desk.words("palette")))


async def _in_trouble(desk: Desk, scene: Scene) -> None:
    async def refuse(route: Route) -> None:
        await route.fulfill(status=503, json={"title": "Unavailable", "status": 503, "detail": "The disk is nearly full."})

    desk.watch.expects(503, "*/threads")
    await desk.page.route("**/threads?*", refuse)
    await desk.open(scene.slug, "inbox", "open")
    await desk.sees(desk.text("problem.unavailable"))


async def _loading(desk: Desk, scene: Scene) -> None:
    left = asyncio.Event()
    desk.page.on("close", lambda _: left.set())

    async def let_wait(route: Route) -> None:
        await left.wait()
        with suppress(Error):
            await route.abort()

    await desk.page.route("**/threads?*", let_wait)
    await desk.open(scene.slug, "inbox", "open")
    await desk.sees(desk.page.get_by_role("status", name=desk.words("loading")).first)


async def _doubted(desk: Desk, scene: Scene) -> None:
    """A post that quotes a member."""
    desk.watch.expects(409, "/v1/communities/*")
    await desk.open(scene.slug, "posts", "new")
    await desk.field("post.text").fill(scene.quote)
    await desk.page.locator("form button[type=submit]").click()
    await desk.page.get_by_role("dialog").locator("button[type=submit]").click()
    await desk.sees(desk.field("doubt.why"))


async def _raided(desk: Desk, scene: Scene) -> None:
    """As the relay tells of it while it lasts."""
    since = datetime.now(UTC)
    raid = {"is_on": True, "began_at": since.isoformat(), "ends_at": (since + HOUR).isoformat(), "members": 7}

    async def tell(route: Route) -> None:
        await route.fulfill(json=raid)

    await desk.page.route("**/raid", tell)
    await desk.open(scene.slug, "cases", "open")
    await desk.sees(desk.page.get_by_role("region", name=desk.words("raid")))


async def _away(desk: Desk, scene: Scene) -> None:
    async def hang_up(socket: WebSocketRoute) -> None:
        await socket.close(code=1012)

    await desk.page.route_web_socket("**/v1/staff/stream", hang_up)
    await desk.open(scene.slug, "inbox", "open", scene.places["ada"])
    await desk.sees(desk.text("away"), desk.page.get_by_role("log"))


CONSOLE: Final[Mapping[str, State]] = MappingProxyType(
    {
        "door": State(_door, is_visitor=True),
        "door-wrong": State(_wrong, is_visitor=True),
        "door-link": State(_link, is_visitor=True),
        "door-dead-link": State(_dead_link, is_visitor=True),
        "start": at("-", "start", shows="start.imprint"),
        "start-new": at("{empty}", "inbox", "open", shows="inbox.nobody"),
        "inbox": at("{slug}", "inbox", "open", shows="inbox", then=_rows),
        "inbox-thread": at("{slug}", "inbox", "open", "{ada}", shows="origin"),
        "inbox-note": at("{slug}", "inbox", "open", "{noted}", shows="note", then=_note),
        "inbox-lease": at("{slug}", "inbox", "open", "{leased}", shows="lease"),
        "inbox-held": at("{slug}", "inbox", "open", "{held}", shows="status.held"),
        "inbox-snoozed": at("{slug}", "inbox", "snoozed", shows="until"),
        "inbox-waiting": at("{slug}", "inbox", "waiting", shows="state.waiting", then=_rows),
        "inbox-mine": at("{slug}", "inbox", "mine", shows="inbox.none"),
        "inbox-search": at("{slug}", "inbox", "open", shows="inbox", then=_searched),
        "inbox-trouble": State(_in_trouble),
        "inbox-loading": State(_loading),
        "inbox-away": State(_away),
        "palette": at("{slug}", "inbox", "open", shows="inbox", then=_palette),
        "help": at("{slug}", "inbox", "open", shows="inbox", then=_helped),
        "posts": at("{slug}", "posts", shows="post.state.sent"),
        "posts-none": at("{empty}", "posts", shows="posts.none"),
        "post": at("{slug}", "posts", "{closed}", shows="delivery.read"),
        "post-buttons": at("{slug}", "posts", "{asked}", shows="post.presses"),
        "compose": at("{slug}", "posts", "new", shows="before.audience"),
        "compose-written": at("{slug}", "posts", "new", shows="before.audience", then=_written),
        "compose-ask": at("{slug}", "posts", "new", shows="before.audience", then=_asked),
        "compose-doubt": State(_doubted),
        "cases-raid": State(_raided),
        "cases": at("{slug}", "cases", "open", shows="case.kind.held"),
        "cases-none": at("{empty}", "cases", "open", shows="cases.none.open"),
        "case": at("{slug}", "cases", "open", "{case}", shows="case.hint"),
        "case-reject": at(
            "{slug}", "cases", "open", "{case}", shows="case.hint", then=by("case.reject", shows="case.reject.reason")
        ),
        "case-mute": at("{slug}", "cases", "open", "{case}", shows="case.hint", then=by("case.mute", shows="measures.kind")),
        "case-alike": at("{slug}", "cases", "alike", "{alike}", shows="cluster.why"),
        "case-alike-reject": at(
            "{slug}",
            "cases",
            "alike",
            "{alike}",
            shows="cluster.why",
            then=by("cluster.reject", shows="cluster.reject.hint", n=2),
        ),
        "appeals": at("{slug}", "cases", "appealed", shows="appeal.none", then=_rows),
        "appeals-none": at("{empty}", "cases", "appealed", shows="appeals.none.why"),
        "appeal-own": at("{slug}", "cases", "appealed", "{own}", shows="appeal.own"),
        "case-appealed": at("{slug}", "cases", "appealed", "{appealed}", shows="appeal.first"),
        "appeal-measure": at("{slug}", "cases", "appealed", "{objected}", shows="objection.hint"),
        "appeal-uphold": at(
            "{slug}",
            "cases",
            "appealed",
            "{objected}",
            shows="objection.hint",
            then=by("objection.uphold", shows="objection.reason.hint"),
        ),
        "case-measure": at("{slug}", "cases", "delivered", "{delivered}", shows="measures.holds"),
        "case-delivered": at("{slug}", "cases", "delivered", "{delivered}", shows="case.decided"),
        "members": at("{slug}", "members", shows="members.active"),
        "members-none": at("{empty}", "members", shows="members.none"),
        "member": at("{slug}", "members", "{member}", shows="member.erase.why"),
        "member-erase": at(
            "{slug}", "members", "{member}", shows="member.erase.why", then=by("member.erase", shows="member.erase.means")
        ),
        "member-new": at("{slug}", "members", shows="members.active", then=by("member.add", shows="consent.source")),
        "settings": at("{slug}", "settings", shows="settings.none"),
        "settings-community": at("{slug}", "settings", "community", shows="imprint.hint"),
        "settings-consent": at("{slug}", "settings", "consent", shows="settings.consent.why"),
        "settings-invites": at("{slug}", "settings", "invites", shows="invite.used"),
        "settings-plugins": at("{slug}", "settings", "plugins", shows="plugin.runs"),
        "settings-rules": at("{slug}", "settings", "rules", shows="rules.ladder.why"),
        "settings-plugins-options": at("{slug}", "settings", "plugins", shows="plugin.runs", then=_options),
        "settings-replay": at("{slug}", "settings", "replay", shows="replay.matrix"),
        "settings-replay-none": at("{empty}", "settings", "replay", shows="replay.none"),
        "settings-learning": at("{slug}", "settings", "plugins", "learning", shows="learning.off"),
        "settings-new": at("-", "settings", "new", shows="community.why"),
        "staff": at("-", "staff", shows="that-is-you"),
        "staff-add": at("-", "staff", shows="that-is-you", then=by("staff.add", shows="role.agent.may")),
        "keys": at("-", "keys", shows="key.by"),
        "key-add": at("-", "keys", shows="key.by", then=by("key.add", shows="key.scopes")),
        "audit": at("-", "audit", shows="audit.when"),
        "me": at("-", "me", shows="sessions.why"),
    }
)
