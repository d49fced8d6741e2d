"""Reload: the configuration is read again while the relay runs; moderation goes over to it whole, or stays as it is.

What else stands in it is read at the start alone, and is named where it differs.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import structlog

from relay.clock import SystemClock
from relay.compose.moderation import build_pipeline, placed
from relay.configuration import Settings
from relay.core.change import Record
from relay.core.errors import Unavailable
from relay.core.staff import RELAY
from relay.loader import PluginError
from relay.pipeline.pipeline import Pipeline, Places
from relay.pipeline.switch import Switch
from relay.ports import Store
from relay.settings import Loaded, SettingsError

RELOADED = ("moderation", "plugins")  # the tables that are taken over while the relay runs
AT_START = ("ladder", "allow_shadow")  # of moderation, what is not

log = structlog.get_logger(__name__)

Read = Callable[[], Loaded[Settings]]
"""Reads the configuration as the start did. Raises SettingsError."""


class ReloadError(Exception):
    """Nothing was changed; the message says why, with file, line and key."""


@dataclass(frozen=True, slots=True)
class Reloaded:
    """The digests of the rules before and after, what moderates now, and the keys that wait for a restart."""

    before: str
    after: str
    plugins: tuple[str, ...]
    needs_restart: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wishes:
    """Of whoever runs the relay: that it stops, that it reads its settings again, and how the start read them."""

    stop: asyncio.Event
    reload: asyncio.Event
    read: Read


class Reload:
    """`store` has both digests written down before anything is changed, and `swapped` is told the settings when it was."""

    def __init__(
        self,
        switch: Switch,
        settings: Settings,
        read: Read,
        store: Store,
        swapped: Callable[[Settings], None],
    ) -> None:
        self._switch = switch
        self._settings = settings
        self._read = read
        self._store = store
        self._swapped = swapped
        self._one_by_one = asyncio.Lock()
        self._begun = 0
        self._came_of_it: Reloaded | ReloadError | None = None

    async def __call__(self) -> Reloaded:
        """Raises ReloadError. Those who ask while one is under way share the next."""
        wanted = self._begun + 1
        async with self._one_by_one:
            if self._begun < wanted or self._came_of_it is None:
                self._begun += 1
                self._came_of_it = None
                self._came_of_it = await self._tried()
        if isinstance(self._came_of_it, ReloadError):
            raise self._came_of_it
        return self._came_of_it

    async def _tried(self) -> Reloaded | ReloadError:
        try:
            done = await self._once()
        except ReloadError as error:
            log.error("configuration not reloaded, the old one stays", why=str(error))  # noqa: TRY400 - no fault of ours
            return error
        log.info("configuration reloaded", before=done.before, after=done.after, needs_restart=list(done.needs_restart))
        return done

    async def _once(self) -> Reloaded:
        loaded, pipeline = await asyncio.to_thread(self._built)
        try:
            await _opened(pipeline)
            before, after = self._switch.digest, pipeline.digest
            await self._store.commit(Record(SystemClock().now(), RELAY, "moderation.reload", after, {"before": before}))
        except BaseException as error:
            await pipeline.close()
            self._switch.tidy()
            if isinstance(error, Unavailable):
                raise ReloadError(f"It could not be written down: {error.detail}") from None
            raise
        self._switch.swap(pipeline)
        self._swapped(loaded.values)
        plugins = tuple(state.name for state in pipeline.describe())
        return Reloaded(before, after, plugins, tuple(_differences(self._settings, loaded.values)))

    def _built(self) -> tuple[Loaded[Settings], Pipeline]:
        """In a thread: plugins are looked for, and may take their time."""
        try:
            loaded = self._read()
        except SettingsError as error:
            raise ReloadError(str(error)) from None
        settings = self._settings.model_copy(update={name: getattr(loaded.values, name) for name in RELOADED})
        try:
            around = Places(memory=self._switch.memory, learned=self._switch.learned)
            return loaded, build_pipeline(settings, guarded=True, around=around)
        except PluginError as error:
            raise ReloadError(str(placed(loaded, error))) from None
        except Exception as error:
            log.exception("pipeline not built")
            raise ReloadError(f"moderation could not be built: {type(error).__name__}: {error}") from None


async def _opened(pipeline: Pipeline) -> None:
    """A relay starts without a plugin that is broken and holds its messages; one that works does not go over to that."""
    await pipeline.open()
    states = [state for state in pipeline.describe() if state.state != "running"]
    if states:
        faults = (f"plugins.{state.name}: {state.note or 'it was not ready in time'}" for state in states)
        raise ReloadError("\n".join(faults))


def _differences(running: Settings, read: Settings) -> Iterator[str]:
    """The dotted keys, never the values: there are secrets among them."""
    for name in Settings.model_fields:
        if name not in RELOADED:
            yield from _differing(name, getattr(running, name).model_dump(), getattr(read, name).model_dump())
    for name in AT_START:
        yield from _differing(f"moderation.{name}", _plain(running, name), _plain(read, name))


def _plain(settings: Settings, name: str) -> object:
    return settings.moderation.model_dump()[name]


def _differing(key: str, one: object, other: object) -> Iterator[str]:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for name in dict.fromkeys((*one, *other)):
            yield from _differing(f"{key}.{name}", one.get(name), other.get(name))
    elif one != other:
        yield key
