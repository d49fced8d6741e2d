"""Provision: keeps the broker's clients as the ledger has them, from the first administrator to a lost file.

Of several relays one does it, whose turn it is. It comes under one client id, so that the broker cuts off whoever came before:
what a relay that was paused still says, nobody hears. A worker does one thing after the other: what ended before all else. When
the broker comes, everything is compared. What commands cannot mend, or is too much for them, is written into the broker's
file: it reads that at its start alone, so whoever runs it is asked to restart it, and until then its clients are those it has.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from random import Random

import structlog

from relay.channels.mqtt import dynsec
from relay.channels.mqtt.access import ADMIN, BOOTSTRAP, RESPONSE
from relay.channels.mqtt.bootstrap import OWN, Access, bootstrap, make_own
from relay.channels.mqtt.control import Away, Control, Refused
from relay.channels.mqtt.difference import Difference, Inventory, compare, roles_of_others
from relay.channels.mqtt.dynsec_file import DynsecFile, NotWritten
from relay.channels.mqtt.link import Link, LinkError
from relay.channels.mqtt.mosquitto import CHANGES
from relay.channels.mqtt.settle import Settle
from relay.channels.mqtt.shut import Shut
from relay.channels.mqtt.turn import Turn, take_turns
from relay.channels.mqtt.visit import purge, stir
from relay.core.device import Device, hashed, sealed, unsealed
from relay.core.errors import RelayError, Unavailable
from relay.core.identity import Ids
from relay.ports import Clock, Paging, Store
from relay.waiting import woken

BULK = 200  # changes, from which on the file is written: commands take mosquitto 39 ms each with 1,000 clients
PAGE = 1000  # devices a query
AT_ONCE = 50  # new credentials that are read at once
LOOK_EVERY = 60.0  # seconds: keys whose time is over, and what was not heard of
AGAIN = 1.0  # seconds until what went wrong is tried again
PATIENCE = 5.0  # seconds that who asked for a credential waits until the broker knows it
PURGED_WITHIN = 30.0  # seconds that an erasure waits for the broker before it is tried later
RESTART = "restart the broker: it reads its list of clients at its start alone"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Draws:
    """Randomness: `ids` end client ids that nobody else may have, `salts` are for the file."""

    ids: Ids
    salts: Callable[[], bytes]
    random: Random


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the broker's clients are kept alike to; `turn` says when it is this process that does."""

    store: Store
    clock: Clock
    turn: Turn


