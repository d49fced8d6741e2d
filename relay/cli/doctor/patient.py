"""The patient: which relay is looked at, as far as its settings can be read."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from relay.cli.doctor.finding import Finding, fail, ok, warn
from relay.compose.moderation import SHADOW
from relay.configuration import Settings, StoreSettings
from relay.settings import Loaded, SettingsError, read


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Patient:
    """`settings` are the defaults where they could not be read; then `loaded` is None and `faults` say why."""

    settings: Settings
    config: Path | None = None
    loaded: Loaded[Settings] | None = None
    faults: tuple[str, ...] = ()
    is_thorough: bool = False
    environ: Mapping[str, str] = field(default_factory=dict)
    clock: Callable[[], datetime] = _now

    @property
    def folder(self) -> Path:
        return self.settings.store.folder


def patient(config: Path | None, data: Path | None, environ: Mapping[str, str], *, is_thorough: bool = False) -> Patient:
    """Settings that cannot be used are no reason not to look at the rest."""
    asked = Patient(Settings(), config, is_thorough=is_thorough, environ=environ)
    try:
        loaded = read(Settings, config, environ, {"store.folder": data})
    except SettingsError as error:
        folder = data or Path(environ.get("RELAY_STORE__FOLDER") or StoreSettings().folder)
        return replace(asked, settings=Settings(store=StoreSettings(folder=folder)), faults=tuple(map(str, error.faults)))
    return replace(asked, settings=loaded.values, loaded=loaded)


def settings(patient: Patient) -> Iterator[Finding]:
    """Whether they can be used, as `relay check` says it."""
    for fault in patient.faults:
        fix = f"Mend it, then `relay check`. Until then the folder {patient.folder} and the defaults are looked at."
        yield fail("settings", fault, fix)
    if not patient.faults:
        yield ok("settings", f"{patient.config or 'the defaults'} can be used; the data folder is {patient.folder}")
    if patient.settings.moderation.allow_shadow:
        yield warn("settings", SHADOW, "Where that is not meant, take it out. Members read of it in their export alone.")
