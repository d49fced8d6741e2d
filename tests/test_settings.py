"""Settings come from defaults, a file, the environment and options, and every fault names its place."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator

from relay.settings import MASK, Loaded, SettingsError, beside, lines_of, load, read


class Strict(BaseModel):
    """What all models of settings have in common."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Http(Strict):
    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    origins: list[str] = []
    certificate_file: Path | None = None
    lists: Path = Path()
    zone: str = Field("a", pattern="^[a-z]+$")
    password: SecretStr = SecretStr("")

    @field_validator("lists")
    @classmethod
    def _beside(cls, lists: Path, info: ValidationInfo) -> Path:
        return beside(lists, info)


class Everything(Strict):
    data: Path = Path("data")
    http: Http = Http()
    log: Http | None = None
    plugins: dict[str, dict[str, Any]] = {}


def written(folder: Path, text: str) -> Path:
    path = folder / "relay.toml"
    path.write_text(text, "utf-8")
    return path


def faults_of(folder: Path, text: str, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(Everything, written(folder, text), environ or {})
    return [str(fault).replace(str(folder), "folder") for fault in caught.value.faults]


def test_without_file_and_environment_the_defaults_hold() -> None:
    assert load(Everything, None, {}) == Everything()


def test_the_later_source_wins(tmp_path: Path) -> None:
    path = written(tmp_path, '[http]\nhost = "file"\nport = 1\norigins = ["file"]\n')
    environ = {"RELAY_HTTP__PORT": "2", "RELAY_HTTP__ORIGINS": '["environment"]', "RELAY_DATA": "elsewhere"}

    loaded = read(Everything, path, environ, {"http.port": 3, "http.host": None})

    assert Everything(data=Path("elsewhere"), http=Http(host="file", port=3, origins=["environment"])) == loaded.values
    assert loaded.origin(("http", "host")) == f"{path}:2"
    assert loaded.origin(("http", "origins")) == "RELAY_HTTP__ORIGINS"
    assert loaded.origin(("http", "port")) == "--port"
    assert loaded.origin(("http", "password")) == "default"


def test_an_unknown_key_names_file_line_and_the_key_that_was_meant(tmp_path: Path) -> None:
    assert faults_of(tmp_path, '# a comment\n\n[http]\nhost = "a"\nprot = 8080\n') == [
        "folder/relay.toml:5: http.prot: unknown key; did you mean port?"
    ]


def test_an_unknown_table_names_those_that_there_are(tmp_path: Path) -> None:
    assert faults_of(tmp_path, "\n[zzz]\na = 1\n") == [
        "folder/relay.toml:2: zzz: unknown key; known here: data, http, log, plugins"
    ]


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    faults = faults_of(tmp_path, "[http]\nport = 70000\n", {"RELAY_HTTP__HOTS": "a"})

    assert faults == [
        "folder/relay.toml:2: http.port: should be less than or equal to 65535",
        "RELAY_HTTP__HOTS: http.hots: unknown key; did you mean host?",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[http]\nport = \n", "folder/relay.toml:2: is not TOML: Invalid value"),
        ("[http\n", "folder/relay.toml:1: is not TOML: Expected ']' at the end of a table declaration"),
    ],
)
def test_what_is_no_toml_names_its_line(text: str, fault: str, tmp_path: Path) -> None:
    assert faults_of(tmp_path, text) == [fault]


def test_a_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"absent\.toml: cannot be read: No such file or directory"):
        load(Everything, tmp_path / "absent.toml", {})


def test_a_file_that_is_not_utf_8_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "relay.toml"
    path.write_bytes(b'data = "\xff"')

    with pytest.raises(SettingsError, match="is not UTF-8"):
        load(Everything, path, {})


def test_the_mark_that_some_editors_put_before_a_file_is_no_part_of_it(tmp_path: Path) -> None:
    path = tmp_path / "relay.toml"
    path.write_bytes(b"\xef\xbb\xbf[http]\r\nport = 1\r\n")

    loaded = read(Everything, path, {})

    assert (loaded.values.http.port, loaded.origin(("http", "port"))) == (1, f"{path}:2")


def test_what_is_far_too_large_for_a_configuration_is_not_read() -> None:
    with pytest.raises(SettingsError, match=r"^/dev/zero: is larger than 1048576 bytes"):
        load(Everything, Path("/dev/zero"), {})


def test_what_is_nested_too_deeply_is_a_fault(tmp_path: Path) -> None:
    assert faults_of(tmp_path, f"a = {'[' * 9999}{']' * 9999}\n") == ["folder/relay.toml: is nested too deeply"]


def test_no_fault_repeats_the_value(tmp_path: Path) -> None:
    faults = faults_of(tmp_path, '[http]\npassword = ["hunter2"]\nport = "hunter2"\n', {"RELAY_HTTP__X": "hunter2"})

    assert len(faults) == 3
    assert "hunter2" not in "".join(faults)


def test_a_value_can_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from a file\n", "utf-8")

    loaded = read(Everything, None, {"RELAY_HTTP__PASSWORD_FILE": str(secret), "RELAY_HTTP__PASSWORD": "plain"})

    assert loaded.values.http.password.get_secret_value() == "from a file"
    assert loaded.origin(("http", "password")) == "RELAY_HTTP__PASSWORD_FILE"


