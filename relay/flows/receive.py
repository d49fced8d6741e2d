"""Receive: a member's message becomes an entry in exactly one thread, whatever the channel and however often it is sent."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from relay.core.case import Case, case_for
from relay.core.change import Change, FileReply, Leave, Press, Rejoin
from relay.core.errors import Invalid, Stale, Taken, TooMany, Unavailable, Unknown
from relay.core.identity import Ids, token_digest
from relay.core.ladder import Ladder, MeasureKind
from relay.core.measure import Measure, Sanction, check_may_write, counts, looked_at, sanction
from relay.core.member import Consent, Keyword, Member, keyword
from relay.core.notice import Occasion, notice, stated
from relay.core.post import button_of
from relay.core.rate import Buckets, Rate
from relay.core.shadow import apart, in_shadow
from relay.core.statement import by_ladder, reader_of
from relay.core.thread import (
    Filing,
    Message,
    NewThread,
    Role,
    Stored,
    Surroundings,
    ThreadRef,
    checked_text,
    place,
    status_after,
)
from relay.core.verdict import Action, Decision, MemberFacts, Submission
from relay.ports import Also, Clock, Judge, MemberScope, SignedIn, Store, nothing

TRIES = 5  # races with the member's own other devices and with staff; each try sees what the one before lost to
EXPLAINED = {
    Keyword.STOP: Occasion.LEFT,
    Keyword.START: Occasion.BACK,
    Keyword.DATA: Occasion.DATA,
    Keyword.HELP: Occasion.HELP,
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What came in through a channel; `client_id` is the sender's own mark, under which it is stored once."""

    text: str
    channel: str
    client_id: str | None = None
    in_reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """What moderation made of a reply: the case it opened, the measure that came with it, the id of what the member is told.

    `shadow` is the measure that keeps it out of the inbox, empty for none.
    """

    decision: Decision
    case: Case | None
    measure: Measure | None
    notice_id: str
    shadow: str = ""


def _none() -> int:
    """No slow plugin looks at anything."""
    return 0


def paced(every_s: float = 60.0) -> Buckets:
    """How often somebody in slow mode may write; one bucket a member."""
    return Buckets(Rate(1, 1 / every_s))


