"""`relay backup`: a copy of the database that can be put back, made while the relay runs."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import click

from relay.cli.configured import config_option, data_option, settings_of
from relay.cli.how_far import how_far
from relay.cli.screen import Screen
from relay.cli.shape import Command, Exit, Failure
from relay.compose.storage import DATABASE
from relay.configuration import StoreSettings
from relay.core.errors import Unavailable
from relay.core.moment import rfc3339
from relay.stores import erasure_list, manifest
from relay.stores.copies import delete
from relay.stores.manifest import Manifest
from relay.stores.sqlite_backup import make
from relay.stores.sqlite_space import MIB, SHARE

NAMED = "foureyes-{at:%Y%m%dT%H%M%SZ}"  # of one backup among those that --keep rotates


@click.command(
    cls=Command,
    examples=[
        "relay backup /backup/foureyes-monday --data /var/lib/relay",
        "relay backup /backup/foureyes --keep 14 --config /etc/relay.toml",
        "relay backup /backup/foureyes --keep 14 --json | jq -r .backup",
    ],
)
@click.argument("to", type=click.Path(path_type=Path))
@config_option
@data_option
@click.option("--keep", type=click.IntRange(1), help="TO holds so many backups: a new one each time, the oldest goes")
@click.option("--json", "as_json", is_flag=True, help="JSON, one object a line")
def backup(to: Path, config: Path | None, data: Path | None, keep: int | None, *, as_json: bool) -> None:
    """Make a copy of the database that can be put back.

    Works while the relay runs, and copies one instant. TO becomes a folder with the database, a manifest and the erasure list.
    It carries its name when all of that is on the disk and was looked at; nothing is ever written over. Keep it as you keep the
    data folder: all texts are in it, until you delete it.
    """
    where = settings_of(config, {"store.folder": data}).values.store
    screen = Screen(as_json=as_json)
    _check(where, to)
    target = to if keep is None else to / NAMED.format(at=datetime.now(UTC))
    try:
        with how_far() as progress:
            made = make(where.folder / DATABASE, target, progress)
    except Unavailable as problem:
        raise Failure(problem.detail) from None
    gone = [] if keep is None else _rotate(target, keep)
    screen.one(_shown(target, made, gone))


def _check(where: StoreSettings, to: Path) -> None:
    """Raises Failure where nothing can come of it."""
    if where.url is not None:
        raise Failure(_of_postgres(where, to), Exit.USAGE)
    database = where.folder / DATABASE
    if not database.is_file():
        raise Failure(f"There is no database in {where.folder}. Name the folder with --data or --config.", Exit.USAGE)
    if to.absolute().resolve().is_relative_to(where.folder.absolute().resolve()):
        raise Failure(f"{to} is in the data folder, and would be lost with it. Name a place on another disk.", Exit.USAGE)
    place = next(folder for folder in to.absolute().parents if folder.is_dir())
    disk = shutil.disk_usage(place)
    is_the_relays = place.stat().st_dev == where.folder.stat().st_dev
    spare = min(where.reserve_mib * MIB, disk.total // SHARE) if is_the_relays else 0
    needed = database.stat().st_size + spare
    if disk.free < needed:
        what = f"{place} has {disk.free // MIB:,} MiB free, and the copy takes {needed // MIB:,} MiB"
        raise Failure(f"{what}{', with what the relay keeps free' if spare else ''}. Free some space, or name another place.")


def _of_postgres(where: StoreSettings, to: Path) -> str:
    return (
        "The database is PostgreSQL, which has tools of its own for this. Run, with the address from store.url:\n"
        f"  pg_dump --format=custom --file={to} postgresql://...\n"
        f"  cp {where.folder / erasure_list.NAME} {to}.{erasure_list.NAME}\n"
        "The second line after the first: whoever was erased since must be known when the dump is put back."
    )


def _rotate(made: Path, keep: int) -> list[str]:
    """Deletes the oldest of this relay's backups beside the one just made, which stays; so does whatever else lies there."""
    found: list[tuple[str, Path]] = []
    for path in made.parent.glob(NAMED.partition("{")[0] + "*"):
        try:
            found.append((rfc3339(manifest.read(path).at), path))
        except Unavailable:
            continue
    others = [path for _, path in sorted(found, reverse=True) if path != made]  # a clock may have gone back
    too_old = others[keep - 1 :][::-1]
    for path in too_old:
        delete(path)
    return [str(path) for path in too_old]


def _shown(target: Path, made: Manifest, gone: list[str]) -> dict[str, object]:
    return {"backup": str(target), **made.plain(), "schema": list(made.schema), "deleted": gone}
