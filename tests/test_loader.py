"""The loader: finds plugins, and names file, key and remedy for every one that it refuses."""

import pickle
from pathlib import Path
from textwrap import dedent

import pytest

from relay.loader import PluginError, build, catalogue, load

PLUGIN = '''
"""Shouting: most letters are capitals."""
from pydantic import BaseModel, ConfigDict, Field
from relay.plugin import Context, Incoming, Plugin, Signal

class Options(BaseModel):
    max_share: float = Field(0.6, ge=0, le=1, description="share of capital letters that is still fine")

class Shouting(Plugin[Options]):
    name, version, api = "shouting", "1.0", 1
    signals = {"shouting.capitals": 1.0}

    async def check(self, incoming, context):
        yield Signal("shouting.capitals")
'''


def folder_with(tmp_path: Path, **files: str) -> Path:
    tmp_path.mkdir(exist_ok=True)
    for name, text in files.items():
        (tmp_path / f"{name}.py").write_text(dedent(text), encoding="utf-8")
    return tmp_path


def test_a_switched_on_plugin_is_built_with_its_options(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, shouting=PLUGIN, other=PLUGIN.replace("shouting", "other"))

    (plugin,) = load([folder], {"shouting": {"max_share": 0.7}})

    assert (plugin.name, plugin.options.max_share) == ("shouting", 0.7)


def test_what_is_available_tells_description_and_schema(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, shouting=PLUGIN)

    found = catalogue([folder]).plugins["shouting"]

    assert found.description == "Shouting: most letters are capitals."
    assert found.schema["properties"]["max_share"]["maximum"] == 1
    assert found.signals == {"shouting.capitals": 1.0}


def test_options_of_a_plugin_can_be_pickled(tmp_path: Path) -> None:
    (plugin,) = load([folder_with(tmp_path, shouting=PLUGIN)], {"shouting": {}})

    assert pickle.loads(pickle.dumps(plugin.options)) == plugin.options  # noqa: S301


def test_a_file_that_begins_with_an_underscore_is_let_be(tmp_path: Path) -> None:
    found = catalogue([folder_with(tmp_path, _draft="1 / 0")])

    assert found.problems == ()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_shar": 0.7}, "plugins.shouting: max_shar: the plugin has no such option; did you mean 'max_share'?"),
        ({"zzz": 0.7}, "plugins.shouting: zzz: the plugin has no such option; it has: max_share"),
        ({"max_share": 7}, "plugins.shouting: max_share: should be less than or equal to 1"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, object], message: str, tmp_path: Path) -> None:
    folder = folder_with(tmp_path, shouting=PLUGIN)

    with pytest.raises(PluginError) as error:
        load([folder], {"shouting": options})

    assert str(error.value) == message


@pytest.mark.parametrize(
    ("weights", "what"),
    [
        ({"shouting.capital": 1.0}, "no plugin has such a signal; did you mean 'shouting.capitals'?"),
        ({"zzz": 1.0}, "no plugin has such a signal; there are: core.raid, core.size, core.trusted, shouting.capitals"),
        ({"shouting.capitals": -1.0}, "0 or more"),
        ({"shouting.capitals": float("nan")}, "0 or more"),
        ({"core.size": -1.0}, "0 or more"),
    ],
)
def test_a_wrong_weight_is_named(weights: dict[str, float], what: str, tmp_path: Path) -> None:
    folder = folder_with(tmp_path, shouting=PLUGIN)

    with pytest.raises(PluginError) as error:
        load([folder], {}, weights)

    assert (error.value.where, [error.value.key]) == ("moderation.weights", list(weights))
    assert what in error.value.what


def test_weights_may_stand_there_for_what_is_switched_off_and_for_the_relays_own(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, shouting=PLUGIN)

    assert load([folder], {}, {"shouting.capitals": 0, "core.trusted": -2.0}) == []


def test_an_unknown_plugin_is_told_what_was_perhaps_meant(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, shouting=PLUGIN)

    with pytest.raises(PluginError, match=r"plugins\.shoutin: no plugin has this name; did you mean 'shouting'"):
        load([folder], {"shoutin": {}})


