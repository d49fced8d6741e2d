"""A look at the broker that changes nothing: who is let in, whether its plugin answers, and what is decided by default."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random

from relay.channels.mqtt import dynsec
from relay.channels.mqtt.access import ADMIN, BOOTSTRAP, RESPONSE, STREAM
from relay.channels.mqtt.bootstrap import Access
from relay.channels.mqtt.control import Away, Control, Refused
from relay.channels.mqtt.link import Link, LinkError, Terms
from relay.channels.mqtt.visit import purge

PATIENCE = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class About:
    """What was seen. `why_out` says why the administrator does not get in, `why_mute` why the plugin says nothing."""

    why_out: str = ""
    why_mute: str = ""
    is_open: bool = False
    is_stream_known: bool = False
    is_denying: bool = False
    has_first_administrator: bool = False


async def look(access: Access, client_id: str) -> About:
    """`client_id` is used by nobody else. The administrator's own access is looked at first: without it little can be said."""
    if why_out := await _why_not(access.terms(ADMIN, client_id, access.admin)):
        return About(why_out=why_out)
    anybody = Terms(access.host, access.port, client_id, (), tls=access.tls, is_durable=False)
    is_open = not await _why_not(anybody)
    is_known = not await _why_not(access.terms(STREAM, client_id, access.stream))
    try:
        async with _administrating(access, client_id) as control:
            is_denying = dynsec.is_denying(await control.get(dynsec.get_defaults()))
            first = await control.client(BOOTSTRAP)
    except (Away, Refused, dynsec.BadAnswer, TimeoutError) as problem:
        return About(why_mute=str(problem) or "it does not answer", is_open=is_open, is_stream_known=is_known)
    return About("", "", is_open, is_known, is_denying, first is not None)


async def _why_not(terms: Terms) -> str:
    """Why who comes like this is not let in; empty when they are."""
    try:
        await purge(terms)
    except LinkError as problem:
        return str(problem)
    return ""


@asynccontextmanager
async def _administrating(access: Access, client_id: str) -> AsyncIterator[Control]:
    came = asyncio.Event()
    link = Link(access.terms(ADMIN, client_id, access.admin, RESPONSE), Random(1))  # noqa: S311 - when to try again, no secret
    control = Control(link, came.set)
    running = asyncio.create_task(link.run(), name="broker look")
    try:
        async with asyncio.timeout(PATIENCE):
            await came.wait()
        yield control
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
