"""What a member does over HTTP with their own things, and with nobody else's."""

from collections.abc import Mapping

from relay.core.case import CaseState
from relay.core.thread import Stored as StoredMessage
from relay.flows.receive import Reply as Said
from relay.web.desk import Appealed, ItemFrame, Me, Stored, item_view, me_view
from relay.web.own_bodies import ItemsQuery, NewAppeal, PressBody, Reply, UpTo
from relay.web.route import MemberCall
from relay.web.views import Listed

CHANNEL = "web"


async def read(call: MemberCall[None, None]) -> Me:
    return me_view(call.signed)


async def items(call: MemberCall[None, ItemsQuery]) -> Listed[ItemFrame]:
    """`next` is the seq to ask from, null when the stream has nothing more yet."""
    query = call.query
    own = await call.parts.store.of(call.signed.member.n).items(query.after, query.limit)
    following = str(own[-1].seq) if own and own[-1].seq < call.signed.cursors.last else None
    return Listed(tuple(map(item_view, own)), following)  # type: ignore[arg-type]


async def say(call: MemberCall[Reply, None]) -> Stored:
    def shown(stored: StoredMessage) -> Stored:
        return Stored(stored.id, stored.at)

    body = call.body
    said = Said(body.text, CHANNEL, body.client_id, body.in_reply_to)
    return shown(await call.parts.receive.reply(call.signed, said, call.also(shown)))


async def ack(call: MemberCall[UpTo, None]) -> None:
    await call.parts.deliver.acknowledge(call.signed, delivered=call.body.seq, read=0)


async def seen(call: MemberCall[UpTo, None]) -> None:
    await call.parts.deliver.acknowledge(call.signed, delivered=call.body.seq, read=call.body.seq)


async def press(call: MemberCall[PressBody, None]) -> None:
    await call.parts.receive.press(call.signed, call.body.post, call.body.button)


async def appeal(call: MemberCall[NewAppeal, None]) -> Appealed:
    def shown(state: CaseState) -> Appealed:
        return Appealed(call.body.case, state.word)

    return shown(await call.parts.review.appeal(call.signed, call.body.case, call.body.text, call.also(shown)))


async def leave(call: MemberCall[None, None]) -> None:
    await call.parts.enrol.leave(call.signed)


async def export(call: MemberCall[None, None]) -> Mapping[str, object]:
    member = call.signed.member
    found = await call.parts.store.of(member.n).export()
    await call.parts.govern.looked(member.id, "member.export", [member.id])
    return found


async def erase(call: MemberCall[None, None]) -> None:
    await call.parts.enrol.erase(call.signed.member.id, call.signed.member)
