"""What must be so of members, posts and streams, kept in plain Python beside the store and written from the promises alone."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from relay.core.change import (
    AcceptPost,
    AddMember,
    AdvanceCursors,
    CancelPost,
    Erase,
    FreezeAudience,
    Frozen,
    Leave,
    PlanPost,
    Rejoin,
    Released,
    ReleasePost,
)
from relay.core.delivery import DeliveryState
from relay.core.member import Address
from relay.core.post import Post

READABLE = (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ)


class BrokenPromise(AssertionError):
    """Something is not as promised."""


def promised(holds: object, what: str) -> None:
    """Raises BrokenPromise unless it holds."""
    if not holds:
        raise BrokenPromise(what)


@dataclass(slots=True, eq=False)
class OneMember:
    """`stream` has the ids of their items in the order of the seqs."""

    n: int
    id: str
    community: int
    addresses: tuple[Address, ...]
    is_in: bool = True
    is_erased: bool = False
    stream: list[str] = field(default_factory=list)
    sent: int = 0
    delivered: int = 0
    read: int = 0

    def give(self, seq: int, item: str) -> None:
        """The next item; each once, without a gap."""
        promised(not self.is_erased, f"item {item} was given to member {self.n} after erasure")
        promised(seq == len(self.stream) + 1, f"member {self.n} got seq {seq} after {len(self.stream)}")
        promised(item not in self.stream, f"member {self.n} was given {item} twice")
        self.stream.append(item)

    def shown(self, seq: int, row: DeliveryState) -> DeliveryState:
        """The further of what the cursors and the row say."""
        by_cursor = DeliveryState.READ if seq <= self.read else DeliveryState.SENDING
        if self.read < seq <= self.sent:
            by_cursor = DeliveryState.DELIVERED if seq <= self.delivered else DeliveryState.SENT
        if by_cursor in READABLE and row in READABLE:
            return max(by_cursor, row)
        return by_cursor if by_cursor in READABLE else row


@dataclass(slots=True, eq=False)
class OnePost:
    """`given` has the seq of each member who got it, `was_out` those who had left when their turn might have come."""

    n: int
    post: Post
    audience: list[int] = field(default_factory=list)
    given: dict[int, int] = field(default_factory=dict)
    was_out: set[int] = field(default_factory=set)
    is_accepted: bool = False
    is_cancelled: bool = False
    is_done: bool = False
    has_expired: bool = False

    def is_over(self, now: datetime) -> bool:
        """Whether it has expired."""
        return self.post.expires_at is not None and self.post.expires_at <= now


class Ledger:
    """By the store's keys; an erased member stays here, as one who must have left nothing."""

    def __init__(self) -> None:
        self.members: dict[int, OneMember] = {}
        self.posts: dict[int, OnePost] = {}

    @property
    def accepted(self) -> Iterable[OnePost]:
        return (post for post in self.posts.values() if post.is_accepted)

    def post_of(self, id_: str) -> OnePost | None:
        """The accepted post with this id."""
        return next((each for each in self.accepted if each.post.id == id_), None)

    def member_of(self, id_: str) -> OneMember | None:
        return next((each for each in self.members.values() if each.id == id_), None)

    # ------------------------------------------------------------------------------------------------------ members

    def added(self, change: AddMember, n: int) -> None:
        new = change.member
        promised(n not in self.members, f"key {n} was given to two members")
        self.members[n] = OneMember(n, new.id, new.community, change.addresses)

    def left(self, change: Leave, _: object) -> None:
        self._out(change.member)

    def came_back(self, change: Rejoin, _: object) -> None:
        self.members[change.member].is_in = not self.members[change.member].is_erased

    def erased(self, change: Erase, _: object) -> None:
        self._out(change.member)
        self.members[change.member].is_erased = True

    def _out(self, n: int) -> None:
        self.members[n].is_in = False
        for post in self.posts.values():
            if n not in post.given and not post.is_done:
                post.was_out.add(n)

    def advanced(self, change: AdvanceCursors, _: object) -> None:
        """Never back, and never past the stream's end."""
        for each in change.reached:
            if (member := self.members.get(each.member)) is None or member.is_erased:
                continue
            last = len(member.stream)
            member.read = max(member.read, min(each.read, last))
            member.delivered = max(member.delivered, min(each.delivered, last), member.read)
            member.sent = max(member.sent, min(each.sent, last), member.delivered)

    # -------------------------------------------------------------------------------------------------------- posts

    def planned(self, change: PlanPost, n: int) -> None:
        promised(n not in self.posts, f"key {n} was given to two posts")
        self.posts[n] = OnePost(n, change.post)

    def frozen(self, change: FreezeAudience, outcome: Frozen) -> None:
        """Everybody who is in at that instant, in groups by their keys."""
        everybody = [each.n for each in self.members.values() if each.community == change.community and each.is_in]
        group = sorted(n for n in everybody if n > change.after)[: change.limit]
        promised(outcome.rows == len(group), f"{outcome.rows} members of {group} were frozen for post {change.post}")
        self.posts[change.post].audience += group

    def was_accepted(self, change: AcceptPost, _: object) -> None:
        post = next(each for each in self.posts.values() if each.post.id == change.post.id)
        promised(not post.is_accepted, f"post {change.post.id} was accepted twice")
        audience = len(post.audience)
        promised(audience == change.post.audience, f"post {change.post.id} names an audience of {change.post.audience}")
        promised(len(set(post.audience)) == audience, f"post {change.post.id} has somebody twice in {post.audience}")
        post.is_accepted = True

    def cancelled(self, change: CancelPost, _: object) -> None:
        post = self.posts[change.post.n]
        promised(post.is_accepted, f"post {post.n} was cancelled before it was accepted")
        post.is_cancelled = True

    def released(self, change: ReleasePost, outcome: Released) -> None:
        post = self.posts[change.post.n]
        promised(post.is_accepted, f"post {post.n} was released before it was accepted")
        post.has_expired = post.has_expired or post.is_over(change.now)
        if outcome.seqs:
            promised(not post.is_cancelled, f"post {post.n} was released after it was cancelled")
            promised(not post.is_over(change.now), f"post {post.n} was released after it expired")
        for n, seq in outcome.seqs:
            self._give(post, n, seq)
        if outcome.finished and not post.is_cancelled and not post.is_done:
            post.is_done = True
            left_out = [n for n in post.audience if n not in post.given and n not in post.was_out]
            promised(post.has_expired or not left_out, f"post {post.n} is done without members {left_out}")

    def _give(self, post: OnePost, n: int, seq: int) -> None:
        member = self.members[n]
        promised(n in post.audience, f"post {post.n} went to member {n}, who was not in its audience")
        promised(member.is_in, f"post {post.n} went to member {n}, who has left")
        member.give(seq, post.post.id)
        post.given[n] = seq

    def unreleased(self, post: OnePost, n: int) -> set[DeliveryState]:
        """In which states the delivery of a member may be who was not given the post."""
        if self.members[n].is_erased:
            return {DeliveryState.ERASED}
        left_out = {DeliveryState.SUPPRESSED} if n in post.was_out else set()
        if post.has_expired:
            left_out |= {DeliveryState.EXPIRED}
        if post.is_cancelled:
            return left_out | {DeliveryState.CANCELLED}
        return left_out if post.is_done else left_out | {DeliveryState.PLANNED}
