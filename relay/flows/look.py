"""Look: a text of staff is looked at before it leaves; what is doubtful goes out only when somebody says why."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from relay.core.change import NOTHING, Detail
from relay.core.outgoing import Caution, CautionKind, Doubtful, Said, cautions
from relay.core.staff import Actor
from relay.core.text import Tables, Text
from relay.core.thread import Role
from relay.core.verdict import MemberFacts, Submission
from relay.ports import Clock, Judge, Paging, Store

POSTS = 50  # of the community, the newest, whose words are everybody's
INSULTS = frozenset({"words.insult", "words.slur"})


@dataclass(frozen=True, slots=True)
class Look:
    """`judge` is a pipeline for what staff write."""

    store: Store
    clock: Clock
    tables: Tables
    judge: Judge

    async def before(self, actor: Actor, community: int, member: int | None, text: str, despite: str | None) -> Detail:
        """What the audit log should keep of it; `member` is None for what goes to everybody.

        Raises Doubtful where there is something and no reason is given for which it goes out `despite` that. A system cannot
        look again: it is told nothing.
        """
        if actor.role is None:
            return NOTHING
        found = [*await self._of_others(community, member, text), *await self._insults(text)]
        if not found:
            return NOTHING
        if despite is None:
            raise Doubtful(found)
        return {"despite": despite, "cautions": ", ".join(sorted({each.kind.value for each in found}))}

    async def _of_others(self, community: int, member: int | None, text: str) -> list[Caution]:
        said = await self.store.lately(community, member)
        posts = await self.store.posts(community, Paging(POSTS, None))
        texts = [post.text for post in posts.items]
        return await asyncio.to_thread(_compared, Text(text, self.tables), member, said, texts, self.tables)

    async def _insults(self, text: str) -> list[Caution]:
        facts = MemberFacts("staff", self.clock.now())
        decision = await self.judge(Submission("outgoing", "", facts, "staff", text, self.clock.now()))
        return [
            Caution(CautionKind.INSULT, seen.signal.start, seen.signal.end)
            for seen in decision.signals
            if seen.signal.name in INSULTS
        ]


def _compared(
    text: Text, member: int | None, said: Sequence[tuple[int, Role, str]], posts: Sequence[str], tables: Tables
) -> list[Caution]:
    """Some thousand texts: not on the loop."""
    conversations = (Said(whose, role, Text(raw, tables)) for whose, role, raw in said)
    return cautions(text, member, conversations, (Text(raw, tables) for raw in posts))
