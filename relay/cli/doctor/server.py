"""The database server, where it is PostgreSQL: whether it answers, may be relied on, and has the same time."""

from collections.abc import AsyncIterator
from functools import partial

from relay.cli.doctor.finding import Finding, fail, ok, size_of, warn
from relay.cli.doctor.inside import A_BIT, inside
from relay.cli.doctor.patient import Patient
from relay.core.errors import Unavailable
from relay.core.moment import rfc3339
from relay.stores.postgres_look import About, PostgresLook

SPARE = 30  # connections: a relay keeps up to 14, and a second one may want as many
BEFORE_CHANGE = "Make a backup before (pg_dump): the way back is a restore."


async def server(patient: Patient, url: str) -> AsyncIterator[Finding]:
    """One that does not answer is all there is to say."""
    try:
        look = await PostgresLook.open(url)
    except Unavailable as problem:
        fix = "Does it run, does store.url name it, and does its pg_hba.conf let this machine and this role in?"
        yield fail("database", problem.detail, fix)
        return
    try:
        own = [(check, partial(ask, look, patient)) for check, ask in OWN]
        async for finding in inside(look, patient, own, BEFORE_CHANGE):
            yield finding
    finally:
        await look.close()


async def _about(look: PostgresLook, _: Patient) -> Finding:
    about = await look.about()
    shown = f"PostgreSQL {about.version}: {size_of(about.size)}, {about.connections} of {about.most_connections} connections"
    if about.wrong:
        return fail(
            "database", f"{shown}. {about.wrong}", "Mend the server's settings; the relay does not start on it like this."
        )
    if _left(about) < SPARE:
        return warn("database", f"{shown}, few are left", f"Raise max_connections: each relay keeps up to {SPARE // 2}.")
    return ok("database", f"{shown}; fsync and synchronous_commit are on")


def _left(about: About) -> int:
    return about.most_connections - about.connections


async def _times(look: PostgresLook, patient: Patient) -> Finding | None:
    """How far the two clocks are apart; each says for itself what time it is."""
    there = (await look.about()).now
    apart = there - patient.clock()
    if abs(apart) <= A_BIT:
        return None
    what = f"the server's clock is {apart.total_seconds():+.0f} s from this machine's (it says {rfc3339(there)})"
    return warn("clock", what, "Let both be kept right over the network (NTP).")


OWN = (("database", _about), ("clock", _times))
