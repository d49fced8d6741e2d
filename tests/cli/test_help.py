"""Every command explains itself, and the list of commands costs nothing."""

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from relay.cli import COMMANDS, main
from tests.cli.conftest import CommandLine


def commands(context: click.Context) -> Iterator[click.Context]:
    group = context.command
    if not isinstance(group, click.Group):
        yield context
        return
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None, name
        yield from commands(click.Context(found, info_name=name, parent=context))


ALL = list(commands(click.Context(main, info_name="relay")))


@pytest.mark.parametrize("context", ALL, ids=lambda context: context.command_path)
def test_every_command_says_what_it_does_and_shows_an_example(context: click.Context) -> None:
    help_text = context.command.get_help(context)

    assert context.command.help, "has no description"
    assert f"{context.command_path}" in help_text.partition("Examples:")[2]


@pytest.mark.parametrize("context", ALL, ids=lambda context: context.command_path)
def test_every_option_says_what_it_is(context: click.Context) -> None:
    silent = [each.name for each in context.command.params if isinstance(each, click.Option) and not each.help]

    assert silent == []


@pytest.mark.parametrize("context", ALL, ids=lambda context: context.command_path)
def test_every_command_that_gives_data_gives_it_as_json(context: click.Context) -> None:
    only_talk_or_json_anyhow = {"relay serve", "relay moderation score"}

    options = {option for each in context.command.params for option in each.opts}

    assert "--json" in options or context.command_path in only_talk_or_json_anyhow


@pytest.mark.parametrize("context", ALL, ids=lambda context: context.command_path)
def test_no_command_takes_a_secret_as_an_argument(context: click.Context) -> None:
    assert {"token", "secret", "password"} & {each.name for each in context.command.params} == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_in_the_list_is_the_commands_own(name: str) -> None:
    found = main.get_command(click.Context(main), name)

    assert found is not None
    assert (found.help or "").partition("\n")[0] == COMMANDS[name][1]


def test_the_list_is_shown_without_loading_what_it_lists() -> None:
    heavy = ["aiohttp", "pydantic", "rich", "structlog", "sqlite3", "relay.app", "http.client", "asyncio"]
    program = f"""
import sys
from relay.cli import main
main(["--help"], standalone_mode=False)
print([name for name in {heavy} if name in sys.modules], file=sys.stderr)
"""

    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60)

    assert "Usage: relay" in done.stdout
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("relay ser", ["serve"]), ("relay community ", ["create", "edit", "list", "show"]), ("relay serve --ho", ["--host"])],
)
def test_the_tab_key_completes_commands_and_options(typed: str, offered: list[str], relay: CommandLine) -> None:
    place = str(len(typed.split()) - (not typed.endswith(" ")))

    result = relay(_RELAY_COMPLETE="bash_complete", COMP_WORDS=typed, COMP_CWORD=place)

    assert [line.partition(",")[2] for line in result.out.splitlines()] == offered


def test_a_command_that_is_not_there_is_a_wrong_usage(relay: CommandLine) -> None:
    assert relay("no-such-command").code == 2


def test_the_version_is_shown(relay: CommandLine) -> None:
    assert relay("version").out.strip() == relay.json("version").thing["version"]
