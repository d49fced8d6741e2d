"""`relay doctor` names each thing that is wrong with a relay's surroundings, changes nothing, and never breaks itself."""

import fcntl
import os
import random
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from relay.cli.doctor.finding import State
from relay.cli.doctor.folder import copies, folder, secrets
from relay.cli.doctor.patient import settings
from relay.cli.doctor.running import running
from tests.cli.conftest import OWNER, CommandLine, Served
from tests.cli.examining import FAIL, OK, WARN, all_of, fill, found_inside, is_said, only, whole


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The folder of a relay that was stopped, as it should be."""
    path = tmp_path / "data"
    path.mkdir(mode=0o700)
    fill(path)
    return path


# ----------------------------------------------------------------------------------------------------------- the command


def test_a_relay_that_is_well_gets_a_line_for_each_thing_and_is_not_touched(relay: CommandLine, data: Path) -> None:
    before = {path.name: path.read_bytes() for path in data.iterdir()}

    result = relay("doctor", "--thorough", "--json")

    after = {path.name: path.read_bytes() for path in data.iterdir() if not path.name.endswith(("-shm", "-wal"))}
    assert result.code == 0, result.out
    assert [each["check"] for each in result.things if each["state"] == "fail"] == []
    assert {each["check"] for each in result.things} == {
        *("settings", "folder", "running", "address", "disk", "files", "sqlite", "copies", "secrets", "plugins"),
        *("database", "tables", "integrity", "audit", "clock"),
    }
    assert all(set(each) == {"check", "state", "what", "fix"} for each in result.things)
    assert after.items() <= before.items()
    assert "failed." in result.err


def test_what_fails_is_shown_with_what_to_do_and_exit_code_1(relay: CommandLine, data: Path) -> None:
    (data / "relay.db").write_bytes(b"no database" * 1000)

    result = relay("doctor")

    assert result.code == 1
    assert "fail  database    " in result.out
    assert "-> Keep it as it is, and put a backup back" in result.out
    assert "Traceback" not in result.err


def test_a_relay_that_runs_is_named_and_goes_on(relay: CommandLine, tmp_path: Path) -> None:
    served = Served(tmp_path, RELAY_OWNER_TOKEN=OWNER)

    result = relay("doctor", "--json")
    still = relay("community", "list", RELAY_TOKEN=OWNER)
    served.stop()

    said = {each["check"]: each for each in result.things}
    assert (result.code, still.code) == (0, 0), result.out + still.err
    assert said["running"]["state"] == "ok"
    assert f"process {served.process.pid} serves" in said["running"]["what"]
    assert served.url in said["running"]["what"]
    assert "address" not in said


def test_whatever_stands_in_the_files_it_never_breaks(data: Path, seed: int) -> None:
    source = random.Random(seed)
    good = (data / "relay.db").read_bytes()

    for turn in range(60):
        raw = bytearray(good)
        for _ in range(source.choice([1, 20, 2000])):
            raw[source.randrange(len(raw))] = source.randrange(256)
        if turn % 5 == 0:
            raw = raw[: source.randrange(len(raw))]
        (data / "relay.db").write_bytes(raw)
        (data / "relay.db-mark").write_bytes(source.randbytes(30))
        (data / "lock").write_bytes(source.randbytes(9))
        (data / "relay.url").write_bytes(source.randbytes(9))

        said = all_of(replace(whole(data), loaded=None))

        assert {"folder", "disk", "database"} <= {each.check for each in said}


# ------------------------------------------------------------------------------------------------------ settings, folder


def test_settings_that_cannot_be_used_are_named_and_the_rest_is_looked_at(relay: CommandLine, data: Path) -> None:
    config = data.parent / "relay.toml"
    config.write_text("[http]\nprot = 1\nhots = 2\n", "utf-8")

    result = relay("doctor", "--config", "relay.toml", "--data", str(data), "--json")

    faults = [each["what"] for each in result.things if each["check"] == "settings"]
    assert result.code == 1
    assert [fault.partition(";")[0] for fault in faults] == [
        "relay.toml:2: http.prot: unknown key",
        "relay.toml:3: http.hots: unknown key",
    ]
    assert {each["check"]: each["state"] for each in result.things}["integrity"] == "ok"


def test_settings_that_can_be_used_are_named(data: Path) -> None:
    assert is_said(only(settings(whole(data))), OK, f"the data folder is {data}")


def test_that_shadow_mode_is_allowed_is_named(data: Path) -> None:
    asked = whole(data)
    moderation = asked.settings.moderation.model_copy(update={"allow_shadow": True})
    allowed = replace(asked, settings=asked.settings.model_copy(update={"moderation": moderation}))

    (_, warned) = settings(allowed)

    assert is_said(warned, WARN, "shadow mode is allowed")


def test_a_folder_that_is_not_there_is_made_by_the_first_start(tmp_path: Path) -> None:
    asked = whole(tmp_path / "nowhere")

    assert is_said(only(folder(asked)), WARN, "is not there")
    assert found_inside(asked) == {}


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("", "utf-8")

    assert is_said(only(folder(whole(tmp_path / "data"))), FAIL, "is no folder")


def test_a_folder_of_this_user_alone_is_well(data: Path) -> None:
    assert is_said(only(folder(whole(data))), OK, "alone")


def test_a_folder_that_others_may_look_into_is_named(data: Path) -> None:
    data.chmod(0o755)
    (data / "relay.db").chmod(0o644)

    open_folder, open_file = folder(whole(data))

    assert is_said(open_folder, WARN, "(mode 755)")
    assert open_folder.fix == f"chmod 700 {data}"
    assert is_said(open_file, WARN, "may read relay.db")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_that_belongs_to_somebody_else_is_named(data: Path) -> None:
    os.chown(data / "relay.db", 12345, -1)

    finding = only(folder(whole(data)))

    assert is_said(finding, FAIL, "relay.db")
    assert finding.fix.startswith("chown -R ")


@contextmanager
def not_writable(path: Path) -> Iterator[None]:
    """Root may write anywhere but where nothing can be written."""
    if os.geteuid() != 0:
        path.chmod(0o500)
        yield
        path.chmod(0o700)
        return
    subprocess.run(["mount", "--bind", path, path], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", path], check=True)
    yield
    subprocess.run(["umount", path], check=True)


def test_a_folder_that_cannot_be_written_is_named(data: Path) -> None:
    with not_writable(data):
        said = list(folder(whole(data)))

    assert is_said(only(said), FAIL, "may not write")


def test_copies_that_keep_what_was_erased_are_named(data: Path) -> None:
    for name in ("relay.db.before-0002_faults", "relay.db.broken-2026", "x.part"):
        (data / name).write_text("", "utf-8")
    (data.parent / "data.broken").mkdir()

    finding = only(copies(whole(data)))

    assert is_said(finding, WARN, "relay.db.before-0002_faults")
    assert "and 1 more" in finding.what


def test_a_folder_without_copies_is_well(data: Path) -> None:
    assert is_said(only(copies(whole(data))), OK, "no forgotten copies")


def test_secrets_that_lie_open_are_named(data: Path, tmp_path: Path) -> None:
    token, config, own = tmp_path / "token", tmp_path / "relay.toml", tmp_path / "own"
    token.write_text("secret", "utf-8")
    config.write_text(f'[http]\nmetrics_token = "secret"\n[moderation]\nfolder = "{own}"\n', "utf-8")
    own.mkdir()
    (own / "mine.py").write_text("", "utf-8")
    for path, mode in ((token, 0o640), (config, 0o604), (own, 0o777), (own / "mine.py", 0o600)):
        path.chmod(mode)

    in_config, in_token, writable = secrets(whole(data, config, RELAY_TOKEN_FILE=str(token)))

    assert is_said(in_token, WARN, f"{token} holds a secret and is open to others (mode 640)")
    assert is_said(in_config, WARN, f"{config} holds a secret")
    assert is_said(writable, WARN, f"others than its owner may change {own}")


def test_a_configuration_without_secrets_may_be_read_by_anybody(data: Path, tmp_path: Path) -> None:
    (tmp_path / "relay.toml").write_text("[http]\nport = 9000\n", "utf-8")
    (tmp_path / "relay.toml").chmod(0o644)

    assert is_said(only(secrets(whole(data, tmp_path / "relay.toml"))), OK, "no secret")


# --------------------------------------------------------------------------------------------------------------- running


def test_a_relay_that_was_killed_is_told_from_one_that_stopped(data: Path, tmp_path: Path) -> None:
    stopped, _ = running(whole(data))
    ended = _killed(tmp_path)

    killed, _ = running(whole(tmp_path / "killed" / "data"))

    assert ended == -signal.SIGKILL
    assert is_said(stopped, OK, "the last one ended cleanly")
    assert is_said(killed, WARN, "was killed or lost power")


def _killed(tmp_path: Path) -> int:
    (tmp_path / "killed").mkdir()
    served = Served(tmp_path / "killed", RELAY_OWNER_TOKEN=OWNER)
    served.process.kill()
    return served.stop().code


@pytest.mark.parametrize(
    ("url", "state", "what"),
    [(None, WARN, "does not serve yet"), ("http://127.0.0.1:1", FAIL, "does not answer at http://127.0.0.1:1")],
)
def test_a_process_that_has_the_folder_and_does_not_answer_is_named(
    url: str | None, state: State, what: str, data: Path
) -> None:
    if url is not None:
        (data / "relay.url").write_text(url, "utf-8")
    with (data / "lock").open("r+") as lock:
        lock.write("4711\n")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)

        finding = only(running(whole(data)))

    assert is_said(finding, state, what)
    assert "process 4711" in finding.what


def test_an_address_that_somebody_else_has_is_named(data: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        (tmp_path / "relay.toml").write_text(f"[http]\nport = {port}\n", "utf-8")
        _, taken = running(whole(data, tmp_path / "relay.toml"))
    _, free = running(whole(data, tmp_path / "relay.toml"))

    assert is_said(taken, FAIL, f"port {port} of 127.0.0.1 cannot be had: address already in use")
    assert is_said(free, OK, f"port {port} of 127.0.0.1 is free")
