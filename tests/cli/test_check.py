"""`relay check` and `relay moderation score`, and the configurations that are shipped."""

import json
from pathlib import Path

import pytest

from relay.configuration import Settings
from relay.settings import load
from tests.cli.conftest import ROOT, CommandLine

CONFIGURATIONS = sorted((ROOT / "config").glob("*.toml"))


def test_what_can_be_used_is_said_on_standard_error(relay: CommandLine) -> None:
    result = relay("check")

    assert (result.code, result.out) == (0, "")
    assert "can be used" in result.err


@pytest.mark.parametrize("path", CONFIGURATIONS, ids=lambda path: path.name)
def test_a_shipped_configuration_can_be_used(path: Path, relay: CommandLine) -> None:
    assert relay("check", "--config", str(path)).code == 0


def test_the_shipped_default_says_what_holds_without_it() -> None:
    assert load(Settings, ROOT / "config" / "relay.toml", {}) == load(Settings, None, {})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[http]\nprot = 1\n", "relay.toml:2: http.prot: unknown key; did you mean port?"),
        ("[http]\nport = true\nhost = 5\n", "relay.toml:3: http.host: "),
        ("[plugins.wrods]\n", "relay.toml:1: plugins.wrods: no plugin has this name; did you mean 'words'?"),
        (
            "\n[plugins.flood]\nbrust = 1\n",
            "relay.toml:3: plugins.flood.brust: the plugin has no such option; did you mean 'burst'?",
        ),
        ("\n[plugins.flood]\nburst = -1\n", "relay.toml:3: plugins.flood.burst: "),
        ("[http\n", "relay.toml:1: is not TOML"),
        ("[store]\nfolder = 5\n", "relay.toml:2: store.folder: should be a path, written as text"),
        ('[http]\norigins = "https://a.example"\n', "relay.toml:2: http.origins: should be a list"),
        ("http = 5\n", "relay.toml:1: http: should be a table"),
        ("[moderation]\nflag = 6\n", "relay.toml:1: moderation.hold: should not be below flag"),
        ("[moderation]\nflag = 1\nhold = nan\n", "relay.toml:3: moderation.hold: should not be below flag"),
        ("[moderation]\nhold = 7\nreject = 6\n", "relay.toml:3: moderation.reject: should not be below hold"),
        (
            '[moderation.weights]\n"words.insullt" = 1\n',
            "relay.toml:2: moderation.weights.words.insullt: no plugin has such a signal; did you mean 'words.insult'?",
        ),
        ('[moderation.weights]\n"words.insult" = -1\n', "relay.toml:2: moderation.weights.words.insult: the weight must be"),
        (
            '[moderation.http]\nprivate = ["http://127.0.0.1:8000/x"]\n',
            "relay.toml:2: moderation.http.private: leave out the path",
        ),
        (
            '[plugins.llm]\nmodel = "m"\nurl = "http://127.0.0.1:1"\n',
            'relay.toml:3: plugins.llm.url: plain http is for services in your own network: write private = ["http://127.0.0.1:1"]',
        ),
        ('[plugins.llm]\nmodel = "m"\nurl = "https://127.1"\n', "relay.toml:3: plugins.llm.url: the host is a name"),
        (
            '[plugins.remote]\nurl = "https://a.example"\nsecret = "hush"\n',
            "relay.toml:3: plugins.remote.secret: should be whsec_",
        ),
        (
            '[moderation.composites.a]\nweight = 1\nall_of = ["words.insullt"]\n',
            "relay.toml:3: moderation.composites.a.all_of: no plugin has such a signal; did you mean 'words.insult'?",
        ),
        ("[moderation.composites.a]\nweight = 1\n", "relay.toml:1: moderation.composites.a: needs all_of or any_of"),
        (
            '[moderation.composites.A]\nweight = 1\nall_of = ["words.insult"]\n',
            "relay.toml:1: moderation.composites.A: a composite's name has",
        ),
        ('[moderation]\nfolder = "nowhere"\n', "relay.toml:2: moderation.folder: there is no such folder"),
        ('[http]\norigins = ["https://a.example", "https://a.example/"]\n', "relay.toml:2: http.origins: entry 2 is no origin"),
        ('[http]\norigins = ["https://a.example/app"]\n', "relay.toml:2: http.origins: entry 1 is no origin"),
        ('[http]\norigins = ["a.example"]\n', "relay.toml:2: http.origins: entry 1 is no origin"),
        ('[http]\norigins = ["*"]\n', "relay.toml:2: http.origins: entry 1 is no origin"),
        ('[http]\norigins = ["https://a.example:443"]\n', "relay.toml:2: http.origins: entry 1 names the port"),
        ('[http]\nproxies = ["::1", "localhost"]\n', "relay.toml:2: http.proxies: entry 2 is no IP address and no network"),
        ('[http]\nproxies = ["10.0.0.1/8"]\n', "relay.toml:2: http.proxies: entry 1 is no IP address and no network"),
    ],
)
def test_a_fault_is_named_with_file_line_and_key(text: str, fault: str, relay: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "relay.toml").write_text(text, "utf-8")

    result = relay("check", "--config", "relay.toml")

    assert (result.code, result.out) == (2, "")
    assert fault in result.err


