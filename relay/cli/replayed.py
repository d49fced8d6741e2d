"""What a replay found, as one JSON object and as a page for people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from relay.cli.screen import Thing, shown
from relay.core.replay import KEPT, Flip, Spread, Tally, Toll
from relay.core.verdict import Action
from relay.pipeline.pipeline import PluginState

ALWAYS = (Action.ALLOW, Action.FLAG, Action.HOLD, Action.REJECT)  # shown also when nothing met with it
SLOWEST = 0.99
Table = Sequence[Sequence[object]]


def as_thing(tally: Tally, plugins: Sequence[PluginState], *, with_texts: bool) -> Thing:
    """Plain values; the texts of members only when they are asked for."""
    actions = [action for action in Action if action in ALWAYS or any(action in kind for kind in tally.matrix)]
    return {
        "flipped": tally.flipped,
        "matrix": {before: {now: tally.matrix[before, now] for now in actions} for before in actions},
        "tolls": [
            {"action": action, "decided": when, **_toll(toll)}
            for action in actions
            for when, toll in (("then", tally.before(action)), ("now", tally.now(action)))
        ],
        "steps": [{"measure": step.kind, "then": step.then, "now": step.now} for step in tally.reach.steps()],
        "plugins": [_plugin(state, tally.costs.get(state.name, Spread())) for state in plugins],
        "flips": [_flip(flip, with_text=with_texts) for flip in tally.flips],
    }


def _toll(toll: Toll) -> Thing:
    share = toll.false_alarms
    return {
        "messages": toll.messages,
        "delivered": toll.delivered,
        "rejected": toll.rejected,
        "unruled": toll.messages - toll.delivered - toll.rejected,
        "delivered_share": None if share is None else round(share, 4),
    }


def _plugin(state: PluginState, cost: Spread) -> Thing:
    return {
        "name": state.name,
        "version": state.version,
        "mode": state.mode,
        "runs": state.runs,
        "hits": state.hits,
        "errors": state.errors,
        "mean_us": round(cost.mean_us, 1),
        "p99_us": round(cost.below_us(SLOWEST), 1),
        "note": state.note,
    }


def _flip(flip: Flip, *, with_text: bool) -> Thing:
    past = flip.past
    return {
        "message": past.submission.id,
        "member": past.submission.member.id,
        "then": past.action,
        "now": flip.action,
        "score_then": past.score,
        "score_now": flip.score,
        "signals": list(flip.signals),
        "ruled": past.ruled and {Action.ALLOW: "delivered"}.get(past.ruled, "rejected"),
        **({"text": past.submission.text} if with_text else {}),
    }


# ------------------------------------------------------------------------------------------------------------ for people


def as_text(thing: Mapping[str, Any]) -> str:
    """The same as tables."""
    messages = thing["messages"]
    head = f"{messages} messages since {thing['since']}, judged again by the rules {thing['rules']}: {thing['flipped']} flip."
    if not messages:
        return f"No member wrote since {thing['since']}: nothing was judged. An earlier --since reaches further back."
    if left_out := ", ".join(thing["left_out"]):
        head += f"\nLeft out, since they ask services and nothing is sent: {left_out}."
    parts = [head, "", *_lines(_matrix(thing["matrix"])), "", *_lines(_tolls(thing["tolls"]))]
    if any(step["then"] or step["now"] for step in thing["steps"]):
        parts += ["", *_lines(_steps(thing["steps"]))]
    if thing["plugins"]:
        parts += ["", *_lines(_costs(thing["plugins"]))]
    if thing["flips"]:
        parts += ["", *_lines(_flips(thing["flips"]))]
    return "\n".join(parts)


def _matrix(matrix: Mapping[str, Mapping[str, int]]) -> Table:
    return [["then \\ now", *matrix], *([before, *row.values()] for before, row in matrix.items())]


def _tolls(tolls: Sequence[Mapping[str, Any]]) -> Table:
    """False alarms are what a person delivered; of what was allowed, what they rejected was missed."""
    rows = [
        [
            toll["action"], toll["decided"], toll["messages"], toll["delivered"], toll["rejected"], toll["unruled"],
            "" if toll["delivered_share"] is None or toll["action"] not in KEPT else f"{toll['delivered_share']:.0%}",
        ]
        for toll in tolls
    ]  # fmt: skip
    return [["action", "decided", "messages", "delivered by staff", "rejected by staff", "no ruling", "false alarms"], *rows]


def _steps(steps: Sequence[Mapping[str, Any]]) -> Table:
    """How far members with a strike come by all of theirs."""
    rows = [[step["measure"] or "below", step["then"], step["now"]] for step in steps]
    return [["strikes lead to", "members then", "members now"], *rows]


def _costs(plugins: Sequence[Mapping[str, Any]]) -> Table:
    keys = ("name", "version", "mode", "runs", "hits", "errors", "mean_us", "p99_us", "note")
    return [["plugin", *(key.replace("_", " ") for key in keys[1:])], *([one[key] for key in keys] for one in plugins)]


def _flips(flips: Sequence[Mapping[str, Any]]) -> Table:
    with_text = "text" in flips[0]
    rows = [
        [
            one["message"], f"{one['then']} > {one['now']}", f"{one['score_then']:g} > {one['score_now']:g}", one["ruled"],
            one["signals"], *([one["text"]] if with_text else []),
        ]
        for one in flips
    ]  # fmt: skip
    return [["message that flips", "action", "score", "staff", "signals now", *(["text"] if with_text else [])], *rows]


def _lines(table: Table) -> Iterator[str]:
    cells = [[shown(cell) for cell in row] for row in table]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
