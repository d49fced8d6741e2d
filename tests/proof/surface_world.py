"""One example's community on a real relay: members and staff as HTTP and WebSocket clients."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import ClientWebSocketResponse, WSMsgType

from tests.proof import acts
from tests.proof.acts import Act, Who
from tests.proof.ear import LIMIT, Ear
from tests.proof.knowledge import Knowledge
from tests.proof.play import DEVICES, Request
from tests.proof.surface import OWNER, PSEUDONYM, Names, Relay

NAMES = ("Bad am See", "Bad am Meer", "{name}")
FINE = 300  # the first status that is none of success


class SocketEar(Ear):
    """Hears what comes over a real WebSocket."""

    def __init__(self, socket: ClientWebSocketResponse, names: Names | None, known: Knowledge) -> None:
        super().__init__(known)
        self.socket = socket
        self._names = names
        self._reading = asyncio.get_running_loop().create_task(self._read())

    async def _read(self) -> None:
        while (message := await self.socket.receive()).type is WSMsgType.TEXT:
            self.text(message.data.encode())
        self.closed(self.socket.close_code)

    def take(self) -> list[str]:
        taken = super().take()
        return [self._names.plain(line) for line in taken] if self._names else taken

    async def leave(self) -> None:
        await self.socket.close()
        await self._reading


@dataclass(slots=True)
class Guest:
    """A member as staff know them."""

    id: str
    n: int
    tokens: dict[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class SurfaceWorld:
    """LOW's answers are written down in plain names; HIGH's are nobody's business."""

    relay: Relay
    slug: str
    posts: list[str] = field(default_factory=list)
    names: Names = field(default_factory=Names)
    guests: dict[Who, Guest] = field(default_factory=dict)

    @classmethod
    async def found(cls, relay: Relay, example: int) -> "SurfaceWorld":
        world = cls(relay, f"e{example}")
        if not relay.second_token:
            hired = await world._staff("POST", "/v1/staff", {"name": "Jan", "role": "manager"})
            relay.second_token = hired["token"]
        await world._staff("POST", "/v1/communities", {"slug": world.slug, "name": NAMES[0]})
        return world

    async def join(self, who: Who) -> None:
        added = await self._staff(
            "POST", f"/v1/communities/{self.slug}/members", {"consent": {"source": "counter", "text_version": "1"}}
        )
        stored = await self.relay.app.store.member(added["id"])
        assert stored is not None
        self.guests[who] = Guest(added["id"], stored.n, {0: added["token"]})
        await self._new_token(self.guests[who], 1)
        if who is Who.LOW and PSEUDONYM.fullmatch(added["pseudonym"]):
            self.names.pseudonym = added["pseudonym"]

    # ------------------------------------------------------------------------------------------------- connections

    async def connect(self, who: Who, device: int, after: int, known: Knowledge) -> Ear:
        socket = await self.relay.client.ws_connect(
            f"{self.relay.url}/v1/me/stream", headers={"X-Forwarded-For": self._address(who)}, autoping=True
        )
        ear = SocketEar(socket, self.names if who is Who.LOW else None, known)
        ear.seen = after
        await self.send(ear, orjson.dumps({"type": "hello", "token": self.guests[who].tokens[device], "after": after}))
        await ear.until(lambda: ear.answers > 0)
        return ear

    async def drop(self, ear: Ear) -> None:
        assert isinstance(ear, SocketEar)
        await ear.leave()

    async def send(self, ear: Ear, frame: bytes) -> None:
        assert isinstance(ear, SocketEar)
        if not ear.socket.closed:
            await ear.socket.send_str(frame.decode())

    async def settled(self, ears: Mapping[Who, list[Ear]]) -> None:
        store = self.relay.app.store
        async with asyncio.timeout(LIMIT):
            while await store.sending():
                self.relay.released.clear()
                await self.relay.released.wait()
        for who, own in ears.items():
            last = (await store.of(self.guests[who].n).cursors()).last
            for ear in own:
                await ear.until(lambda ear=ear, last=last: ear.seen >= last)  # type: ignore[misc]

    def _address(self, who: Who) -> str:
        """As the proxy tells it: limits of those who have not signed in go by address, which is nothing of anybody else's."""
        return f"{who}.{self.slug}.example"

    # -------------------------------------------------------------------------------------------------- members' calls

    async def call(self, who: Who, device: int, request: Request) -> tuple[str, Mapping[str, Any]]:
        token = self.guests[who].tokens[device]
        signed = {"Authorization": f"Bearer {token}"}
        if request.path.startswith("/c/"):  # a page, which knows its member by the cookie alone
            signed = {"Cookie": f"__Host-relay-m-{self.slug}={token}", "X-Forwarded-Proto": "https"}
        headers = {**signed, "X-Forwarded-For": self._address(who)}
        if request.key is not None:
            headers["Idempotency-Key"] = request.key
        async with self.relay.client.request(
            request.method,
            self.relay.url + request.path.format(slug=self.slug),
            json=request.body,
            headers=headers,
            allow_redirects=False,
        ) as response:
            body = await response.text()
            kept = [f"{name}: {self.names.header(name, value, body)}" for name, value in response.headers.items()]
            shown = orjson.loads(body) if response.content_type == "application/json" else {}
            answer = f"{response.status} {' | '.join(kept)}\n  {self.names.plain(body)}" if who is Who.LOW else ""
            return answer, shown if isinstance(shown, dict) and response.status < FINE else {}

    # --------------------------------------------------------------------------------------------------------- staff

    async def _staff(self, method: str, path: str, body: object = None, token: str = OWNER) -> Any:  # noqa: ANN401
        """What staff are refused is their own business."""
        headers = {"Authorization": f"Bearer {token}"}
        async with self.relay.client.request(method, self.relay.url + path, json=body, headers=headers) as response:
            assert response.status < 500, await response.text()
            return await response.json(content_type=None) if response.content_length else {}

    async def staff(self, who: Who, act: Act) -> None:
        of = f"/v1/communities/{self.slug}"
        match act:
            case acts.Publish(text, buttons):
                shown = [{"id": acts.BUTTONS[n], "label": acts.BUTTONS[n]} for n in range(buttons)]
                post = await self._staff(
                    "POST", f"{of}/posts", {"text": acts.TEXTS[text], "buttons": shown, "despite": "mistaken"}
                )
                self.posts += [post["id"]] if "id" in post else []
            case acts.Rename(n):
                await self._staff("PATCH", of, {"name": NAMES[n], "imprint": f"imprint {n}"})
            case acts.Tick():
                return
            case _:
                await self._about(self.guests[who], act)

    async def _about(self, guest: Guest, act: Act) -> None:
        match act:
            case acts.Answer(k, text, note):
                thread = await self._of("threads", guest, k)
                path = f"/v1/threads/{thread['id']}/messages" if thread else f"/v1/members/{guest.id}/messages"
                body = {"text": acts.TEXTS[text], "despite": "mistaken", **({"internal": note} if thread else {})}
                await self._staff("POST", path, body)
            case acts.Decide(k, reject):
                await self._decide(guest, k, reject=reject)
            case acts.Close(k):
                if thread := await self._of("threads", guest, k):
                    await self._staff("PATCH", f"/v1/threads/{thread['id']}", {"state": "closed", "version": thread["version"]})
            case acts.NewToken(device):
                await self._new_token(guest, device)
            case acts.Revoke(device):
                query = "" if device is None else f"?device={DEVICES[device]}"
                await self._staff("DELETE", f"/v1/members/{guest.id}/tokens{query}")
            case acts.Erase():
                await self._staff("DELETE", f"/v1/members/{guest.id}")

    async def _new_token(self, guest: Guest, device: int) -> None:
        path = f"/v1/members/{guest.id}/tokens"
        given = await self._staff("POST", path, {"kind": "web", "device": DEVICES[device]})
        guest.tokens[device] = given.get("token") or guest.tokens[device]

    async def _decide(self, guest: Guest, k: int, *, reject: bool) -> None:
        if case := await self._of("cases", guest, k):
            by = self.relay.second_token if case["state"] == "appealed" else OWNER
            body = {"action": "reject" if reject else "deliver", "reason": "rude"}
            await self._staff("POST", f"/v1/cases/{case['id']}:decide", body, by)

    async def _of(self, noun: str, guest: Guest, k: int) -> dict[str, Any] | None:
        """The k-th thread or case of the member: threads newest first, cases from the newest back."""
        listed = await self._staff("GET", f"/v1/communities/{self.slug}/{noun}?limit=200")
        own = [each for each in listed["items"] if each["member"]["id"] == guest.id]
        if noun == "cases":
            own.reverse()
        return own[k] if k < len(own) else None
