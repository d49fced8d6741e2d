"""A member's reply in SQL: message, thread, decision, case and notice, in as few statements as can be."""

from relay.core.change import Filed, FileReply
from relay.core.thread import NewThread, effect_of
from relay.stores.sql import cases, messages, shadow, threads
from relay.stores.sql.steps import Steps


def file_reply(change: FileReply) -> Steps[Filed]:
    """The stream's row comes first: it makes the member's own changes wait for each other on every engine."""
    filing = change.filing
    message, notice = filing.message, filing.notice
    effect = effect_of(filing.decision, message.text)
    seq = yield from messages.lengthen(message.member, 1 if notice is None else 2, approves=effect.approves)
    if message.measure:
        yield from shadow.check_holds(message.measure)
    if isinstance(filing.thread, NewThread):
        thread = yield from threads.start(filing.thread, message, change.community)
    else:
        thread = filing.thread.n
        yield from threads.heard(filing.thread, message.at, reopens=effect.reopens)
    n = yield from messages.put_item(message, thread, seq)
    yield from cases.put_decision(n, filing.decision, message.at)
    if filing.case is not None:
        yield from cases.put(filing.case, filing.decision, change.community, n)
    if notice is None:
        return Filed(thread, seq)
    yield from messages.put_item(notice, thread, seq + 1)
    return Filed(thread, seq, seq + 1)
