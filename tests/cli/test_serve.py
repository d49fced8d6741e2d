"""`relay serve` and `relay init`: the first line, the owner, the lock, and the end."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import pytest

from tests.cli.conftest import OWNER, CommandLine, Process, Served

SENTENCE = "four eyes see more than two"


class Start(Protocol):
    def __call__(self, *words: str, **environ: str) -> Served: ...


class Program(Served):
    """Started as an operator does, not forked: how it starts is what is tested."""

    def _begin(self, words: Sequence[str], environ: Mapping[str, str], folder: Path) -> Process:
        return subprocess.Popen(
            [sys.executable, "-m", "relay", *words],
            cwd=folder,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts relays, and stops those that still run at the end."""
    running: list[Served] = []

    def begin(*words: str, **environ: str) -> Served:
        running.append(Program(tmp_path, *words, **environ))
        return running[-1]

    yield begin
    for served in running:
        served.stop()


def test_it_says_one_line_when_it_answers_and_ends_well_when_it_is_told(start: Start) -> None:
    served = start()

    with urllib.request.urlopen(f"{served.url}/healthz", timeout=10) as answer:  # noqa: S310  our own relay
        assert answer.status == 200
    ended = served.stop()

    assert served.ready.startswith("ready http://127.0.0.1:")
    assert ended.out == ""
    assert ended.code == 0, ended.err


def test_it_writes_its_address_where_other_commands_find_it(start: Start, relay: CommandLine, tmp_path: Path) -> None:
    served = start(RELAY_OWNER_TOKEN=OWNER)

    found = relay("community", "list", "--json", RELAY_TOKEN=OWNER)
    served.stop()

    assert found.code == 0, found.err
    assert not (tmp_path / "data" / "relay.url").exists()


def test_the_first_start_shows_a_token_once(start: Start, relay: CommandLine) -> None:
    shown = start().stop().err
    _, token = shown_once(shown)

    again = start()
    used = relay("community", "list", "--json", RELAY_TOKEN=token)
    said = again.stop().err

    assert used.code == 0, used.err
    assert token not in said
    assert "shown this once" not in said


def test_the_first_start_shows_a_link_that_opens_the_console_once(start: Start) -> None:
    served = start()
    link = said_until(served, "#link=")
    secret = link.partition("#link=")[2]

    first, cookie = posted(served, "/v1/sign-in:link", {"link": secret, "passphrase": SENTENCE, "name": "Eva"})
    again, _ = posted(served, "/v1/sign-in:link", {"link": secret, "passphrase": SENTENCE})
    by_name, _ = posted(served, "/v1/sign-in", {"name": "eva", "passphrase": SENTENCE})
    said = served.stop().err

    assert link.startswith(f"{served.url}/console#link=")
    assert (first, again, by_name) == (200, 404, 200)
    assert cookie.startswith("relay=")
    for never in (SENTENCE, secret, cookie.partition(";")[0].removeprefix("relay=")):
        assert never not in said


def test_a_relay_on_every_address_names_one_that_a_browser_can_open(start: Start) -> None:
    served = start("--host", "0.0.0.0")  # noqa: S104  its tests alone ask it

    assert said_until(served, "#link=").startswith("http://localhost:")


def test_links_of_a_relay_behind_a_proxy_begin_with_its_name(relay: CommandLine) -> None:
    made = relay.json("init", RELAY_HTTP__PUBLIC_URL="https://relay.example.com").thing

    assert made["link"].startswith("https://relay.example.com/console#link=")


def test_an_owners_token_from_outside_opens_the_relay_and_is_not_shown(start: Start, relay: CommandLine) -> None:
    served = start(RELAY_OWNER_TOKEN=OWNER)

    used = relay("staff", "list", "--json", RELAY_TOKEN=OWNER)

    assert [person["role"] for person in used.things] == ["owner"]
    assert OWNER not in served.stop().err


def test_another_owners_token_later_is_ignored_with_a_warning(start: Start, relay: CommandLine) -> None:
    start(RELAY_OWNER_TOKEN=OWNER).stop()

    served = start(RELAY_OWNER_TOKEN=OWNER[::-1])
    refused = relay("community", "list", RELAY_TOKEN=OWNER[::-1])
    said = served.stop().err

    assert refused.code == 1
    assert "ignored" in said
    assert OWNER[::-1] not in said


