"""What must be so of runs: each with a higher epoch, and nothing is claimed or settled for one that has ended."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from relay.core.attempt import ClaimAttempts, Claimed, RecoverAttempts, ReturnAttempts, SettleAttempts, Settlement
from relay.core.delivery import DeliveryState
from relay.core.run import DropPlans, EndRun, KeepRun, StartRun
from tests.simulation.exits import READ_BY, End, Exits, OneExit, Phase
from tests.simulation.ledger import promised


class Runs:
    """`live` has until when each run holds."""

    def __init__(self, exits: Exits) -> None:
        self._exits = exits
        self._highest = 0
        self.live: dict[int, datetime] = {}
        self.handlers: Mapping[type[Any], tuple[Callable[[Any, Any], None], ...]] = {
            StartRun: (self.started,),
            KeepRun: (self.kept,),
            EndRun: (self.ended,),
            DropPlans: (self.dropped,),
            ClaimAttempts: (self.claimed,),
            SettleAttempts: (self.settled,),
            ReturnAttempts: (self.returned,),
            RecoverAttempts: (self.recovered,),
        }

    def started(self, change: StartRun, epoch: int) -> None:
        promised(epoch > self._highest, f"run {epoch} began after {self._highest}")
        self._highest = epoch
        self.live[epoch] = change.until

    def kept(self, change: KeepRun, _: object) -> None:
        promised(change.epoch in self.live, f"run {change.epoch} goes on after its end")
        self.live[change.epoch] = max(change.until, self.live[change.epoch])

    def ended(self, change: EndRun, _: object) -> None:
        self.live.pop(change.epoch, None)

    def dropped(self, change: DropPlans, _: object) -> None:
        self._end_overdue(change.now)

    def _end_overdue(self, now: datetime) -> None:
        self.live = {epoch: until for epoch, until in self.live.items() if until > now}

    def claimed(self, change: ClaimAttempts, outcome: Claimed) -> None:
        until = self.live.get(change.run)
        promised(until is not None and until > change.now, f"run {change.run} claims, and holds until {until}")
        self._exits.claimed(change, outcome)

    def settled(self, change: SettleAttempts, _: object) -> None:
        for settlement in change.settlements:
            each = self._exits.by_reference(settlement.reference)
            if each is not None and each.phase is Phase.UNDER_WAY and each.run == change.run:
                self._exits.settle(each, settlement)
            elif each is not None:
                self._heard_late(each, settlement)

    def _heard_late(self, each: OneExit, settlement: Settlement) -> None:
        """Others have recovered it. That it arrived always counts; that it failed, where nobody knows better."""
        if settlement.state in READ_BY:
            promised(each.was_taken, f"{each} is {settlement.state.word}, and the platform never had it")
            self._exits.receive(each, settlement.state)
        elif settlement.state is DeliveryState.FAILED and each.row is DeliveryState.UNKNOWN:
            self._exits.receive(each, settlement.state)

    def returned(self, change: ReturnAttempts, count: int) -> None:
        """What was claimed without the relay's knowledge was never handed over, so it waits again."""
        unknown = [
            each
            for each in self._exits.under_way()
            if each.run == change.run and each.address.channel == change.channel and each.reference not in change.known
        ]
        promised(count == len(unknown), f"{count} attempts wait again, and {unknown} were under way")
        for each in unknown:
            promised(each.end is End.NONE, f"{each} waits again, and it is {each.end.value}")
            self._exits.waits(each)

    def recovered(self, change: RecoverAttempts, count: int) -> None:
        """What was under way when its relay ended may have left."""
        self._end_overdue(change.now)
        lost = [each for each in self._exits.under_way() if each.run not in self.live]
        promised(count == len(lost), f"{count} attempts are unknown after the start, and {lost} were under way")
        for each in lost:
            each.move(DeliveryState.UNKNOWN)
            each.phase = Phase.DONE
