"""How far something long is: a bar on a terminal, lines of JSON for a program that asked for them, nothing elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from relay.cli.screen import as_line


@contextmanager
def how_far(*, as_lines: bool = False) -> Iterator[Callable[[str, int, int], None]]:
    """Gives `tell(what, done, of)`: one bar for each `what`, in their order."""
    bars: dict[str, click._termui_impl.ProgressBar[int]] = {}

    def tell(what: str, done: int, of: int) -> None:
        if as_lines:
            click.echo(as_line({"what": what, "done": done, "of": of}), err=True)
            return
        if what not in bars:
            for bar in bars.values():
                bar.render_finish()
            label = what.capitalize()
            bars[what] = click.progressbar(length=of, label=label, file=sys.stderr, hidden=not sys.stderr.isatty())
        bar = bars[what]
        bar.update(done - bar.pos)

    try:
        yield tell
    finally:
        for bar in bars.values():
            bar.render_finish()
