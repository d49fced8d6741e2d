"""`relay plugin`: how plugins do in a relay; and one of your own begun, tried, tested and measured."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import click

from relay.cli.client import path
from relay.cli.screen import Screen, as_line, shown
from relay.cli.session import Session, connected
from relay.cli.shape import Exit, Failure, Group

file_argument = click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
json_option = click.option("--json", "as_json", is_flag=True, help="JSON, one object a line")

COLUMNS = (
    "name", "version", "stage", "mode", "state", "breaker", "runs", "hits", "errors", "restarts", "mean_us", "p99_us", "note",
)  # fmt: skip


@click.group(cls=Group)
def plugin() -> None:
    """Plugins: what looks at members' messages."""


@plugin.command("list", examples=["relay plugin list pool", "relay plugin list pool --json"])
@click.argument("community")
@connected
def list_plugins(session: Session, community: str) -> None:
    """Show the plugins that are switched on, and how they are doing.

    MODE is where one really runs: inline (in the relay's own process) or worker (in a process of its own). STATE is running,
    starting, waiting (for its next try after failures) or broken; but for the first, its messages are held for a person.
    BREAKER is closed, open (it is given no message for now) or trial. P99 US is what 99 of 100 checks took at most, in
    microseconds. --json has the options as well.
    """
    plugins = session.client.short(path("communities", community, "plugins"))
    session.screen.many(plugins, COLUMNS, "No plugin is switched on.")


NEXT = """
They pass as they are, so change one thing at a time:
    relay plugin test {file}
    relay plugin try {file} "You won the lottery"
Switch it on in the configuration. As soon as one plugin has a table there, only those with one run:
    [moderation]
    folder = "{folder}"
{others}
    [plugins.{name}]"""


@plugin.command("new", examples=["relay plugin new shouting", "relay plugin new shouting --folder town/plugins"])
@click.argument("name")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default="my-plugins",
    show_default=True,
    help="where they go; made when it is not there",
)
@json_option
def new_plugin(name: str, folder: Path, *, as_json: bool) -> None:
    """Write a plugin called NAME that works, its test and its golden texts, for you to change.

    NAME has lower-case letters, digits and _. What is there already is never overwritten.
    """
    from relay.configuration import Settings
    from relay.testing.starter import RefusedError, write

    try:
        files = write(name, folder)
    except RefusedError as refused:
        raise Failure(str(refused), Exit.USAGE) from None
    except OSError as error:
        raise Failure(f"{error.filename} cannot be written: {error.strerror}. Take another --folder.") from None
    screen = Screen(as_json=as_json)
    screen.many([{"file": str(file)} for file in files], ("file",), "")
    others = "\n".join(f"    [plugins.{other}]" for other in Settings().plugins)
    screen.say(NEXT.format(file=files[0], folder=folder, others=others, name=name))


@plugin.command(
    "try",
    examples=[
        'relay plugin try my-plugins/shouting.py "HALLO IHR ALLE" "Hallo"',
        "relay plugin try my-plugins/shouting.py --option max_share=0.8 < a-text-a-line.txt",
        "relay plugin try my-plugins/shouting.py --lines texts.jsonl --json",
    ],
)
@file_argument
@click.argument("texts", metavar="[TEXT]...", nargs=-1)
@click.option("--lines", type=click.File("rb"), help='JSON lines {"text"} instead, such as a plugin\'s golden texts')
@click.option("--option", "options", metavar="KEY=VALUE", multiple=True, help="an option of the plugin, as in its table")
@json_option
def try_plugin(file: Path, texts: tuple[str, ...], lines: IO[bytes] | None, options: tuple[str, ...], *, as_json: bool) -> None:
    """Show what the plugins in FILE see in each TEXT, and what would be decided with the shipped ones beside them.

    Without TEXT, each line of standard input is one. Each is judged alone, as the first message of somebody. The file is run,
    so it should be yours or one that you have read. The exit code is 1 when a plugin fails at a text.
    """
    from relay.loader import PluginError, classes_of
    from relay.observe import LogSettings, set_up_logs
    from relay.testing.trial import LineError, option, tried

    if lines is not None and texts:
        raise Failure("Give either texts or --lines, not both.", Exit.USAGE)
    set_up_logs(sys.stderr, LogSettings(level="error"))
    has_failed = False
    try:
        chosen = dict(map(option, options))
        found = classes_of(file)
        asked = list(_texts(texts, lines))
        for one in found:
            for seen in tried(one, asked, chosen):
                has_failed |= bool(seen.failure)
                _show(seen.as_thing(), as_json=as_json)
    except (PluginError, LineError, ValueError) as error:
        raise Failure(str(error), Exit.USAGE) from None
    if has_failed:
        raise Failure("The plugin failed; its messages would be held, or what its on_error says.")


def _texts(texts: Sequence[str], lines: IO[bytes] | None) -> Iterator[str]:
    from relay.testing.trial import texts_in

    if lines is not None:
        yield from texts_in(lines)
    elif texts:
        yield from (text.encode("utf-8", "replace").decode() for text in texts)
    else:
        if sys.stdin.isatty():
            click.echo("A text a line; Ctrl-D ends.", err=True)
        for raw in sys.stdin.buffer:
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            if line.strip():
                yield line


