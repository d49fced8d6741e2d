"""What the demo shows: bars while it runs and a table at the end on a terminal, plain lines in a pipe, or one JSON object."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Self

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from relay.cli.demo.outcome import Outcome
from relay.cli.screen import Screen

WIDTH = 22  # of the names of steps


class Step:
    """One step on its way: `to` says how far it is."""

    def __init__(self, progress: Progress | None, task: TaskID | None) -> None:
        self._progress = progress
        self._task = task
        self.done = 0

    def to(self, done: int) -> None:
        """So many are done."""
        self.done = done
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=done)

    def one(self) -> None:
        """One more is done."""
        self.to(self.done + 1)


class Show:
    """The demo's screen: talk on standard error, the summary on standard output."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        console = Console(stderr=True)
        columns = (
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description:<" + str(WIDTH) + "}"),
            BarColumn(bar_width=32),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self._progress = Progress(*columns, console=console) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    @contextmanager
    def step(self, name: str, total: int) -> Iterator[Step]:
        """A step of the demo; in a pipe it is told when it is over."""
        began = perf_counter()
        step = Step(self._progress, None if self._progress is None else self._progress.add_task(name, total=total))
        yield step
        if self._progress is None:
            self._screen.say(f"{name:<{WIDTH}} {step.done}/{total} in {perf_counter() - began:.2f} s")

    def summary(self, outcome: Outcome) -> None:
        """What came out of it."""
        if self._screen.as_json:
            self._screen.one(outcome.as_json())
        elif sys.stdout.isatty():
            Console().print(_table(outcome.rows()))
            _verdict(Console(), outcome.differences)
        else:
            for name, value in outcome.rows():
                click.echo(f"{name}\t{value}" if name else "")
            click.echo("nothing lost\t" + ("yes, counted at both ends" if not outcome.differences else "NO"))
            for difference in outcome.differences:
                click.echo(f"difference\t{difference}")


def _table(rows: Sequence[tuple[str, str]]) -> Table:
    table = Table(title="What happened", show_header=False, title_justify="left", title_style="bold", border_style="dim")
    table.add_column(style="cyan", no_wrap=True)
    table.add_column()
    for name, value in rows:
        if name:
            table.add_row(name, value)
        else:
            table.add_section()
    return table


def _verdict(console: Console, differences: Sequence[str]) -> None:
    if not differences:
        console.print(
            "[bold green]✓ Nothing lost, nothing doubled, nobody saw what was not theirs.[/] [dim]Counted at both ends.[/]"
        )
        return
    console.print("[bold red]✗ The two ends differ:[/]")
    for difference in differences:
        console.print(f"  {difference}", markup=False)
