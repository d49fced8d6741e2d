"""One of each thing that staff can hear of."""

from datetime import timedelta

from relay.core.moment import rfc3339
from relay.core.staff import Role
from relay.core.verdict import Action, Decision, Submission
from relay.flows.check import Check
from tests.web.conftest import RUN, Person, Relay


async def allowed(_submission: Submission, _first: Decision) -> Decision:
    return Decision(Action.ALLOW, 0.0)


async def everything(relay: Relay, anna: Person) -> None:
    """One of each thing that staff can hear of; the erasure comes last."""
    await relay.post()
    post = (await relay.owner("POST", "/v1/communities/bad/posts", {"text": "Open after all"})).body["id"]
    await relay.owner("POST", f"/v1/posts/{post}:cancel")
    await relay.member()
    await relay.reply(anna, "hold this")
    thread = f"/v1/threads/{await relay.only_thread()}"
    (case,) = (await relay.owner("GET", "/v1/communities/bad/cases")).body["items"]
    await relay.owner("POST", f"/v1/cases/{case['id']}:decide", {"action": "reject", "reason": "no"})
    await anna.call("POST", "/v1/me/appeals", {"case": case["id"], "text": "why"})
    await (await relay.staff(Role.MODERATOR))("POST", f"/v1/cases/{case['id']}:decide", {"action": "deliver"})
    until = rfc3339(relay.clock.now() + timedelta(days=1))
    path = f"/v1/members/{anna.id}/measures"
    measure = (await relay.owner("POST", path, {"kind": "warn", "until": until, "reason": "no"})).body["id"]
    await anna.call("POST", "/v1/me/appeals", {"case": measure, "text": "why"})
    answer = {"action": "uphold", "reason": "no"}
    await (await relay.staff(Role.MODERATOR))("POST", f"/v1/measures/{measure}:answer", answer)
    await relay.owner("POST", f"/v1/measures/{measure}:lift", {})
    await relay.reply(anna, "check this", "c2")
    await Check(relay.parts.store, relay.clock, relay.parts.ids, allowed, lambda: RUN).turn()
    await relay.owner("POST", f"{thread}/messages", {"text": "note", "internal": True})
    await relay.owner("POST", f"{thread}/lease")
    await relay.owner("DELETE", f"{thread}/lease")
    version = (await relay.owner("GET", thread)).body["version"]
    await relay.owner("PATCH", thread, {"version": version, "state": "closed"})
    await anna.call("DELETE", "/v1/me")
