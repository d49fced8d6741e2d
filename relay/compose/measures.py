"""The metrics of the app: counted from what the bus tells, or asked when somebody reads them."""

from collections.abc import Callable

from relay.bus import Bus
from relay.channels.web.stream import Streams
from relay.core.change import AcceptPost, Filed, FileReply, Released, ReleasePost, Rule, SendMessage
from relay.observe import Metrics
from relay.pipeline.pipeline import PluginState
from relay.pipeline.switch import Switch


def measure(bus: Bus, metrics: Metrics, streams: Streams) -> None:
    def released(_: ReleasePost, outcome: Released) -> None:
        metrics.released.inc(len(outcome.seqs))

    def filed(change: FileReply, _: Filed) -> None:
        metrics.judged(change.filing.decision.action, change.filing.decision.took_us)

    bus.on_own(AcceptPost, lambda _change, _outcome: metrics.posts.inc())
    bus.on_own(ReleasePost, released)
    bus.on_own(FileReply, filed)
    bus.on_own(SendMessage, lambda _change, _outcome: metrics.answers.inc())
    bus.on_own(Rule, lambda change, _outcome: metrics.rulings.labels(change.state.word).inc())
    metrics.connected.set_function(lambda: streams.connected)


def measure_plugins(pipeline: Switch, metrics: Metrics) -> None:
    """Each is asked when somebody reads the metrics, and raid mode too; again for other plugins."""
    metrics.raids.set_function(lambda: pipeline.raids.on)
    for gauge in (metrics.plugin_up, metrics.plugin_runs, metrics.plugin_errors, metrics.plugin_restarts):
        gauge.clear()
    for place, plugin in enumerate(pipeline.describe()):

        def of(figure: Callable[[PluginState], float], place: int = place) -> Callable[[], float]:
            return lambda: figure(pipeline.describe()[place])

        metrics.plugin_up.labels(plugin.name).set_function(of(lambda state: state.state == "running"))
        metrics.plugin_runs.labels(plugin.name).set_function(of(lambda state: state.runs))
        metrics.plugin_errors.labels(plugin.name).set_function(of(lambda state: state.errors))
        metrics.plugin_restarts.labels(plugin.name).set_function(of(lambda state: state.restarts))
