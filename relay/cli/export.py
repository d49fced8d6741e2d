"""`relay export`: everything of a community as JSON lines, for whoever has to take it elsewhere or to keep it."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import click

from relay.cli.client import Client, Json, path
from relay.cli.screen import as_line
from relay.cli.session import Session, connected
from relay.cli.shape import Command, Exit, Failure
from relay.core.export import ExportKind

MANIFEST = "manifest.json"
SAY_EVERY = 10_000  # rows
PAGE = 200  # rows a request, as many as the relay gives
TRIES = 60  # in a row, a second each, while the relay says that it takes too many requests


@click.command(
    cls=Command,
    examples=["relay export pool pool-2026-05", "relay export pool /backup/pool --json --token-file owner.token"],
)
@click.argument("community")
@click.argument("to", type=click.Path(path_type=Path))
@connected
def export(session: Session, community: str, to: Path) -> None:
    """Write everything of a community into files.

    TO becomes a folder with a file of JSON lines for each kind of row: members, consents, addresses, posts, deliveries,
    presses, threads, messages and cases, held texts and notes among staff included. It takes an owner's token, and the audit
    log has it. The relay goes on meanwhile: each row is as it was when it was read. Nothing is written over, and TO is there
    when all of it is on the disk. One member's own export is `relay member export`.
    """
    if to.exists() or to.is_symlink():
        raise Failure(f"{to} is there already, and nothing is written over. Name another, or delete it first.", Exit.USAGE)
    part = to.with_name(f".{to.name}.part")
    try:
        counts = _written(session, community, part)
        part.rename(to)
    except OSError as error:
        raise Failure(f"{error.filename or to}: {error.strerror}. Nothing was kept.") from None
    finally:
        with suppress(OSError):
            shutil.rmtree(part)
    session.screen.one({"export": str(to), "counts": counts})


def _written(session: Session, community: str, part: Path) -> dict[str, int]:
    about = session.client.get(path("communities", community))
    with suppress(FileNotFoundError):
        shutil.rmtree(part)  # of one that was cut off
    part.mkdir(parents=True, mode=0o700)
    counts = {kind.value: _rows(session, community, kind, part / f"{kind.value}.jsonl") for kind in ExportKind}
    with _new(part / MANIFEST) as file:
        file.write(json.dumps({"community": about, "counts": counts}, ensure_ascii=False, indent=2) + "\n")
        _sync(file)
    return counts


def _rows(session: Session, community: str, kind: ExportKind, to: Path) -> int:
    count = 0
    with _new(to) as file:
        for row in _pages(session.client, path("communities", community, "export"), kind):
            file.write(as_line(row) + "\n")
            count += 1
            if count % SAY_EVERY == 0:
                session.screen.say(f"{kind.value}: {count:,}")
        _sync(file)
    session.screen.say(f"{kind.value}: {count:,}")
    return count


def _pages(client: Client, where: str, kind: ExportKind) -> Iterator[Json]:
    after: str | None = None
    while True:
        page = _patiently(client, where, kind=kind.value, limit=PAGE, after=after)
        yield from page["items"]
        after = page["next"]
        if after is None:
            return


def _patiently(client: Client, where: str, **query: object) -> Json:
    """What is refused for a moment, since it was asked too often or the relay restarts, is asked for again."""
    for left in range(TRIES, -1, -1):
        try:
            return client.get(where, **query)
        except Failure as failure:
            if failure.code not in {Exit.TRY_LATER, Exit.UNAVAILABLE} or not left:
                raise
            time.sleep(1)
    raise AssertionError  # the last round returns or raises


def _new(path_: Path) -> TextIO:
    return open(os.open(path_, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8")  # noqa: PTH123  for its owner


def _sync(file: TextIO) -> None:
    file.flush()
    os.fsync(file.fileno())
