"""What must be so of attempts: one at a time, never again after what may have left, never without the platform's word."""

from dataclasses import dataclass, field
from enum import Enum

from relay.core.attempt import (
    AddReceipts,
    ClaimAttempts,
    Claimed,
    HearFrom,
    SetPushed,
    Settlement,
)
from relay.core.delivery import DeliveryState
from relay.core.member import Address
from tests.simulation.ledger import BrokenPromise, Ledger, OneMember, OnePost, promised

ENDED = {DeliveryState.SUPPRESSED, DeliveryState.CANCELLED, DeliveryState.EXPIRED, DeliveryState.FAILED}
READ_BY = {DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ}
RANK = {
    DeliveryState.DEFERRED: 0,
    DeliveryState.SENDING: 1,
    DeliveryState.UNKNOWN: 2,
    DeliveryState.SENT: 3,
    DeliveryState.DELIVERED: 4,
    DeliveryState.READ: 5,
}


class Phase(Enum):
    """Where the relay is with it."""

    WAITING = "waiting"
    UNDER_WAY = "under way"
    DONE = "done"


class End(Enum):
    """What the platform knows of the last try, and the relay may know."""

    NONE = "not asked"
    IN_DOUBT = "in doubt"
    TAKEN = "taken"
    REFUSED = "refused"


@dataclass(slots=True, eq=False)
class OneExit:
    """One item on its way to one address; `may_end` are the ends that the relay may have given it without a try."""

    member: int
    seq: int
    item: str
    address: Address
    post: OnePost | None
    row: DeliveryState = DeliveryState.SENDING
    phase: Phase = Phase.WAITING
    reference: str = ""
    end: End = End.NONE
    was_taken: bool = False
    run: int = 0
    may_end: set[DeliveryState] = field(default_factory=set)

    def move(self, to: DeliveryState) -> None:
        """Never backwards, and never out of an end."""
        if self.row in ENDED or (to in ENDED and self.row is DeliveryState.READ):
            return
        if to in ENDED or RANK[to] > RANK[self.row]:
            self.row = to


