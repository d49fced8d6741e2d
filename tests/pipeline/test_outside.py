"""What is not shipped: workers look at it, this process imports none of it, and every fault has its file, key and remedy."""

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from relay.core.text import Tables
from relay.loader import Outside, PluginError, assemble, catalogue
from relay.pipeline.forks import Forks, WorkerSettings
from relay.plugin import Foreign, Plugin

PLUGIN = '''
"""Shouting: most letters are capitals."""
from pydantic import BaseModel, Field
from relay.plugin import Context, Incoming, Plugin, Signal

class Options(BaseModel):
    max_share: float = Field(0.6, ge=0, le=1, description="share of capital letters that is still fine")

class Shouting(Plugin[Options]):
    name, version, api = "shouting", "1.0", 1
    signals = {"shouting.capitals": 1.0}

    async def check(self, incoming, context):
        yield Signal("shouting.capitals")
'''


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    forks = Forks(Tables(), WorkerSettings())
    yield forks
    forks.close()


def outside(forks: Forks, folder: Path, **files: str) -> Outside:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(dedent(text), encoding="utf-8")
    return Outside([folder], forks.ask)


def is_imported(folder: Path) -> bool:
    files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    return any(str(path) in files for path in folder.glob("*.py"))


def test_it_is_known_by_its_label_and_not_imported(forks: Forks, tmp_path: Path) -> None:
    (found,) = assemble([], {"shouting": {"max_share": 0.7}}, {}, outside(forks, tmp_path, shouting=PLUGIN))

    assert isinstance(found, Foreign)
    assert (found.label.name, found.label.version, found.label.signals) == ("shouting", "1.0", {"shouting.capitals": 1.0})
    assert (found.options, found.checked, found.broken) == ({"max_share": 0.7}, '{"max_share":0.7}', "")
    assert not is_imported(tmp_path)


def test_it_is_imported_where_the_configuration_trusts_it(forks: Forks, tmp_path: Path) -> None:
    wanted = {"shouting": {"max_share": 0.7, "trusted_inline": True}}

    (found,) = assemble([], wanted, {}, outside(forks, tmp_path, shouting=PLUGIN))

    assert isinstance(found, Plugin)
    assert found.options.max_share == 0.7
    assert is_imported(tmp_path)


def test_what_is_shipped_stays_inside(forks: Forks, tmp_path: Path) -> None:
    (tmp_path / "shipped").mkdir()
    (tmp_path / "shipped" / "shouting.py").write_text(PLUGIN)

    (found,) = assemble([tmp_path / "shipped"], {"shouting": {}}, {}, Outside([], forks.ask))

    assert isinstance(found, Plugin)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_shar": 0.7}, "plugins.shouting: max_shar: the plugin has no such option; did you mean 'max_share'?"),
        ({"max_share": 7}, "plugins.shouting: max_share: should be less than or equal to 1"),
        ({"trusted_inline": "yes"}, "plugins.shouting: trusted_inline: should be true or false: true runs the plugin inside"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, object], message: str, forks: Forks, tmp_path: Path) -> None:
    with pytest.raises(PluginError) as error:
        assemble([], {"shouting": options}, {}, outside(forks, tmp_path, shouting=PLUGIN))

    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("change", "key", "what"),
    [
        (('"shouting", "1.0", 1', '"shouting", "1.0", 2'), "api", "this relay speaks 1"),
        (('"shouting", "1.0", 1', '"shouting", 1.0, 1'), "version", "as text"),
        (('"shouting.capitals": 1.0', '"other.capitals": 1.0'), "signals", "'shouting', a dot"),
        (('"shouting.capitals": 1.0', '"shouting.capitals": float("nan")'), "signals", "0 or more"),
        (("    async def check", "    deadline_ms = 10**9\n    async def check"), "deadline_ms", "at most 60000"),
        (("    async def check", "    on_error = 'drop'\n    async def check"), "on_error", "none of hold"),
        (("yield Signal", "return Signal"), "check", "yields signals"),
        (("class Shouting(Plugin[Options]):", "class Shouting:"), "", "no subclass"),
        (("class Options", "1 / 0\nclass Options"), "", "ZeroDivisionError"),
        (("class Options", "def broken(:\nclass Options"), "", "SyntaxError, line"),
    ],
)
def test_a_wrong_label_is_refused_with_file_key_and_remedy(
    change: tuple[str, str], key: str, what: str, forks: Forks, tmp_path: Path
) -> None:
    assert change[0] in PLUGIN
    with pytest.raises(PluginError) as error:
        assemble([], {"shouting": {}}, {}, outside(forks, tmp_path, shouting=PLUGIN.replace(*change)))

    assert (error.value.where, error.value.key) == (str(tmp_path / "shouting.py"), key)
    assert what in error.value.what


def test_one_that_cannot_be_built_says_why(forks: Forks, tmp_path: Path) -> None:
    init = '    def __init__(self, options):\n        raise OSError("list missing")\n\n    async def check'

    with pytest.raises(PluginError, match="OSError while it was built: list missing"):
        assemble([], {"shouting": {}}, {}, outside(forks, tmp_path, shouting=PLUGIN.replace("    async def check", init)))


def test_one_that_says_nothing_is_there_all_the_same_and_broken(forks: Forks, tmp_path: Path) -> None:
    """A relay whose plugin ends its process at the import still starts, and holds what it cannot judge."""
    (found,) = assemble([], {"shouting": {}}, {}, outside(forks, tmp_path, shouting="import os\nos._exit(1)"))

    assert isinstance(found, Foreign)
    assert (found.label.name, found.label.on_error) == ("shouting", "hold")
    assert found.broken.startswith("ended its process while it was loaded")


def test_what_it_said_last_is_told(forks: Forks, tmp_path: Path) -> None:
    text = "import os, sys\nprint('no licence key', file=sys.stderr, flush=True)\nos._exit(1)"

    (found,) = assemble([], {"shouting": {}}, {}, outside(forks, tmp_path, shouting=text))

    assert isinstance(found, Foreign)
    assert found.broken == "ended its process while it was loaded (no licence key)"


def test_a_file_that_nobody_wants_costs_nothing(forks: Forks, tmp_path: Path) -> None:
    found = assemble([], {"shouting": {}}, {}, outside(forks, tmp_path, shouting=PLUGIN, a_hang="while True: pass"))

    assert len(found) == 1


def test_a_name_of_a_shipped_one_cannot_be_taken(forks: Forks, tmp_path: Path) -> None:
    (tmp_path / "shipped").mkdir()
    (tmp_path / "shipped" / "shouting.py").write_text(PLUGIN)
    own = outside(forks, tmp_path, shouting=PLUGIN)

    (problem,) = catalogue([tmp_path / "shipped"], own).problems

    assert (problem.where, problem.key) == (str(tmp_path / "shouting.py"), "name")


def test_weights_of_its_signals_are_checked(forks: Forks, tmp_path: Path) -> None:
    own = outside(forks, tmp_path, shouting=PLUGIN)

    assert len(assemble([], {"shouting": {}}, {"shouting.capitals": 2.0}, own)) == 1
    with pytest.raises(PluginError, match=r"did you mean 'shouting\.capitals'"):
        assemble([], {"shouting": {}}, {"shouting.capital": 2.0}, own)