def test_a_short_owners_token_is_refused(relay: CommandLine) -> None:
    result = relay("serve", "--port", "0", RELAY_OWNER_TOKEN="short")

    assert result.code == 2
    assert result.out == ""
    assert "32" in result.err


def test_a_second_relay_on_the_same_data_is_refused(start: Start, relay: CommandLine) -> None:
    start()

    result = relay("serve", "--port", "0")

    assert result.code in {1, 2}
    assert "Traceback" not in result.err
    assert result.out == ""


def test_a_second_relay_takes_nothing_of_the_one_that_runs(start: Start, relay: CommandLine, tmp_path: Path) -> None:
    served = start()

    relay("serve", "--port", "0")

    assert (tmp_path / "data" / "relay.url").read_text().strip() == served.url


def test_a_port_that_is_taken_is_named(start: Start, relay: CommandLine) -> None:
    port = start().url.rpartition(":")[2]

    result = relay("serve", "--port", port, "--data", "other")

    assert result.code == 1
    assert "Traceback" not in result.err
    assert f"Port {port} of 127.0.0.1 is in use. Name another with --port" in result.err


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1"])
def test_a_host_that_is_not_here_is_named(host: str, relay: CommandLine) -> None:
    result = relay("serve", "--host", host, "--port", "0")

    assert (result.code, result.out) == (1, "")
    assert f"{host} is no address of this machine. Name one with --host" in result.err
    assert "Errno" not in result.err


def test_a_data_folder_that_cannot_be_made_is_named(relay: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")

    result = relay("serve", "--port", "0", "--data", "file/data")

    assert (result.code, result.out) == (1, "")
    assert "file/data: Not a directory" in result.err


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "\n[plugins.flood]\nbrust = 1\n",
            "relay.toml:3: plugins.flood.brust: the plugin has no such option; did you mean 'burst'?",
        ),
        ('[moderation.weights]\n"a.b" = 1\n', "relay.toml:2: moderation.weights.a.b: no plugin has such a signal"),
        ('[moderation]\nfolder = "nowhere"\n', "relay.toml:2: moderation.folder: there is no such folder"),
    ],
)
def test_a_fault_in_moderation_stops_the_start_with_file_and_line(
    text: str, fault: str, relay: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "relay.toml").write_text(text, "utf-8")

    for command in (("serve", "--port", "0"), ("init",)):
        result = relay(*command, "--config", "relay.toml")
        assert (result.code, result.out) == (2, "")
        assert fault in result.err


def test_a_wrong_configuration_stops_the_start(relay: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "relay.toml").write_text("[http]\nprot = 1\n", "utf-8")

    result = relay("serve", "--config", "relay.toml")

    assert result.code == 2
    assert "relay.toml:2: http.prot: unknown key; did you mean port?" in result.err


def test_init_makes_the_owner_once(relay: CommandLine, start: Start) -> None:
    made = relay.json("init").thing
    again = relay.json("init").thing
    start()

    used = relay("community", "list", RELAY_TOKEN=made["owner_token"])

    assert used.code == 0, used.err
    assert made["link"].startswith("http://127.0.0.1:8080/console#link=")
    assert again == {"data": "data", "owner_token": None, "link": None}


def test_init_does_not_touch_a_running_relay(relay: CommandLine, start: Start) -> None:
    start()

    result = relay("init")

    assert result.code in {1, 2}
    assert result.out == ""


def shown_once(said: str) -> tuple[str, str]:
    """The link and the token of a first start."""
    link, exported = [line.strip() for line in said.splitlines() if line.startswith("    ")]
    return link, exported.removeprefix("export RELAY_TOKEN=")


def said_until(served: Served, word: str) -> str:
    """The first line on standard error that holds the word."""
    assert isinstance(served.process, subprocess.Popen)
    assert served.process.stderr is not None
    return next(line.strip() for line in served.process.stderr if word in line)


def posted(served: Served, path: str, body: dict[str, str]) -> tuple[int, str]:
    """The status, and the cookie that comes with it."""
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(served.url + path, json.dumps(body).encode(), headers)  # noqa: S310  our own relay
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  our own relay
            return answer.status, answer.headers["Set-Cookie"] or ""
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, ""