@dataclass(frozen=True, slots=True)
class Receive:
    """Member reply -> moderation -> private thread. `run` is who has slow plugins look at what is held for them.

    `ladder` says which rejections by rule are strikes, and what follows; `pace` holds who is in slow mode to theirs. Where the
    operator does not allow shadow mode, a measure that says so does nothing.
    """

    store: Store
    clock: Clock
    ids: Ids
    judge: Judge
    run: Callable[[], int] = _none
    ladder: Ladder = field(default_factory=Ladder)
    pace: Buckets = field(default_factory=paced)
    allows_shadow: bool = False

    async def reply(self, signed: SignedIn, reply: Reply, also: Also[Stored] = nothing) -> Stored:
        """Stores the reply and returns its id and time; the same for a repeated `client_id`.

        "Stored" says nothing of what moderation made of it. Raises Invalid, Unknown (answers something that is not the
        member's), Muted, TooMany (slow mode), Unavailable.
        """
        text = checked_text(reply.text)
        own = self.store.of(signed.member.n)
        message_id = self.ids()
        judged_as: Decision | None = None
        measures: Sequence[Measure] = ()
        for _ in range(TRIES):
            around = await own.surroundings(reply.client_id, reply.in_reply_to)
            if around.stored is not None:
                return _repeated(around.stored, text)
            now = self.clock.now()
            target = place(reply.in_reply_to, around, now)
            if judged_as is None:
                measures = await self._standing(signed, own, text, now)
                judged_as = looked_at(await self.judge(self._submission(message_id, signed, reply, around)), measures, now)
            decision, shadow = await self._apart(own, judged_as, measures)
            new_thread, notice_id = self.ids(), self.ids()
            thread = target if isinstance(target, ThreadRef) else NewThread(new_thread, target)
            case = case_for(decision, self.ids, now)
            brought = await self._sanction(own, decision, case)
            judged = Judged(decision, case, brought.measure, notice_id, shadow)
            filing = self._filing(message_id, signed, reply, thread, judged)
            stored = Stored(filing.message.id, filing.message.at, "")
            obeyed = self._obeyed(signed.member, reply, now)
            filed = FileReply(filing, signed.community.n)
            try:
                await self.store.commit(filed, *brought.changes, *obeyed, *also(stored))
            except (Stale, Taken):
                continue
            return stored
        raise Unavailable("Too much is happening in this thread at once; nothing was stored, send it again.", retry_after=1)

    async def _standing(self, signed: SignedIn, own: MemberScope, text: str, now: datetime) -> Sequence[Measure]:
        """The member's measures, once it is sure that they may write. What is obeyed passes whatever holds."""
        if keyword(text) is not None:
            return ()
        measures = await own.measures()
        check_may_write(measures, now)
        if any(each.kind is MeasureKind.SLOW and each.holds(now) for each in measures):
            try:
                self.pace.take(signed.member.id, self.clock.monotonic())
            except TooMany as soon:
                raise TooMany("Slow mode: wait a while until your next message.", retry_after=soon.retry_after) from None
        return measures

    async def _apart(self, own: MemberScope, decision: Decision, measures: Sequence[Measure]) -> tuple[Decision, str]:
        """As shadow mode leaves it, and by which measure. It is asked for at each try: staff may have ended it meanwhile."""
        if not self.allows_shadow or not in_shadow(measures, self.clock.now()):
            return decision, ""
        shadow = in_shadow(await own.measures(), self.clock.now())
        left = apart(decision) if shadow else decision
        return left, shadow if left is not decision else ""

    async def _sanction(self, own: MemberScope, decision: Decision, case: Case | None) -> Sanction:
        """The strike that a rejection by rule is, where the rule is certain."""
        if case is None or not counts(decision):
            return Sanction()
        return sanction(self.ladder, await own.past(), case.id, self.clock.now(), self.ids)

    def _submission(self, message_id: str, signed: SignedIn, reply: Reply, around: Surroundings) -> Submission:
        member = signed.member
        answers: Literal["message", "post"] = "message" if around.answered is not None else "post"
        return Submission(
            id=message_id,
            community=signed.community.slug,
            member=MemberFacts(member.id, member.joined_at, member.approved, known=bool(member.attributes)),
            channel=reply.channel,
            text=reply.text,
            at=self.clock.now(),
            reply_to=answers if reply.in_reply_to is not None else None,
        )

    def _filing(self, message_id: str, signed: SignedIn, reply: Reply, thread: ThreadRef | NewThread, judged: Judged) -> Filing:
        now, decision, case = self.clock.now(), judged.decision, judged.case
        message = Message(
            id=message_id,
            member=signed.member.n,
            role=Role.MEMBER,
            text=reply.text,
            at=now,
            status=status_after(decision),
            in_reply_to=reply.in_reply_to,
            client_id=reply.client_id,
            channel=reply.channel,
            checking=self.run() if decision.checking else 0,
            measure=judged.shadow,
        )
        told = self._told(signed, reply, judged)
        said = told and Message(
            id=judged.notice_id,
            member=signed.member.n,
            role=Role.RELAY,
            text=told,
            at=now,
            in_reply_to=message.id,
            case=case.id if case else None,
        )
        return Filing(message, thread, decision, case, said or None)

    def _told(self, signed: SignedIn, reply: Reply, judged: Judged) -> str | None:
        """What the member hears at once: obeyed keywords and automatic rejections. A hold is silent until a person decides."""
        reader, name = reader_of(signed.member, signed.community), signed.community.name
        if word := keyword(reply.text):
            return notice(EXPLAINED[word], language=reader.language, name=name)
        decision, measure = judged.decision, judged.measure
        if decision.action is Action.REJECT:
            reason = stated(decision, reader.language)
            told = notice(Occasion.REJECTED_BY_RULE, language=reader.language, name=name, reason=reason)
            return told if measure is None else f"{told} {by_ladder(measure, reader)}"
        return None

    def _obeyed(self, member: Member, reply: Reply, now: datetime) -> tuple[Change, ...]:
        """Always, whatever the member's standing was a moment ago: both change nothing where nothing is to change."""
        word = keyword(reply.text)
        if word is Keyword.STOP:
            return (Leave(member.n, now),)
        if word is Keyword.START:
            return (Rejoin(member.n, Consent(reply.channel, "keyword", "start", now)),)
        return ()

    async def press(self, signed: SignedIn, post_id: str, button_id: str) -> None:
        """An answer button of a post the member got; pressing another one changes the answer. Raises Unknown, Conflict."""
        post = await self.store.of(signed.member.n).released_post(post_id)
        if post is None:
            raise Unknown
        now = self.clock.now()
        button = button_of(post, button_id, now)
        await self.store.commit(Press(post.n, signed.member.n, button.id, now, post.id))


def _repeated(stored: Stored, text: str) -> Stored:
    if stored.digest != token_digest(text):
        raise Invalid("This client_id was used for another text.")
    return stored
