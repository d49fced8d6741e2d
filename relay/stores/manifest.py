"""The manifest of a backup: what its copy of the database is, so that another relay can tell before it takes it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from relay.core.errors import Unavailable
from relay.core.moment import rfc3339

NAME = "manifest.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """Of when it is, by which relay, with which tables and how many rows, and the digest of its copy."""

    at: datetime
    relay: str
    schema: tuple[str, ...]
    bytes: int
    sha256: str
    counts: Mapping[str, int]

    def plain(self) -> dict[str, Any]:
        """As it is written."""
        return {
            "format": FORMAT,
            "at": rfc3339(self.at),
            "relay": self.relay,
            "schema": self.schema,
            "bytes": self.bytes,
            "sha256": self.sha256,
            "counts": self.counts,
        }


def read(folder: Path) -> Manifest:
    """What a backup says of itself. Raises Unavailable when it is none, or one that this relay cannot read."""
    try:
        return _made(json.loads((folder / NAME).read_bytes()))
    except (FileNotFoundError, NotADirectoryError):
        raise Unavailable(f"{folder} is no backup: it holds no {NAME}. Name a folder that `relay backup` wrote.") from None
    except OSError as error:
        raise Unavailable(f"{folder} cannot be read: {error.strerror}.") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Unavailable(f"{folder / NAME} is no manifest of a backup. Take another backup.") from None


def _made(said: Any) -> Manifest:  # noqa: ANN401  whatever the file holds
    if said["format"] != FORMAT:
        raise Unavailable(f"The backup is of format {said['format']}, and this relay reads {FORMAT}. Take a newer relay.")
    return Manifest(
        at=datetime.fromisoformat(said["at"]),
        relay=str(said["relay"]),
        schema=tuple(map(str, said["schema"])),
        bytes=int(said["bytes"]),
        sha256=str(said["sha256"]),
        counts={str(name): int(count) for name, count in said["counts"].items()},
    )
