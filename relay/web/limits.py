"""Limits: token buckets for each member, key, person of staff and address, a table for each kind of caller."""

from dataclasses import dataclass

from relay.core.rate import Buckets
from relay.web.settings import LimitSettings


@dataclass(frozen=True, slots=True)
class Limits:
    """The tables, one a kind of caller, so that nobody's limit depends on another kind."""

    member: Buckets
    staff: Buckets
    key: Buckets
    visitor: Buckets
    failed: Buckets
    guesses: Buckets
    strangers: Buckets
    joins: Buckets
    invites: Buckets


def limits(settings: LimitSettings) -> Limits:
    """Empty tables."""
    return Limits(
        member=Buckets(settings.member.rate),
        staff=Buckets(settings.staff.rate),
        key=Buckets(settings.key.rate),
        visitor=Buckets(settings.visitor.rate),
        failed=Buckets(settings.failed.rate),
        guesses=Buckets(settings.guesses.rate),
        strangers=Buckets(settings.strangers.rate),
        joins=Buckets(settings.joins.rate),
        invites=Buckets(settings.invites.rate),
    )
