"""Everybody who can call the relay, things of every kind to call it about, and who may call what."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from relay.core.staff import SCOPES, Actor, Role
from relay.web.route import Route, Who
from tests.e2e.cast import Cast
from tests.e2e.client import Json
from tests.e2e.conftest import HELD_WORD

SOON = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")  # measures end within a year
LATELY = (datetime.now(UTC) - timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")  # replays look back a year at most
SLUG = "town"
MEMBERS = 12  # whose threads, messages and cases there are
VICTIMS = 40  # of every kind: some calls take them away
NARROW = ("posts:read", "threads:read")  # of a key that may not do everything


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody with a token (or one of several), and as whom the relay knows them: staff, a key, a member (None), or nobody."""

    name: str
    tokens: list[str]
    actor: Actor | None = None

    def token(self, random: Random) -> str | None:
        return random.choice(self.tokens) if self.tokens else None

    def denied(self, route: Route) -> set[int]:
        """The answers of which one must come, when this caller may not call this route; empty when they may."""
        if route.who is Who.PUBLIC or route.kind != "json":
            return set()
        if not self.tokens:
            return {401}
        if route.is_own and self.actor is not None and self.actor.role is not None:
            return set()
        if route.who is Who.MEMBER:
            return {403} if self.actor is not None else set()
        return set() if self.actor is not None and route.admits(self.actor) else {403}


@dataclass(slots=True)
class World:
    """All callers, and the ids of things by the word that their paths begin with."""

    callers: list[Caller] = field(default_factory=list)
    ids: dict[str, list[str]] = field(default_factory=dict)

    async def fill(self, cast: Cast) -> None:
        await cast.found(SLUG, language="de")
        await self._people(cast)
        members = [await cast.join(SLUG, name=f"Member {n}") for n in range(MEMBERS)]
        buttons = [{"id": "yes", "label": "I come"}, {"id": "ask", "label": "A question", "opens_thread": True}]
        posts = [(await cast.post(SLUG, f"Post {n}", buttons=buttons))["id"] for n in range(3)]
        for n, member in enumerate(members):
            await member.item(len(posts))
            await member.send("first", f"Hello {n}", posts[n % 3] if n % 2 else None)
            await member.send("held", f"{HELD_WORD} {n}")
            await member.answered("held")
        more = [await cast.enrol(SLUG) for _ in range(VICTIMS)]
        victims = [await cast.enrol(SLUG) for _ in range(VICTIMS)]
        self.ids["posts"] = posts
        self.ids["members"] = [member.id for member in victims]
        self.ids["threads"] = [thread["id"] for thread in await cast.threads(SLUG)]
        invites = f"/v1/communities/{SLUG}/invites"
        self.ids["invites"] = [(await cast.owner.want(201, "POST", invites, {}))["id"] for _ in range(VICTIMS)]
        self.ids["cases"] = [case["id"] async for case in cast.owner.all(f"/v1/communities/{SLUG}/cases")]
        warning = {"kind": "warn", "until": SOON, "reason": "Rules"}
        paths = [f"/v1/members/{member.id}/measures" for member in victims]
        self.ids["measures"] = [(await cast.owner.want(201, "POST", path, warning))["id"] for path in paths]
        self.ids["models"] = posts  # there is none before staff decided a hundred cases
        self.callers.append(Caller("member", [member.api.token or "" for member in (*members, *more)]))

    async def _people(self, cast: Cast) -> None:
        owner = cast.owner
        self.callers = [Caller("nobody", []), Caller("owner", [owner.token or ""], Actor("", "", Role.OWNER))]
        for role in Role:
            if role is not Role.OWNER:
                self.callers.append(Caller(role.value, [(await cast.hire(role.value, role)).token or ""], Actor("", "", role)))
        for name, scopes in (("key", SCOPES), ("narrow key", NARROW)):
            made: Json = await owner.want(201, "POST", "/v1/keys", {"name": name, "scopes": list(scopes)})
            self.callers.append(Caller(name, [made["token"]], Actor("", "", scopes=scopes)))
        hired = [await owner.want(201, "POST", "/v1/staff", {"name": f"A{n}", "role": "agent"}) for n in range(VICTIMS)]
        keys = [await owner.want(201, "POST", "/v1/keys", {"name": "A", "scopes": NARROW}) for _ in range(VICTIMS)]
        self.ids["staff"], self.ids["keys"] = [one["id"] for one in hired], [one["id"] for one in keys]
        self.ids["sessions"] = self.ids["keys"]  # who asks by a token has none
