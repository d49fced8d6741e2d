"""The shape of commands: groups that import late, help with examples, and the failures that become exit codes."""

import gc
import importlib
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import IO, Any

import click
from click.shell_completion import CompletionItem


class Exit(IntEnum):
    """What a script can tell from the exit code; 69 and 75 are those of sysexits.h."""

    FAILED = 1
    USAGE = 2
    PARTLY = 3
    UNAVAILABLE = 69
    TRY_LATER = 75


class Failure(click.ClickException):
    """What happened, and in a second sentence what to do."""

    def __init__(self, message: str, code: Exit = Exit.FAILED) -> None:
        super().__init__(message)
        self.code = code

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # click reads it, and has it in the class
        """As click asks for it."""
        return self.code

    def show(self, file: IO[Any] | None = None) -> None:
        """Write it to standard error."""
        del file
        click.echo(f"{click.style('relay:', fg='red', bold=True)} {self.message}", err=True)


class Command(click.Command):
    """A command whose help ends in examples."""

    def __init__(self, name: str | None, examples: Sequence[str] = (), **rest: Any) -> None:  # noqa: ANN401  click's own
        super().__init__(name, **rest)
        self.examples = tuple(examples)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples below the options."""
        super().format_epilog(ctx, formatter)
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write(f"{'':>{formatter.current_indent}}{example}\n")


class Group(click.Group):
    """A group of such commands."""

    command_class = Command


class LateGroup(Group):
    """A group whose commands are imported when they are called: `late` is (module, line of help) by name."""

    def __init__(self, name: str | None, late: Mapping[str, tuple[str, str]], **rest: Any) -> None:  # noqa: ANN401  click's own
        super().__init__(name, **rest)
        self.late = late

    def main(self, *args: Any, **rest: Any) -> Any:  # noqa: ANN401  click's own
        """Run under the command's own name, also as `python -m relay` and `python run.py`."""
        return super().main(*args, **{"prog_name": self.name, **rest})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which people need them."""
        del ctx
        return list(self.late)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import it; its name in the module is the command's, with underscores."""
        del ctx
        if cmd_name not in self.late:
            return None
        gc.disable()  # what is imported stays; walking it again and again meanwhile costs 50 ms of a start
        try:
            module = importlib.import_module(self.late[cmd_name][0])
        finally:
            gc.enable()
        found: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return found

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete names without importing anything, so that the Tab key is answered at once."""
        names = [CompletionItem(name, help=line) for name, (_, line) in self.late.items() if name.startswith(incomplete)]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list without importing anything."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.late.items()])
