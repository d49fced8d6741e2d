"""What stands in the database, whichever engine it is: its tables, the end of the audit log, the newest time."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial

from relay.cli.doctor.finding import Finding, broken, fail, ok, warn
from relay.cli.doctor.patient import Patient
from relay.core.chain import Walked, followed
from relay.core.errors import Unavailable
from relay.core.moment import rfc3339
from relay.stores.sql.look import Look

Ask = Callable[[], Awaitable[Finding | None]]
Named = tuple[str, Ask]
"""The name of the check, and what finds out; None: nothing worth a line."""

LAST_ROWS = 1000  # of the audit log: a moment's reading
CHAINED_SINCE = "0002_faults"
A_BIT = timedelta(seconds=5)  # clocks that are set over the network move by less
RESTORE = "Keep it as it is, and put a backup back: docs/how-to/back-up.md."


async def inside(look: Look, patient: Patient, own: Sequence[Named], before_change: str) -> AsyncIterator[Finding]:
    """Each for itself: what is damaged in one place may be readable in another. `own` are those of the engine."""
    try:
        had, known = await look.applied()
    except Unavailable as problem:
        yield fail("tables", problem.detail, RESTORE)
        return
    for finding in tables(had, known, before_change):
        yield finding
    if CHAINED_SINCE in had:
        own = [*own, ("audit", partial(_audit, look)), ("clock", partial(_clock, look, patient))]
    for check, ask in own:
        try:
            found = await ask()
        except Unavailable as problem:
            found = fail(check, problem.detail, RESTORE)
        except Exception as error:  # noqa: BLE001  whatever stands in a damaged database
            found = broken(check, error)
        if found is not None:
            yield found


def tables(had: set[str], known: set[str], before_change: str) -> Iterator[Finding]:
    """Whether this relay knows the tables."""
    if unknown := had - known:
        what = f"a newer relay wrote this database (it has {', '.join(sorted(unknown))})"
        yield fail("tables", what, "Install that version again, or put back the copy made before its first start.")
    elif not had:
        yield warn(
            "tables", "there are none of a relay yet", "Does it belong to another program? Else the next start makes them."
        )
    elif missing := known - had:
        what = f"they are of an older relay; the next start changes them ({', '.join(sorted(missing))})"
        yield warn("tables", what, before_change)
    else:
        yield ok("tables", f"of this relay ({max(had)})")


async def _audit(look: Look) -> Finding:
    """The last rows; the first one of them is taken as it is."""
    rows = await look.audit_chain(max(0, await look.audit_end() - LAST_ROWS), LAST_ROWS)
    chained = [row for row in rows if row.digest]
    if not chained:
        return ok("audit", "nothing is chained in the audit log yet")
    walked = followed(Walked(last=chained[0]), rows[rows.index(chained[0]) + 1 :])
    if walked.broken is not None:
        fix = "`relay audit verify` follows it from the beginning. Keep the database as it is and compare it with a backup."
        return fail("audit", f"the audit log does not hold from row {walked.broken.n} on", fix)
    return ok("audit", f"the last {walked.rows + 1} rows of the audit log hold; `relay audit verify` follows all of it")


async def _clock(look: Look, patient: Patient) -> Finding:
    newest, now = await look.newest_at(), patient.clock()
    if newest is None or newest <= now + A_BIT:
        return ok("clock", f"{rfc3339(now)}, not before what was written last")
    what = f"it is {rfc3339(now)} here, and the database has something of {rfc3339(newest)}: the clock went back"
    return fail("clock", what, "Set the clock, and let it be kept right over the network (NTP).")