class Exits:
    """By member and seq."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.all: dict[tuple[int, int], OneExit] = {}
        self.pushed: tuple[str, ...] = ()
        self.gone: set[tuple[int, Address]] = set()
        self.forgotten: dict[str, OneExit] = {}

    def under_way(self) -> list[OneExit]:
        return [each for each in self.all.values() if each.phase is Phase.UNDER_WAY]

    def by_reference(self, reference: str) -> OneExit | None:
        return next((each for each in self.all.values() if each.reference == reference), None)

    def of(self, member: int) -> list[OneExit]:
        return [each for each in self.all.values() if each.member == member]

    # ------------------------------------------------------------------------------------------------ what is made

    def made(self, member: OneMember, seq: int, post: OnePost | None) -> None:
        """For an item of the stream of somebody whom the relay pushes to."""
        reached = [each for each in member.addresses if each.channel in self.pushed and (member.n, each) not in self.gone]
        if reached:
            item = member.stream[seq - 1]
            self.all[member.n, seq] = OneExit(member.n, seq, item, reached[0], post)

    def set_pushed(self, change: SetPushed, _: object) -> None:
        self.pushed = change.channels

    def heard(self, change: HearFrom, _: object) -> None:
        self.gone -= {each for each in self.gone if each[0] == change.member and each[1].channel == change.channel}

    def left(self, member: int) -> None:
        """What waits for the member may be suppressed."""
        for each in self.of(member):
            if each.post is not None and each.phase is Phase.WAITING:
                each.may_end.add(DeliveryState.SUPPRESSED)

    def cancelled(self, post: int) -> None:
        for each in self.all.values():
            if each.post is not None and each.post.n == post and each.phase is Phase.WAITING:
                each.may_end.add(DeliveryState.CANCELLED)

    def erased(self, member: int) -> None:
        self.forgotten |= {each.reference: each for each in self.of(member)}
        self.all = {key: each for key, each in self.all.items() if each.member != member}

    def waits(self, each: OneExit) -> None:
        """Again; what happened while it was under way may end it now."""
        each.phase = Phase.WAITING
        if each.post is not None and not self.ledger.members[each.member].is_in:
            each.may_end.add(DeliveryState.SUPPRESSED)
        if each.post is not None and each.post.is_cancelled:
            each.may_end.add(DeliveryState.CANCELLED)

    # -------------------------------------------------------------------------------------------- what is written

    def claimed(self, change: ClaimAttempts, outcome: Claimed) -> None:
        for each in self.all.values():
            if each.phase is Phase.WAITING and each.post is not None and each.post.is_over(change.now):
                each.may_end.add(DeliveryState.EXPIRED)
        for claim in outcome.claims:
            each = self.all.get((claim.member, claim.seq)) or self._unknown(claim.member, claim.seq)
            promised(each.phase is Phase.WAITING, f"{each} is claimed while it is {each.phase.value}")
            promised(each.address == Address(change.channel, claim.address), f"{each} is claimed for {claim.address}")
            promised(each.reference in ("", claim.reference), f"{each} is claimed under another reference")
            self._may_go(each, change)
            busy = [other for other in self.under_way() if other.address == each.address]
            promised(not busy, f"{each} is claimed while {busy} is under way at the same address")
            each.phase, each.reference, each.run = Phase.UNDER_WAY, claim.reference, change.run
            each.end, each.row = End.NONE, DeliveryState.SENDING
            each.may_end.clear()

    def _unknown(self, member: int, seq: int) -> OneExit:
        raise BrokenPromise(f"item {seq} of member {member} is claimed, and nothing was to be sent")

    def _may_go(self, each: OneExit, change: ClaimAttempts) -> None:
        if each.post is None:
            return
        promised(self.ledger.members[each.member].is_in, f"{each} is claimed though the member has left")
        promised(not each.post.is_cancelled, f"{each} is claimed though the post is cancelled")
        promised(not each.post.is_over(change.now), f"{each} is claimed though the post has expired")

    def settle(self, each: OneExit, settlement: Settlement) -> None:
        """The relay may say only what the platform said to it."""
        said = {
            End.NONE: {DeliveryState.UNKNOWN, DeliveryState.DEFERRED},
            End.IN_DOUBT: {DeliveryState.UNKNOWN},
            End.TAKEN: {DeliveryState.SENT},
            End.REFUSED: {DeliveryState.DEFERRED, DeliveryState.FAILED},
        }[each.end]
        promised(settlement.state in said, f"{each} is settled as {settlement.state.word}, and it is {each.end.value}")
        again = settlement.due_at is not None
        promised(again == (settlement.state is DeliveryState.DEFERRED), f"{each} is settled, and due again: {again}")
        if settlement.address_gone:
            self.gone.add((each.member, each.address))
        if each.row is not DeliveryState.SENDING:  # a receipt was faster
            each.move(settlement.state)
            again = False
        else:
            each.row = settlement.state
        if again:
            self.waits(each)
        else:
            each.phase = Phase.DONE

    def receipts(self, change: AddReceipts, _: object) -> None:
        for receipt in change.receipts:
            each = self.by_reference(receipt.reference)
            if each is not None:
                self.receive(each, receipt.state)

    def receive(self, each: OneExit, state: DeliveryState) -> None:
        """What the platform has waits for no further try."""
        before = each.row
        each.move(state)
        if each.row is not before and each.phase is Phase.WAITING:
            each.phase = Phase.DONE

    # ------------------------------------------------------------------------------------------ what is handed over

    def handed_over(self, reference: str, address: str, item: str, *, was_read_before: bool) -> OneExit:
        """The relay asks the platform to take it; it may have read it before the member was erased."""
        each = self.by_reference(reference)
        if each is None and was_read_before and reference in self.forgotten:
            return self.forgotten[reference]
        if each is None:
            raise BrokenPromise(f"{item} is sent to {address}, and nothing was claimed")
        promised(each.phase is Phase.UNDER_WAY, f"{each} is sent while it is {each.phase.value}")
        promised((each.address.address, each.item) == (address, item), f"{each} is sent as {item} to {address}")
        promised(not each.was_taken, f"{each} is sent again though the platform has it")
        promised(each.end is End.NONE, f"{each} is sent again though the try before is {each.end.value}")
        promised(not self.ledger.members[each.member].is_erased, f"{each} is sent though the member is erased")
        each.end = End.IN_DOUBT
        return each

    def allowed(self, each: OneExit) -> set[DeliveryState]:
        """In which states the delivery's row may be."""
        return {each.row, *each.may_end}
