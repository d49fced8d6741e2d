"""Learning from staff's decisions: the job, the process that it learns in, and what hears of lessons."""

from collections.abc import MutableMapping

from relay.bus import Bus, Missed
from relay.clock import SystemClock
from relay.core.change import Erase, Rule
from relay.core.identity import Ids
from relay.core.model import Learned, UseModel, WithdrawModel
from relay.flows.learn import PLUGIN, Learn
from relay.learner import Learner
from relay.lexicon import load_tables
from relay.pipeline.switch import Switch
from relay.ports import Store

HEARD = (Rule, Erase, UseModel, WithdrawModel, Missed)  # after which there may be something to learn, or another model in use


async def open_learning(store: Store, ids: Ids, pipeline: Switch, judging: MutableMapping[str, Learned], bus: Bus) -> Learn:
    """`judging` is where the pipeline finds the models that are in use, by slug; they are there when this returns."""

    def is_on() -> bool:
        return any(label.name == PLUGIN for label, _ in pipeline.weighed())

    learn = Learn(store, SystemClock(), ids, Learner(load_tables), judging, is_on)
    for change in HEARD:
        bus.on(change, learn.heard)
    await learn.load()
    return learn
