"""A finding: one line of what `relay doctor` says, and what to do about it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How it is: `warn` is what bites some day, `fail` what keeps the relay from its promises now."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, what was seen; `fix` is what to do, empty where all is well."""

    check: str
    state: State
    what: str
    fix: str = ""


def ok(check: str, what: str) -> Finding:
    return Finding(check, State.OK, what)


def warn(check: str, what: str, fix: str) -> Finding:
    return Finding(check, State.WARN, what, fix)


def fail(check: str, what: str, fix: str) -> Finding:
    return Finding(check, State.FAIL, what, fix)


def guarded(check: str, look: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """What it finds; whatever breaks while it looks is a finding as well, and not the end of the others."""
    try:
        yield from look()
    except Exception as error:  # noqa: BLE001  a machine that is broken in a new way is what this is for
        yield broken(check, error)


def broken(check: str, error: Exception) -> Finding:
    """Where nothing could be seen."""
    why = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return fail(check, f"could not be looked at: {why}", "Mend that first, then ask again.")


def size_of(count: int) -> str:
    """Bytes for people."""
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:  # noqa: PLR2004  the step of these units
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"
