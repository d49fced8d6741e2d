"""Which commits reach the members' streams: what each change means for those who are connected."""

from relay.bus import Bus
from relay.channels.web.hub import Hub
from relay.core.change import (
    AddToken,
    EditCommunity,
    Erase,
    Filed,
    FileReply,
    Press,
    Released,
    ReleasePost,
    RevokeTokens,
    Rule,
    SendMessage,
)
from relay.core.checking import DecideAgain
from relay.core.pause import ReleaseDeferred, Resumed
from relay.core.staff import TokenKind
from relay.core.stream import message_item
from relay.core.thread import Message


class Listener:
    """Turns what was committed into items and endings."""

    def __init__(self, hub: Hub, bus: Bus) -> None:
        self._hub = hub
        bus.on(ReleasePost, self.post)
        bus.on(ReleaseDeferred, self.resumed)
        bus.on(FileReply, self.reply)
        bus.on(SendMessage, self.message)
        bus.on(Press, self.pressed)
        bus.on(Rule, self.ruling)
        bus.on(DecideAgain, self.ruling)
        bus.on(RevokeTokens, self.revoked)
        bus.on(AddToken, self.replaced)
        bus.on(Erase, self.erased)
        bus.on(EditCommunity, self.renamed)

    def post(self, change: ReleasePost, outcome: Released) -> None:
        if outcome.seqs:
            self._hub.released(change.post, outcome.seqs)

    def resumed(self, _change: ReleaseDeferred, outcome: Resumed) -> None:
        for member in outcome.resumed:
            self._hub.behind(member)

    def reply(self, change: FileReply, outcome: Filed) -> None:
        filing = change.filing
        self._item(filing.message, outcome.seq, change.community)
        if filing.notice is not None and outcome.notice_seq is not None:
            self._item(filing.notice, outcome.notice_seq, change.community)

    def message(self, change: SendMessage, outcome: Filed) -> None:
        self._item(change.message, outcome.seq, change.community)

    def pressed(self, change: Press, _outcome: object) -> None:
        self._hub.pressed(change.member, change.id, change.button)

    def ruling(self, change: Rule | DecideAgain, outcome: Filed | None) -> None:
        if change.notice is not None and outcome is not None:
            self._item(change.notice, outcome.seq, change.community)

    def revoked(self, change: RevokeTokens, _outcome: object) -> None:
        if change.kind is TokenKind.MEMBER and (change.only is None or change.only.channel == "web"):
            self._hub.cut(change.subject, change.device)

    def replaced(self, change: AddToken, _outcome: object) -> None:
        if change.token.kind is TokenKind.MEMBER:
            self._hub.cut(change.token.subject, change.token.device)

    def erased(self, change: Erase, _outcome: object) -> None:
        self._hub.cut(change.id, None)

    def renamed(self, change: EditCommunity, _outcome: object) -> None:
        if change.name is not None:
            self._hub.rename(change.community, change.name)

    def _item(self, message: Message, seq: int, community: int) -> None:
        self._hub.item(message.member, message_item(message, seq, self._hub.company(community)))