class Provision:
    """Finds in the ledger what there is to do, whenever it `heard` of something; all else it finds by itself.

    `waits_for_restart`: its file says more than the broker knows. `is_shut` says whose frames do not count, on every relay.
    """

    def __init__(self, ledger: Ledger, access: Access, file: DynsecFile | None, draws: Draws) -> None:
        self._store = ledger.store
        self._clock = ledger.clock
        self._turn = ledger.turn
        self._access = access
        self._file = file
        self._draws = draws
        self._link = Link(access.terms(ADMIN, ADMIN, access.admin, RESPONSE), draws.random, ledger.turn.is_sure)
        self._control = Control(self._link, self._stir)
        self._settle = Settle(self._store, self._clock, self._control, self._purge, self._save, self._unsealed)
        self._wake = asyncio.Event()
        self._told = asyncio.Event()
        self._is_news = False
        self._is_through = False
        self._compared_at = 0
        self._kept: frozenset[str] | None = None
        self.is_shut = Shut(self._store, self._clock, self._tell)
        self.waits_for_restart = False

    # ------------------------------------------------------------------------------------------------------ for callers

    @property
    def why_away(self) -> str | None:
        """None while the broker can be asked, which one relay does."""
        return self._link.why_away

    def seal(self, secret: str, device_id: str) -> str:
        """For the one who administrates the broker, now or later, here or elsewhere."""
        return sealed(secret, self._access.admin, device_id)

    def heard(self, _change: object, _outcome: object) -> None:
        """From the bus: credentials were made or ended, or the broker knows of it, or something may have been missed."""
        self.is_shut.heard()
        self._stir()
        self._tell()

    async def settled(self, subject: str) -> None:
        """Returns when the broker has what the ledger says of it, or after some seconds: whose turn it is goes on."""

        async def is_settled() -> bool:
            now = self._clock.now()
            return all(device.is_settled(now) for device in await self._store.devices_of(subject))

        with suppress(TimeoutError, Unavailable):
            await self._until(is_settled, PATIENCE)

    async def purged(self, within: float = PURGED_WITHIN) -> None:
        """Returns when the broker has nothing of what ended before. Raises Unavailable."""
        before = {device.id for device in await self._store.ended_devices(self._clock.now())}

        async def is_gone() -> bool:
            return before.isdisjoint(device.id for device in await self._store.ended_devices(self._clock.now()))

        try:
            await self._until(is_gone, within)
        except TimeoutError:
            raise Unavailable("The MQTT broker is away and may hold sessions of who was erased.") from None

    @property
    def is_even(self) -> bool:
        """Whether the broker has exactly what it shall have, as far as is known."""
        is_compared = self.why_away is None and self._compared_at == self._link.connections
        return is_compared and self._is_through and not (self._wake.is_set() or self.waits_for_restart)

    async def until(self, is_so: Callable[[], bool], within: float) -> None:
        """Returns when something is so, which is looked at whenever something happened here. Raises TimeoutError."""

        async def asked() -> bool:
            return is_so()

        await self._until(asked, within)

    async def _until(self, is_so: Callable[[], Awaitable[bool]], within: float) -> None:
        """Looks now and then as well: what another relay does may not be told."""
        async with asyncio.timeout(within):
            while True:
                told = self._told
                if await is_so():
                    return
                await woken(told, AGAIN)

    def _tell(self) -> None:
        told, self._told = self._told, asyncio.Event()
        told.set()

    def _stir(self) -> None:
        self._is_news = True
        self._wake.set()

    # ------------------------------------------------------------------------------------------------------ taking turns

    async def run(self) -> None:
        """Works until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.is_shut.run(), name="broker credentials that ended")
            group.create_task(take_turns(self._turn, self._administrate), name="broker administration")

    async def _administrate(self) -> None:
        try:
            with suppress(Away, Refused):  # tried again as long as the broker lets nobody in
                await self._bootstrap()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._link.run(), name="broker administrator")
                group.create_task(self._work(), name="broker credentials")
        finally:
            self.waits_for_restart = False  # for whoever does it next to find out

    # ------------------------------------------------------------------------------------------------------- the worker

    async def _work(self) -> None:
        while True:
            self._wake.clear()
            pause = LOOK_EVERY
            try:
                self._is_through = False
                await self._look()
                self._is_through = True
            except (RelayError, Refused, LinkError, NotWritten, dynsec.BadAnswer) as problem:
                log.warning("the broker's credentials wait", why=str(problem))
                pause = AGAIN
            if not self._control.is_up:
                pause = AGAIN
            self._tell()
            await woken(self._wake, pause)

    async def _look(self) -> None:
        """Everything that can be done now."""
        if not self._control.is_up:
            await self._knock()
            return
        is_compared = self._compared_at == self._link.connections
        if not is_compared:
            self._kept = None
        await self._settle_all()
        if not is_compared:
            number = self._link.connections
            await self._compare()
            self._compared_at = number

    async def _knock(self) -> None:
        """The broker lets nobody in: it is new, or its file is lost."""
        if not self._link.is_refused:
            return
        if await self._bootstrap():
            return
        if self._file is not None and await asyncio.to_thread(self._file.is_lost):
            await self._ask_for_restart("the broker's list of clients was lost")

    async def _bootstrap(self) -> bool:
        """Whether it was done now."""
        access = self._access
        return bool(access.bootstrap) and await bootstrap(access, f"{BOOTSTRAP}-{self._draws.ids()}", self._draws.random)

    # --------------------------------------------------------------------------------------------------------- settling

    async def _settle_all(self) -> None:
        """What the broker refuses of one member keeps nobody else waiting. Raises what was refused in the end."""
        refused: dict[str, Refused | LinkError] = {}
        has_settled = False
        while subjects := await self._next(refused):
            has_settled = True
            ended: list[Device] = []
            for subject in subjects:
                try:
                    ended += (await self._settle.subject(subject, keep=self._kept)).ended
                except (Refused, LinkError) as problem:
                    refused[subject] = problem
                if self._is_news:
                    break
            await self._settle.drop(ended)
            self._tell()
        if has_settled and self.waits_for_restart:  # the broker has just written over it
            await self._write_file()
        for why in refused.values():
            raise why

    async def _next(self, but: Collection[str]) -> list[str]:
        """Whose credentials ended; where there are none, who has new ones."""
        self._is_news = False
        now = self._clock.now()
        ended = dict.fromkeys(device.subject for device in await self._store.ended_devices(now))
        if found := [subject for subject in ended if subject not in but]:
            return found
        new = dict.fromkeys(device.subject for device in await self._store.sealed_devices(now, AT_ONCE + len(but)))
        return [subject for subject in new if subject not in but]

    async def _purge(self, client_id: str) -> None:
        await purge(self._access.terms(ADMIN, client_id, self._access.admin))

    async def _save(self) -> None:
        client_id = f"{ADMIN}-{self._draws.ids()}"
        await stir(self._access.terms(ADMIN, client_id, self._access.admin), RESPONSE, CHANGES)

    def _unsealed(self, device: Device) -> str | None:
        return unsealed(device, self._access.admin)

    # -------------------------------------------------------------------------------------------------------- comparing

    async def _compare(self) -> None:
        """The broker came: what it has against what it shall have."""
        there = await self._control.inventory()
        await self._guard(there)
        difference = compare(there, await self._in_force())
        kept = roles_of_others(there)
        lacking = await self._expel_and_mend(difference, kept)
        self._kept = kept
        todo = len(lacking) + len(difference.make) + len(difference.mend)
        if lacking or todo > BULK:
            if self._file is not None:
                await self._ask_for_restart(f"{todo} changes")
                return
            log.error("the broker has lost credentials: give new ones, or set mqtt.dynsec_file", devices=len(lacking))
        self.waits_for_restart = False
        await self._control.do(*map(dynsec.create_role, difference.make), fine=[dynsec.ROLE_THERE])
        await self._control.do(*map(dynsec.set_rules, difference.mend), fine=[dynsec.NO_ROLE])
        log.info("broker compared", clients=len(there.clients), changes=len(difference))

    async def _guard(self, there: Inventory) -> None:
        """What has to be so before anything else: denied by default, the two identities, nobody else who administrates."""
        if not dynsec.is_denying(await self._control.get(dynsec.get_defaults())):
            log.error("the broker allowed what no rule names; it does not any more")
            await self._control.do(dynsec.deny_by_default())
        await make_own(self._control, [each for each in OWN if each[0] not in there.clients], self._access.secrets)
        if BOOTSTRAP in there.clients:
            await self._control.do(dynsec.delete(BOOTSTRAP), fine=[dynsec.NO_CLIENT])
            await self._control.do(dynsec.delete_role(BOOTSTRAP), fine=[dynsec.NO_ROLE])
            log.info("the broker's first administrator is removed")

    async def _expel_and_mend(self, difference: Difference, kept: frozenset[str]) -> list[Device]:
        """By commands, however many: who should be out does not wait for a restart. What lacks there all the same."""
        by_subject: dict[str, set[str]] = {subject: set() for subject in difference.drop[:BULK]}
        for user in difference.leftover:
            by_subject.setdefault(user.partition(".")[0], set()).add(user)
        known = (device for device in difference.lacking if device.sealed)
        for device in (*difference.misfits, *known):
            by_subject.setdefault(device.subject, set())
        lacking = [device for device in difference.lacking if device.subject not in by_subject]
        for subject, also in by_subject.items():
            if self._is_news:
                await self._settle_all()  # what ended meanwhile comes first
            found = await self._settle.subject(subject, also, keep=kept)
            lacking += found.lacking
            await self._settle.drop(found.ended)
        if difference.leftover:
            await self._save()
        return lacking

    async def _in_force(self) -> list[Device]:
        found: list[Device] = []
        paging = Paging(PAGE)
        while True:
            page = await self._store.devices(self._clock.now(), paging)
            found += page.items
            if page.next is None:
                return found
            paging = replace(paging, after=page.next)

    # --------------------------------------------------------------------------------------------------------- the file

    async def _ask_for_restart(self, why: str) -> None:
        """Raises NotWritten."""
        devices = await self._write_file()
        log.warning(RESTART, why=why, devices=devices)

    async def _write_file(self) -> int:
        """Everything that is in force; how many devices. Raises NotWritten."""
        file = self._file
        if file is None:
            return 0
        secrets = self._access.secrets
        owners = [dynsec.Owner(name, role, hashed(secrets[name], self._draws.salts())) for name, role in OWN]
        devices = await self._in_force()
        content = dynsec.rendered(owners, devices, await asyncio.to_thread(file.before))
        await asyncio.to_thread(file.write, content)
        self.waits_for_restart = True
        return len(devices)
