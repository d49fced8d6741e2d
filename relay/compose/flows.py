"""The flows over one store, with what they need of the outside."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import structlog

from relay.clock import SystemClock
from relay.compose.moderation import SHADOW, build_ladder
from relay.configuration import LadderSettings
from relay.core.change import SetFact
from relay.core.identity import ID_BYTES, TOKEN_BYTES, encode
from relay.flows.admit import Admit
from relay.flows.answer import Answer
from relay.flows.attempt import Attempt
from relay.flows.check import Check
from relay.flows.deliver import Deliver
from relay.flows.enrol import Enrol
from relay.flows.erase import Erasing
from relay.flows.govern import Govern
from relay.flows.join import Join
from relay.flows.judge import Judging
from relay.flows.keep import Keep
from relay.flows.learn import Learn
from relay.flows.look import Look
from relay.flows.pause import Pauses
from relay.flows.publish import Publish
from relay.flows.receive import Receive, paced
from relay.flows.rejudge import Rejudge
from relay.flows.restrain import Restrain
from relay.flows.review import Review
from relay.flows.sign_in import SignIn
from relay.flows.watch import Watch
from relay.pipeline.switch import Switch
from relay.ports import Channel, Store

log = structlog.get_logger(__name__)

PSEUDONYM_KEY = "pseudonym_key"
JOIN_KEY = "join_key"


def new_id() -> str:
    """128 random bits."""
    return encode(os.urandom(ID_BYTES))


def new_secret() -> str:
    """256 random bits."""
    return encode(os.urandom(TOKEN_BYTES))


@dataclass(frozen=True, slots=True)
class Flows:
    """The journeys, over one store."""

    publish: Publish
    deliver: Deliver
    attempt: Attempt
    receive: Receive
    review: Review
    restrain: Restrain
    answer: Answer
    look: Look
    enrol: Enrol
    join: Join
    pauses: Pauses
    govern: Govern
    sign_in: SignIn
    check: Check
    admit: Admit
    keep: Keep
    erasing: Erasing
    watch: Watch
    rejudge: Rejudge
    learn: Learn


@dataclass(frozen=True, slots=True)
class Opened:
    """The flows that come with something of the outside: what has to be closed, and the way to the broker."""

    keep: Keep
    erasing: Erasing
    sign_in: SignIn
    admit: Admit
    look: Look
    rejudge: Rejudge
    learn: Learn
    strict: LadderSettings
    allows_shadow: bool


async def build_flows(store: Store, pipeline: Switch, opened: Opened, channels: Sequence[Channel]) -> Flows:
    clock, ladder = SystemClock(), build_ladder(opened.strict)
    key, join_key = await _own_key(store, PSEUDONYM_KEY), await _own_key(store, JOIN_KEY)
    judging = Judging(pipeline.quick, pipeline.again)
    keep = opened.keep
    if opened.allows_shadow:
        log.warning(SHADOW)
    jitter = Random()  # noqa: S311 - spreads retries over time, no secret
    return Flows(
        publish=Publish(store, clock, new_id, keep.sure),
        deliver=Deliver(store, clock),
        attempt=Attempt(store, clock, new_id, jitter, keep.sure, channels),
        receive=Receive(
            store, clock, new_id, judging, keep.epoch, ladder, paced(opened.strict.slow_every_s), opened.allows_shadow
        ),
        review=Review(store, clock, new_id, ladder),
        restrain=Restrain(store, clock, new_id, opened.allows_shadow),
        answer=Answer(store, clock, new_id),
        look=opened.look,
        enrol=Enrol(store, clock, new_id, new_secret, key, opened.erasing.enter),
        join=Join(store, clock, new_id, key, join_key),
        pauses=Pauses(store, clock),
        govern=Govern(store, clock, new_id, new_secret, admit=opened.admit.key),
        sign_in=opened.sign_in,
        admit=opened.admit,
        check=Check(store, clock, new_id, judging.again, keep.epoch, ladder),
        keep=keep,
        erasing=opened.erasing,
        watch=Watch(store, clock, pipeline.raids.news, pipeline.raids.end),
        rejudge=opened.rejudge,
        learn=opened.learn,
    )


async def _own_key(store: Store, name: str) -> bytes:
    """Made once; kept as it is when it is there."""
    await store.commit(SetFact(name, new_secret()))
    return (await store.fact(name) or "").encode()