def _show(seen: dict[str, Any], *, as_json: bool) -> None:
    """A text with the places that were pointed at, and under it a line for each signal."""
    if as_json:
        click.echo(as_line(seen))
        return
    click.echo(click.style(marked(seen["text"], seen["signals"]), bold=True))
    for signal in seen["signals"]:
        hard = ", certain" if signal["hard"] else ""
        click.echo(f"    {signal['name']}  {signal['weight']:g}{hard}  {shown(signal['reason'])}".rstrip())
    if seen["failure"]:
        click.echo(click.style(f"    failed: {shown(seen['failure'])}", fg="red"))
    alone, together = seen["alone"], seen["together"]
    click.echo(f"    alone: {alone['action']} at {alone['score']:g}, {seen['us']} µs")
    more = [name for name in together["signals"] if name not in {signal["name"] for signal in seen["signals"]}]
    why = f", through {', '.join(dict.fromkeys(more))}" if more else ""
    click.echo(f"    with the shipped ones: {together['action']} at {together['score']:g}{why}")


def marked(text: str, signals: Sequence[dict[str, Any]]) -> str:
    """On one line, with ⟦ ⟧ around each place; overlapping ones become one."""
    inside = [False] * (len(text) + 1)
    for signal in signals:
        if signal["start"] is not None:
            end = len(text) if signal["end"] is None else min(signal["end"], len(text))
            inside[signal["start"] : end] = [True] * max(0, end - signal["start"])
    out, was = [], False
    for character, is_in in zip([*shown(text), ""], inside, strict=True):
        out.append(("⟦" if is_in and not was else "⟧" if was and not is_in else "") + character)
        was = is_in
    return "".join(out)


@plugin.command(
    "test",
    examples=[
        "relay plugin test my-plugins/shouting.py",
        "relay plugin test my-plugins/shouting.py --update",
        "relay plugin test plugins/words.py --json",
    ],
)
@file_argument
@click.option(
    "--update", is_flag=True, help="first write into the golden texts what the plugin gives now, and show what changes"
)
@json_option
def test_plugin(file: Path, *, update: bool, as_json: bool) -> None:
    """Prove that the plugins in FILE keep their word, with their default options.

    Looked at: the label, descriptions, examples (here and in a worker process), golden texts (NAME.texts.jsonl beside FILE),
    the longest text within the deadline, random Unicode. The file is run, so it should be yours or one that you have read. The
    exit code is 1 when something is not kept.
    """
    from relay.loader import PluginError, classes_of
    from relay.observe import LogSettings, set_up_logs
    from relay.testing.moderation import PluginFaultError, check_plugin

    set_up_logs(sys.stderr, LogSettings(level="error"))  # what is wrong is said below
    screen = Screen(as_json=as_json)
    try:
        kept = classes_of(file)
        for found in kept:
            if update:
                _update(found, screen)
            check_plugin(found)
    except PluginError as error:
        raise Failure(str(error), Exit.USAGE) from None
    except PluginFaultError as error:
        raise Failure(f"{file}:\n{error}") from None
    rows = [
        {"name": found.name, "version": found.version, "stage": found.stage, "examples": len(found.examples)} for found in kept
    ]
    screen.many(rows, ("name", "version", "stage", "examples"), "There is nothing to test.")
    screen.say("It keeps its word." if len(kept) == 1 else "They keep their word.")


def _update(found: type[Any], screen: Screen) -> None:
    """Write its golden texts as it gives them now. Raises Failure when there are none, or when it fails at one."""
    from relay.testing.golden import TextsError, beside, read, write
    from relay.testing.moderation import seen_in

    path = beside(found)
    if path is None or not path.exists():
        shape = '{"text": "..."}'
        raise Failure(f"{path} is not there. Write the texts into it, one a line, as {shape}, and update again.", Exit.USAGE)
    try:
        before = read(path)
    except TextsError as error:
        raise Failure(str(error), Exit.USAGE) from None
    after = []
    for line, (given, why) in zip(before, seen_in(found, before, {}), strict=True):
        if why:
            raise Failure(f"{path.name}:{line.line}: {found.name} {why}. Nothing was written.")
        after.append(line.says(given))
    changes = [(was, now) for was, now in zip(before, after, strict=True) if was.signals != now.signals]
    for was, now in changes:
        said = "nothing said" if was.signals is None else _names(was.signals)
        screen.say(f"{path.name}:{now.line}: {shown(now.text)}\n    was: {said}\n    now: {_names(now.signals or ())}")
    if changes:
        write(path, after)
    screen.say(f"{path.name}: {len(changes)} of {len(after)} lines changed." if changes else f"{path.name}: nothing changed.")


def _names(signals: Iterable[str]) -> str:
    return ", ".join(sorted(signals)) or "none"


@plugin.command("bench", examples=["relay plugin bench my-plugins/shouting.py", "relay plugin bench plugins/words.py --json"])
@file_argument
@json_option
def bench_plugin(file: Path, *, as_json: bool) -> None:
    """Measure one check of the plugins in FILE in microseconds, inside and in a worker, on their own examples.

    The file is run, so it should be yours or one that you have read.
    """
    from relay.loader import PluginError, classes_of
    from relay.observe import LogSettings, set_up_logs
    from relay.testing.pace import paces

    set_up_logs(sys.stderr, LogSettings(level="warning"))
    screen = Screen(as_json=as_json)
    try:
        rows = [{"name": found.name, **row} for found in classes_of(file) for row in paces(found)]
    except PluginError as error:
        raise Failure(str(error), Exit.USAGE) from None
    screen.many(rows, ("name", "mode", "checks", "p50_us", "p99_us", "failed", "note"), "There is nothing to measure.")
