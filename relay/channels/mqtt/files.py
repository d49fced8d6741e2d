"""The files that a broker starts from: its configuration, its first administrator, the relay's secrets and settings.

Written once. What is there already is left as it is unless it is to be written anew, and a secret is made once and kept.

What mosquitto writes lies in a folder of its own. In the one around it nobody but its owner may write: whoever has taken over
mosquitto replaces neither its configuration nor a secret, and finds nothing that root follows.
"""

import os
import pwd
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from relay.channels.mqtt.access import ADMIN, BOOTSTRAP, BOOTSTRAP_ROLE, STREAM
from relay.channels.mqtt.dynsec import Owner, rendered
from relay.channels.mqtt.mosquitto import CONFIG, DYNSEC, KEPT, Broker
from relay.core.device import SALT_BYTES, hashed

ENVIRONMENT: Final = "relay.env"
OWNERS: Final = (BOOTSTRAP, ADMIN, STREAM)
OWNER_ONLY: Final = 0o600
FOLDER_MODE: Final = 0o750  # mosquitto's own user looks inside
KEPT_MODE: Final = 0o2770  # the relay writes there too, as one of the group
OTHERS_WRITE: Final = 0o022


class Different(Exception):
    """A file is there already, and says something else; the message is its path."""


class Unsafe(Exception):
    """Others may write where root is to; the message says where."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of each file: its path, and whether it was written now."""

    made: tuple[Path, ...]
    kept: tuple[Path, ...]


def secret_file(folder: Path, owner: str) -> Path:
    return folder / f"{owner}.secret"


def write(broker: Broker, url: str, new_secret: Callable[[], str], *, anew: bool = False) -> Written:
    """Everything that is missing; with `anew` also what is there, but no secret. Raises Different, Unsafe, OSError."""
    folder = broker.folder
    settings = environment(folder, url)
    wanted = {folder / CONFIG: broker.config().encode(), folder / ENVIRONMENT: settings.encode()}
    if not anew:
        _check(wanted)
    owner = pwd.getpwnam(broker.user) if broker.user is not None and os.geteuid() == 0 else None
    _make_folder(folder, owner)
    made = [path for path in (secret_file(folder, name) for name in OWNERS) if _put_secret(path, new_secret)]
    made += [path for path, content in wanted.items() if _put(path, content, anew=anew)]
    made += [folder / DYNSEC] if _put_dynsec(folder, owner, anew=anew) else []
    every = [*(secret_file(folder, name) for name in OWNERS), *wanted, folder / DYNSEC]
    return Written(tuple(made), tuple(path for path in every if path not in made))


def _make_folder(folder: Path, owner: pwd.struct_passwd | None) -> None:
    """`owner` is who mosquitto becomes; None where it stays who it is."""
    if not folder.exists():
        folder.mkdir(parents=True, mode=FOLDER_MODE)
        if owner is not None:
            os.chown(folder, -1, owner.pw_gid, follow_symlinks=False)
    elif owner is not None and (folder.stat().st_uid != 0 or folder.stat().st_mode & OTHERS_WRITE):
        raise Unsafe(str(folder))
    kept = folder / KEPT
    if kept.is_symlink():
        raise Unsafe(str(kept))
    if not kept.exists():
        kept.mkdir(mode=FOLDER_MODE)
        if owner is not None:
            os.chown(kept, owner.pw_uid, owner.pw_gid, follow_symlinks=False)
            kept.chmod(KEPT_MODE)


def environment(folder: Path, url: str) -> str:
    """The relay's settings as variables: for a shell, for systemd's EnvironmentFile, and to be read."""
    named = {
        "URL": url,
        "USER": STREAM,
        "PASSWORD_FILE": secret_file(folder, STREAM),
        "ADMIN_PASSWORD_FILE": secret_file(folder, ADMIN),
        "BOOTSTRAP_PASSWORD_FILE": secret_file(folder, BOOTSTRAP),
        "DYNSEC_FILE": folder / DYNSEC,
    }
    return "".join(f"RELAY_MQTT__{name}={shlex.quote(str(value))}\n" for name, value in named.items())


def _check(wanted: Mapping[Path, bytes]) -> None:
    for path in _differing(wanted):
        raise Different(str(path))


def _differing(wanted: Mapping[Path, bytes]) -> Iterator[Path]:
    yield from (path for path, content in wanted.items() if path.exists() and path.read_bytes() != content)


def _put_secret(path: Path, new_secret: Callable[[], str]) -> bool:
    if path.exists():
        return False
    _create(path, f"{new_secret()}\n".encode())
    return True


def _put(path: Path, content: bytes, *, anew: bool) -> bool:
    if path.exists() and not (anew and path.read_bytes() != content):
        return False
    _create(path, content, mode=0o644)
    return True


def _put_dynsec(folder: Path, owner: pwd.struct_passwd | None, *, anew: bool) -> bool:
    """The first administrator alone: the relay makes its own identities through them, and removes them then."""
    path = folder / DYNSEC
    if path.exists() and not anew:
        return False
    secret = secret_file(folder, BOOTSTRAP).read_text("utf-8").strip()
    content = rendered([Owner(BOOTSTRAP, BOOTSTRAP_ROLE, hashed(secret, os.urandom(SALT_BYTES)))], [])
    _create(path, content, owner=owner)
    return True


def _create(path: Path, content: bytes, mode: int = OWNER_ONLY, owner: pwd.struct_passwd | None = None) -> None:
    """Whole or not at all, and never open to others for a moment."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(file, "wb") as out:
        if owner is not None:
            os.fchown(out.fileno(), owner.pw_uid, owner.pw_gid)
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    part.replace(path)
