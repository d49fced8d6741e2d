"""The routes of the member's pages."""

from typing import Any, Final

from pydantic import BaseModel

from relay.web.member import joining, own, shell, stream
from relay.web.member.forms import PageQuery, SeenQuery, StreamQuery
from relay.web.member.page import told
from relay.web.route import Route, Who

_OF = "/c/{slug}"


def _page(path: str, summary: str, handler: Any, *, query: type[BaseModel] = PageQuery, media: str = "text/html") -> Route:  # noqa: ANN401
    return Route("GET", path, Who.PUBLIC, summary, handler, kind="own", media=media, query=query, told=told)


def _form(path: str, summary: str, handler: Any) -> Route:  # noqa: ANN401
    return Route("POST", path, Who.PUBLIC, summary, handler, kind="own", media="text/html", query=PageQuery, told=told)


ROUTES: Final = (
    _page("/i/{code}", "An invite's page: who asks, and what for", joining.invite),
    _form("/i/{code}", "Ask to be in", joining.ask),
    _page(f"{_OF}/confirm", "The step that is left", joining.confirming),
    _form(f"{_OF}/confirm", "Confirm it", joining.confirm),
    _form(f"{_OF}/enter", "Sign a browser in by an access code", joining.enter),
    _page(_OF, "A member's stream; for others who this is", stream.stream, query=StreamQuery),
    _form(f"{_OF}/messages", "Write to the team", stream.say),
    _form(f"{_OF}/press", "Press an answer button", stream.press),
    _form(f"{_OF}/appeal", "Ask that another person looks", stream.appeal),
    _page(f"{_OF}/seen.svg", "Mark as read what is shown without scripts", stream.seen,
          query=SeenQuery, media="image/svg+xml"),
    Route("GET", f"{_OF}/stream", Who.MEMBER, "WebSocket: the stream of the page's cookie", stream.live,
          kind="socket", status=101),
    _page(f"{_OF}/you", "What a member decides about themselves", own.settings),
    _form(f"{_OF}/pause", "Get no posts for a while", own.pause),
    _page(f"{_OF}/leave", "Whether to leave", own.leaving),
    _form(f"{_OF}/leave", "Leave", own.leave),
    _page(f"{_OF}/back", "What who comes back agrees to", own.returning),
    _form(f"{_OF}/back", "Come back", own.back),
    _form(f"{_OF}/language", "Choose a language", own.language),
    _form(f"{_OF}/devices", "Sign a device out", own.sign_out),
    _page(f"{_OF}/export", "A copy of everything of theirs", own.export, media="application/json"),
    _page(f"{_OF}/erase", "Whether to erase everything", own.erasing),
    _form(f"{_OF}/erase", "Erase everything", own.erase),
    _page(f"{_OF}/imprint", "Who runs this", shell.imprint),
    _page(f"{_OF}/app.webmanifest", "What an app of it is called", shell.manifest, media="application/manifest+json"),
    Route("GET", "/c/worker.js", Who.PUBLIC, "The worker that keeps the pages' shell", shell.worker,
          kind="asset", media="text/javascript"),
    _page("/c/offline.html", "The page for no network", shell.offline),
)  # fmt: skip