def test_what_is_well_written_is_taken(relay: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "etc" / "own").mkdir(parents=True)
    (tmp_path / "etc" / "relay.toml").write_text(
        """[http]
origins = ["https://a.example", "http://localhost:5173", "capacitor://localhost", "http://[::1]:3000"]
proxies = ["127.0.0.1", "10.0.0.0/8", "fd00::/8"]
[moderation]
flag = 5
hold = 5
reject = inf
folder = "own"
[moderation.weights]
"words.crude" = 0
"core.trusted" = -2
[plugins.flood]
""",
        "utf-8",
    )

    result = relay("check", "--config", "etc/relay.toml")

    assert result.code == 0, result.err


def test_what_holds_is_shown_with_where_it_comes_from_and_without_secrets(relay: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "relay.toml").write_text("[http]\nport = 9000\n", "utf-8")

    result = relay("check", "--config", "relay.toml", "--show", "--json", RELAY_HTTP__METRICS_TOKEN="hunter2")

    shown = {each["key"]: (each["value"], each["origin"]) for each in result.things}
    assert shown["http.port"] == (9000, "relay.toml:2")
    assert shown["http.host"] == ("127.0.0.1", "default")
    assert shown["http.metrics_token"] == ("********", "RELAY_HTTP__METRICS_TOKEN")
    assert "hunter2" not in result.out + result.err


def test_every_figure_is_listed_with_what_holds_and_what_would(relay: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "relay.toml").write_text(
        """[moderation]
hold = 6
[moderation.weights]
"words.insult" = 4
[moderation.composites.fast_and_rude]
all_of = ["flood.rate", "words.insult"]
weight = 7
instead = true
""",
        "utf-8",
    )

    result = relay("moderation", "rules", "--config", "relay.toml", "--json")

    listed = {(each["kind"], each["name"]): (each["value"], each["default"], each["given_by"]) for each in result.things}
    assert listed["threshold", "moderation.hold"] == (6, 5, "core")
    assert listed["signal", "words.insult"] == (4, 3, "words 1.1")
    assert listed["signal", "core.raid"] == (5, 5, "core")
    assert listed["composite", "composite.fast_and_rude"] == (7, None, "composite")
    assert {"evidence", "cap", "trust", "headroom", "raid"} <= {kind for kind, _ in listed}


def test_no_figure_of_the_settings_is_left_out(relay: CommandLine) -> None:
    """What says nothing of a decision, such as how workers run, is not among them."""
    shown = relay("check", "--show", "--json")
    figures = {
        each["key"] for each in shown.things if each["key"].startswith("moderation.") and type(each["value"]) in {int, float}
    }
    of_running = {key for key in figures if key.startswith("moderation.workers.")} | {"moderation.longest_hold_s"}

    listed = {each["name"] for each in relay("moderation", "rules", "--json").things}

    assert figures - of_running - listed == set()


def test_texts_are_scored_line_by_line(relay: CommandLine) -> None:
    texts = ["When do you open?", "Ihr Idioten, ihr Vollidioten!"]
    lines = "".join(json.dumps({"id": number, "text": text}) + "\n" for number, text in enumerate(texts))

    result = relay("moderation", "score", said=lines)

    assert result.code == 0, result.err
    assert [each["id"] for each in result.things] == [0, 1]
    assert [each["action"] for each in result.things] == ["allow", "hold"]
    assert all(set(each) == {"id", "action", "score", "signals", "us"} for each in result.things)
    assert {signal["name"] for signal in result.things[1]["signals"]} == {"words.insult"}


def test_a_file_is_scored_with_the_configuration_that_is_given(relay: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "relay.toml").write_text("[moderation]\nflag = 1\nhold = 2\nreject = 99\n", "utf-8")
    (tmp_path / "texts.jsonl").write_text('{"text": "Ihr Idioten!"}\n', "utf-8")

    result = relay("moderation", "score", "--config", "relay.toml", "--member", "trusted", "texts.jsonl")

    assert result.thing["action"] == "hold"


def test_a_line_that_is_none_stops_the_scoring_with_its_number(relay: CommandLine) -> None:
    result = relay("moderation", "score", "-", said='{"text": "fine"}\nnot json\n')

    assert result.code == 2
    assert "line 2" in result.err
    assert len(result.things) == 1


@pytest.mark.parametrize("host", ["", "\udcff", "127.0.0.1\n"])
def test_a_host_that_is_none_does_not_open_the_relay_to_everybody(relay: CommandLine, host: str) -> None:
    result = relay("check", RELAY_HTTP__HOST=host)

    assert result.code == 2
    assert "RELAY_HTTP__HOST: http.host: is no address: 127.0.0.1 is this machine alone" in result.err


def test_what_plugins_keep_secret_is_not_shown(relay: CommandLine, tmp_path: Path) -> None:
    secret, key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "sk-hush-hush"
    config = tmp_path / "relay.toml"
    config.write_text(
        f'[plugins.remote]\nurl = "https://ask.example"\nsecret = "{secret}"\n'
        f'[plugins.llm]\nurl = "https://llm.example"\nmodel = "small"\napi_key = "{key}"\n'
    )

    result = relay("check", "--config", str(config), "--show")

    assert result.code == 0
    assert "plugins.remote.secret" in result.out
    assert secret not in result.out + result.err
    assert key not in result.out + result.err


def test_that_shadow_mode_is_allowed_is_said_loudly(relay: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "relay.toml").write_text("[moderation]\nallow_shadow = true\n", "utf-8")

    checked = relay("check", "--config", str(tmp_path / "relay.toml"))
    silent = relay("check")

    assert checked.code == 0
    assert "shadow mode is allowed" in checked.err
    assert "shadow" not in silent.err