def test_a_key_that_ends_in_file_itself_keeps_its_path() -> None:
    assert load(Everything, None, {"RELAY_HTTP__CERTIFICATE_FILE": "a.pem"}).http.certificate_file == Path("a.pem")


def test_a_secret_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"RELAY_HTTP__PASSWORD_FILE: http\.password: its file cannot be read"):
        load(Everything, None, {"RELAY_HTTP__PASSWORD_FILE": str(tmp_path / "absent")})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("data = 5\n", "folder/relay.toml:1: data: should be a path, written as text"),
        ("http = 5\n", "folder/relay.toml:1: http: should be a table"),
        ('[http]\norigins = "a"\n', "folder/relay.toml:2: http.origins: should be a list"),
        ('[http]\nport = "a"\n', "folder/relay.toml:2: http.port: should be a whole number"),
        ("[http]\nhost = 5\n", "folder/relay.toml:2: http.host: should be text"),
        ('[http]\nzone = "A"\n', "folder/relay.toml:2: http.zone: does not have the form that is asked for"),
    ],
)
def test_no_fault_speaks_the_language_of_the_code(text: str, fault: str, tmp_path: Path) -> None:
    assert faults_of(tmp_path, text) == [fault]


def test_a_path_that_belongs_to_the_file_counts_from_its_folder(tmp_path: Path) -> None:
    here = load(Everything, None, {"RELAY_HTTP__LISTS": "lists"})
    there = load(Everything, written(tmp_path, '[http]\nlists = "lists"\n'), {})
    absolute = load(Everything, written(tmp_path, f'[http]\nlists = "{tmp_path}/x"\n'), {})

    assert [values.http.lists for values in (here, there, absolute)] == [Path("lists"), tmp_path / "lists", tmp_path / "x"]
    assert Http(lists=Path("lists")).lists == Path("lists")


@pytest.mark.parametrize("variable", ["RELAY_TOKEN", "RELAY_URL", "RELAY_TOKEN_FILE", "RELAY_HTTP", "PATH"])
def test_variables_that_are_no_settings_are_let_be(variable: str) -> None:
    assert load(Everything, None, {variable: "x"}) == Everything()


def test_the_options_of_plugins_are_tables_of_anything(tmp_path: Path) -> None:
    path = written(tmp_path, "[plugins.words]\n[plugins.flood]\nburst = 5\n")

    values = load(Everything, path, {"RELAY_PLUGINS__FLOOD__BURST": "7"})

    assert values.plugins == {"words": {}, "flood": {"burst": "7"}}


def test_a_fault_that_a_plugin_finds_gets_its_place(tmp_path: Path) -> None:
    loaded = read(Everything, written(tmp_path, "[plugins.flood]\nburst = 5\n"), {})

    fault = loaded.wrong(("plugins", "flood", "burst"), "should be at least 6").faults[0]

    assert str(fault) == f"{tmp_path}/relay.toml:2: plugins.flood.burst: should be at least 6"


def test_what_is_shown_masks_secrets_and_says_where_values_come_from(tmp_path: Path) -> None:
    path = written(tmp_path, '[http]\npassword = "hunter2"\n[plugins.remote]\ntoken = "hunter2"\nmax_tokens = 5\n')

    shown = {key: (value, origin) for key, value, origin in read(Everything, path, {}).shown()}

    assert shown["http.port"] == (8080, "default")
    assert shown["http.password"] == (MASK, f"{path}:2")
    assert shown["plugins.remote.token"] == (MASK, f"{path}:4")
    assert "hunter2" not in str(shown)


def test_an_optional_table_is_checked_like_any_other(tmp_path: Path) -> None:
    assert faults_of(tmp_path, "[log]\nprot = 1\n") == ["folder/relay.toml:2: log.prot: unknown key; did you mean port?"]


def test_lines_are_found_whatever_shape_a_value_has() -> None:
    text = '''top = 1
[a]
b.c = 2
"quoted key" = """
x = 1
[no.table]
"""
list = [
  1, # one
  2,
]
inline = { d = 1, e = { f = 2 } }

[g.h]
[[i.j]]
k = 1
'''

    values, tables = lines_of(text)

    assert values == {
        ("top",): 1,
        ("a", "b", "c"): 3,
        ("a", "quoted key"): 4,
        ("a", "list"): 8,
        ("a", "inline", "d"): 12,
        ("a", "inline", "e", "f"): 12,
        ("i", "j", "k"): 16,
    }
    assert tables == {("a",): 2, ("g", "h"): 14, ("i", "j"): 15}


def test_a_value_that_is_given_with_its_whole_table_comes_from_there() -> None:
    loaded = Loaded(Everything(), {("http",): "RELAY_HTTP"}, {("log",): "relay.toml:3"})

    assert loaded.origin(("http", "port")) == "RELAY_HTTP"
    assert loaded.origin(("log", "port")) == "default"
    assert loaded.place(("log", "port")) == "relay.toml:3"


def test_a_list_of_very_many_lines_is_read_in_a_moment() -> None:
    words = [f'  "word {number}",' for number in range(20_000)]  # took hours when each line read all lines before it

    found, tables = lines_of("\n".join(["[plugins.words]", "words = [", *words, "]", "stems = true"]))

    assert found == {("plugins", "words", "words"): 2, ("plugins", "words", "stems"): 20_004}
    assert tables == {("plugins", "words"): 1}
