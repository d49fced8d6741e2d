"""What makes a page an app on a phone: manifest, the worker that keeps its shell, the page for no network, the imprint."""

import json

from aiohttp import web

from relay.web.member.page import HEADERS, PAGES
from relay.web.member.visit import arrive
from relay.web.member.words import spoken
from relay.web.problem import SECURITY
from relay.web.public import file
from relay.web.route import PublicCall

ICONS = (
    ("icon.svg", "any", "image/svg+xml"),
    ("icon-192.png", "192x192", "image/png"),
    ("icon-512.png", "512x512", "image/png"),
)


async def manifest(call: PublicCall) -> web.Response:
    """Names the community, nothing of who asks."""
    visit = await arrive(call)
    name = visit.community.name
    described = {
        "id": visit.home,
        "name": name,
        "short_name": name[:30],
        "start_url": visit.home,
        "scope": "/c/",
        "display": "standalone",
        "icons": [
            {"src": f"/assets/member/{file}", "sizes": sizes, "type": media, "purpose": purpose}
            for file, sizes, media in ICONS
            for purpose in ("any", "maskable")
        ],
    }
    headers = {**SECURITY, "Content-Type": "application/manifest+json"}
    return web.Response(text=json.dumps(described, ensure_ascii=False), headers=headers)


async def worker(call: PublicCall) -> web.Response:
    """An asset, which lies below /c/ since a worker sees only what is below its own address; not counted, as they are not."""
    return file(call.request, call.assets.files["member/worker.js"], HEADERS)


async def offline(call: PublicCall) -> web.Response:
    """Kept by the worker for when there is no network: it names nobody."""
    call.gate.visitor(call.request)
    made = call.request.app[PAGES]
    words = made.words[spoken(getattr(call.query, "language", ""), call.request.headers.get("Accept-Language", ""))]
    return made.render("offline.html", words)


async def imprint(call: PublicCall) -> web.Response:
    visit = await arrive(call)
    return visit.page("imprint.html")
