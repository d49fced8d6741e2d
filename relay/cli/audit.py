"""`relay audit`: who did what, and proof that nobody changed it since."""

import asyncio
import sys
from pathlib import Path

import click

from relay.cli.configured import config_option, data_option, settings_of
from relay.cli.look import looking
from relay.cli.screen import Screen, Thing
from relay.cli.session import Session, connected, limit_option
from relay.cli.shape import Exit, Failure, Group
from relay.configuration import Settings
from relay.core.chain import BEGINNING, AuditRow, Walked, followed, is_digest
from relay.core.errors import Unavailable
from relay.core.moment import from_micros, rfc3339

COLUMNS = ("n", "at", "actor", "action", "subject", "detail")
PAGE = 1000  # rows in memory, about half a MiB


@click.group(cls=Group)
def audit() -> None:
    """Audit: who did what, and proof that nobody changed it since."""


@audit.command(
    "list", examples=["relay audit list", "relay audit list --limit 1000 --json | jq 'select(.action == \"case.read\")'"]
)
@limit_option
@connected
def list_entries(session: Session, limit: int) -> None:
    """Show who did what, the newest first."""
    session.screen.many(session.client.pages("/v1/audit", limit), COLUMNS, "Nothing was done yet.")


@audit.command(
    examples=[
        "relay audit verify --data /var/lib/relay",
        "relay audit verify --config relay.toml --json >> /elsewhere/audit-heads.jsonl",
        "relay audit verify --head 5f1c3ab0...",
    ]
)
@config_option
@data_option
@click.option("--head", metavar="DIGEST", help="a digest that was noted earlier; it has to stand in the log still")
@click.option("--json", "as_json", is_flag=True, help="JSON, one object a line")
def verify(config: Path | None, data: Path | None, head: str | None, *, as_json: bool) -> None:
    """Follow the audit log's chain from its first row to its last.

    Reads the database itself and changes nothing, whether or not a relay runs. Shows the head: the digest that stands for the
    whole log so far. Note it where whoever can write to the database cannot, and name it with --head the next time: so a log
    that was cut off or written anew is found as well. The exit code is 1 when something does not hold.
    """
    if head is not None and not is_digest(head.lower()):
        raise Failure("--head takes a digest as `relay audit verify` shows it: 64 digits and letters from a to f.", Exit.USAGE)
    settings = settings_of(config, {"store.folder": data}).values
    try:
        walked = asyncio.run(_walk(settings, Walked((head or "").lower())))
    except Unavailable as problem:
        raise Failure(f"{problem.detail} `relay doctor` says more.") from None
    Screen(as_json=as_json).one(_shown(walked))
    if failure := _failure(walked):
        raise failure


async def _walk(settings: Settings, walked: Walked) -> Walked:
    """Page by page, up to the last row there is when a page comes back empty."""
    async with looking(settings) as look:
        after, end = BEGINNING, await look.audit_end()
        with click.progressbar(length=end, label="Rows", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
            while walked.broken is None and (rows := await look.audit_chain(after, PAGE)):
                walked = followed(walked, rows)
                after = rows[-1].n
                bar.update(min(after, end) - bar.pos)
    return walked


def _shown(walked: Walked) -> Thing:
    return {
        "holds": walked.broken is None and not walked.is_noted_missing,
        "rows": walked.rows,
        "older": walked.older,
        "head": walked.head or None,
        "head_at": _row(walked.last) if walked.last else None,
        "broken": _row(walked.broken) if walked.broken else None,
        **({"noted_at": walked.noted_at} if walked.noted else {}),
    }


def _row(row: AuditRow) -> Thing:
    """A row that somebody wrote to may hold anything."""
    return {"n": row.n, "at": _time(row.at), **{name: _text(getattr(row, name)) for name in ("actor", "action", "subject")}}


def _time(at: int) -> str:
    try:
        return rfc3339(from_micros(at))
    except (OverflowError, TypeError):
        return _text(at)


def _text(value: object) -> str:
    return str(value).encode("utf-8", "backslashreplace").decode()


def _failure(walked: Walked) -> Failure | None:
    what_now = "Keep the database as it is and compare it with a backup."
    if walked.broken is not None:
        why = "that row, or what stood before it, was changed, taken out or put in"
        return Failure(f"The audit log does not hold from row {walked.broken.n} on: {why}. {what_now}")
    if walked.is_noted_missing:
        why = "rows were cut off its end, it was written anew, or the digest is of another relay"
        return Failure(f"The noted digest stands nowhere in the audit log: {why}. {what_now}")
    return None
