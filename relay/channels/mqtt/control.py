"""Control: asks mosquitto's dynamic security over a link, many commands in one message, each answer known by its mark."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import count

import structlog

from relay.channels.mqtt import dynsec
from relay.channels.mqtt.access import CONTROL
from relay.channels.mqtt.difference import Inventory
from relay.channels.mqtt.dynsec import BadAnswer, Command, Known, Plain
from relay.channels.mqtt.link import Link
from relay.channels.mqtt.parcel import Arrival, Fate
from relay.core.errors import Unavailable

AT_ONCE = 40  # commands a message: far below the broker's limit of 64 KiB, and a hundred milliseconds of its only thread
PAGE = 500  # clients or roles a listing
PATIENCE = 10.0  # seconds for the answer to one message

log = structlog.get_logger(__name__)


class Away(Unavailable):
    """The MQTT broker is away; what had to be changed there is tried again when it is back."""


class Refused(Exception):
    """The broker refuses a command; the message says which, and what it said."""


class Control:
    """Takes the link as its handler; `changed` is called when the broker came or went."""

    def __init__(self, link: Link, changed: Callable[[], None]) -> None:
        self._link = link
        self._changed = changed
        self._numbers = count(1)
        self._waiting: dict[str, asyncio.Future[Plain]] = {}
        link.handler = self

    @property
    def is_up(self) -> bool:
        return self._link.why_away is None

    async def do(self, *commands: Command, fine: Sequence[str] = ()) -> None:
        """All of them, in their order; `fine` are errors that mean that it is done already. Raises Away, Refused."""
        for start in range(0, len(commands), AT_ONCE):
            part = commands[start : start + AT_ONCE]
            for command, answer in zip(part, await self._ask(part), strict=True):
                error = answer.get("error")
                if error is not None and error not in fine:
                    raise Refused(f"{command['command']}: {error}")

    async def get(self, command: Command) -> Plain:
        """What it answers. Raises Away, Refused."""
        (answer,) = await self._ask([command])
        if "error" in answer:
            raise Refused(f"{command['command']}: {answer['error']}")
        return answer

    async def client(self, user: str) -> Known | None:
        """None where there is none. Raises Away, Refused, BadAnswer."""
        (answer,) = await self._ask([dynsec.get_client(user)])
        error = answer.get("error")
        if error == dynsec.NO_CLIENT:
            return None
        if error is not None:
            raise Refused(f"getClient: {error}")
        return dynsec.known(dynsec.data(answer).get("client", {}))

    async def inventory(self) -> Inventory:
        """Everything that it has. Raises Away, Refused, BadAnswer."""
        clients = {
            found.user: found async for each in self._listed(dynsec.list_clients, "clients") for found in [dynsec.known(each)]
        }
        roles = [dynsec.known_role(each) async for each in self._listed(dynsec.list_roles, "roles")]
        return Inventory(clients, dict(roles))

    async def _listed(self, ask: Callable[[int, int], Command], what: str) -> AsyncIterator[Plain]:
        """Page by page. What is changed meanwhile may be missed, or come twice."""
        offset = 0
        while True:
            items, total = dynsec.listed(await self.get(ask(offset, PAGE)), what)
            for item in items:
                yield item
            offset += len(items)
            if not items or offset >= total:
                return

    async def _ask(self, commands: Sequence[Command]) -> list[Plain]:
        loop = asyncio.get_running_loop()
        marks = [str(next(self._numbers)) for _ in commands]
        answers: list[asyncio.Future[Plain]] = [loop.create_future() for _ in commands]
        self._waiting.update(zip(marks, answers, strict=True))
        try:
            if not self._link.publish(CONTROL, dynsec.request(commands, marks), self._settled(marks)):
                raise Away
            async with asyncio.timeout(PATIENCE):
                return await asyncio.gather(*answers)
        except TimeoutError:
            raise Away("The MQTT broker does not answer; what had to be changed there is tried again.") from None
        finally:
            for mark in marks:
                self._waiting.pop(mark, None)

    def _settled(self, marks: Sequence[str]) -> Callable[[Fate], None]:
        def settled(fate: Fate) -> None:
            if fate in {Fate.SENT, Fate.NOBODY}:  # the plugin takes it, so that nobody has to have subscribed
                return
            for mark in marks:
                waiting = self._waiting.get(mark)
                if waiting is not None and not waiting.done():
                    waiting.set_exception(Away())

        return settled

    # ------------------------------------------------------------------------------------------------ what the link tells

    def arrived(self, arrival: Arrival) -> None:
        self._link.settle(arrival)
        try:
            found = dynsec.answers(arrival.payload)
        except BadAnswer:
            log.warning("the broker's plugin says what nobody understands")
            return
        for mark, answer in found.items():
            waiting = self._waiting.get(mark)
            if waiting is not None and not waiting.done():
                waiting.set_result(answer)

    def came(self) -> None:
        self._changed()

    def went(self) -> None:
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(Away())
        self._changed()

    def has_room(self) -> None:
        """Few are ever under way."""