@pytest.mark.parametrize(
    ("old", "new", "key", "what"),
    [
        ('version, api = "shouting", "1.0", 1', 'version, api = "shouting", "1.0", 2', "api", "this relay speaks 1"),
        ('"shouting", "1.0", 1', '"Shouting!", "1.0", 1', "name", "lower-case"),
        ('"shouting", "1.0", 1', '"shouting", 1.0, 1', "version", "as text"),
        ('"shouting.capitals": 1.0', '"other.capitals": 1.0', "signals", "'shouting', a dot"),
        ('"shouting.capitals": 1.0', '"shouting.capitals": -1.0', "signals", "0 or more"),
        ('"shouting.capitals": 1.0', '"shouting.capitals": float("nan")', "signals", "0 or more"),
        ('{"shouting.capitals": 1.0}', "{}", "signals", "list every signal"),
        ("    async def check", "    stage = 'soon'\n    async def check", "stage", "none of behaviour"),
        ("    async def check", "    mode = 'thread'\n    async def check", "mode", "none of inline"),
        ("    async def check", "    on_error = 'drop'\n    async def check", "on_error", "none of hold"),
        ("    async def check", "    deadline_ms = 0\n    async def check", "deadline_ms", "above 0"),
        ('name, version, api = "shouting"', 'name, version, api = "core"', "name", "the relay's own"),
        ("    async def check", "    statistical = 1\n    async def check", "statistical", "False for a rule"),
        ("    async def check", "    evidence = 1\n    async def check", "evidence", "name the kind"),
        ("yield Signal", "return Signal", "check", "yields signals"),
        ("    async def check", "    told = 'loud'\n    async def check", "told", "write it as"),
        (
            "    async def check",
            "    told = {'shouting.small': {'en': 'it is loud', 'de': 'sie ist laut'}}\n    async def check",
            "told",
            "no signal of this plugin: there are shouting.capitals",
        ),
        (
            "    async def check",
            "    told = {'shouting.capitals': {'en': 'it is loud'}}\n    async def check",
            "told",
            "a phrase in each of en, de",
        ),
        (
            "    async def check",
            "    told = {'shouting.capitals': {'en': 'it is loud.', 'de': 'sie ist laut'}}\n    async def check",
            "told",
            "without a full stop",
        ),
        (
            "    async def check",
            "    told = {'shouting.capitals': {'en': '', 'de': 'sie ist laut'}}\n    async def check",
            "told",
            "phrases of one line",
        ),
    ],
)
def test_a_wrong_label_is_refused_with_file_key_and_remedy(old: str, new: str, key: str, what: str, tmp_path: Path) -> None:
    assert old in PLUGIN
    folder = folder_with(tmp_path, shouting=PLUGIN.replace(old, new))

    with pytest.raises(PluginError) as error:
        load([folder], {"shouting": {}})

    assert (error.value.where, error.value.key) == (str(folder / "shouting.py"), key)
    assert what in error.value.what


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("def broken(:", "SyntaxError, line 1"),
        ("import nothing_of_this_name", "ModuleNotFoundError"),
        ("raise SystemExit(1)", "SystemExit"),
        ("x = 1", "no subclass of relay.plugin.Plugin"),
    ],
)
def test_a_broken_file_is_a_problem_and_not_the_end_of_the_others(text: str, what: str, tmp_path: Path) -> None:
    folder = folder_with(tmp_path, shouting=PLUGIN, broken=text)

    found = catalogue([folder])

    assert list(found.plugins) == ["shouting"]
    assert [what in problem.what for problem in found.problems] == [True]
    assert build(found, "shouting", {}).name == "shouting"
    with pytest.raises(PluginError, match=r"broken\.py"):
        build(found, "broken", {})


def test_a_name_taken_twice_is_a_problem(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, a=PLUGIN, b=PLUGIN)

    (problem,) = catalogue([folder]).problems

    assert (problem.where, problem.key) == (str(folder / "b.py"), "name")
    assert "a.py" in problem.what


def test_a_plugin_that_cannot_be_built_says_why(tmp_path: Path) -> None:
    init = '    def __init__(self, options):\n        raise OSError("list missing")\n\n    async def check'
    folder = folder_with(tmp_path, shouting=PLUGIN.replace("    async def check", init))

    with pytest.raises(PluginError, match="OSError while it was built: list missing"):
        load([folder], {"shouting": {}})


def test_a_plugin_of_an_installed_package_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a_package_with_a_plugin.py").write_text(PLUGIN, encoding="utf-8")
    info = tmp_path / "a_package_with_a_plugin-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: a-package-with-a-plugin\nVersion: 1\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[relay.plugins]\nshouting = a_package_with_a_plugin:Shouting\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    (plugin,) = load([], {"shouting": {}})

    assert plugin.name == "shouting"


def test_ones_own_folder_stands_beside_the_shipped_one(tmp_path: Path) -> None:
    shipped = folder_with(tmp_path / "shipped", shouting=PLUGIN)
    own = folder_with(tmp_path / "own", whispering=PLUGIN.replace("shouting", "whispering"))

    found = catalogue([shipped, own])

    assert sorted(found.plugins) == ["shouting", "whispering"]
