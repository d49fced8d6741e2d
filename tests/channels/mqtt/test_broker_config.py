"""`relay broker-config mosquitto`: a broker that starts from it lets nobody do anything, and a second run changes nothing."""

import grp
import json
import os
import pwd
import stat
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from relay.channels.mqtt.access import ADMIN, BOOTSTRAP, CONTROL, DEFAULTS, RESPONSE
from relay.channels.mqtt.files import ENVIRONMENT, OWNERS, secret_file
from relay.channels.mqtt.mosquitto import CONFIG, DYNSEC, KEPT
from relay.cli import main
from tests.servers.mosquitto import Mosquitto
from tests.servers.mqtt_client import V5, V311, Client, Hello, Refused

SECRET_CHARACTERS = 26  # of 5 bits each make 130
NOT_AUTHORIZED = {V5: 0x87, V311: 5}


def written(folder: Path, *more: str) -> Result:
    plugin = folder.parent / "plugin.so"
    plugin.touch()
    return CliRunner().invoke(main, ["broker-config", "mosquitto", "--folder", str(folder), "--plugin", str(plugin), *more])


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_writes_everything_and_says_what_to_do_next(tmp_path: Path) -> None:
    result = written(tmp_path / "broker")

    assert result.exit_code == 0, result.output
    assert set(contents(tmp_path / "broker")) == {CONFIG, DYNSEC, ENVIRONMENT, *(f"{owner}.secret" for owner in OWNERS)}
    assert "What to do next:" in result.output


def test_a_shell_takes_its_settings_whatever_the_folder_is_called(tmp_path: Path) -> None:
    folder = tmp_path / "the broker's"
    written(folder)

    shown = subprocess.run(
        ["/bin/sh", "-ec", 'set -a; . "$0"; env', str(folder / ENVIRONMENT)], capture_output=True, text=True, check=True, env={}
    )

    assert f"RELAY_MQTT__ADMIN_PASSWORD_FILE={secret_file(folder, ADMIN)}" in shown.stdout.splitlines()


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    written(tmp_path / "broker")
    before = contents(tmp_path / "broker")

    result = written(tmp_path / "broker")

    assert (result.exit_code, contents(tmp_path / "broker")) == (0, before)
    assert "nothing was changed" in result.output


def test_what_is_there_is_overwritten_by_force_alone_and_secrets_never(tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    written(folder)
    before = contents(folder)

    refused = written(folder, "--listener", "127.0.0.1:1999")
    unchanged = contents(folder)
    forced = written(folder, "--listener", "127.0.0.1:1999", "--force")

    assert (refused.exit_code, unchanged) == (2, before)
    assert forced.exit_code == 0
    assert "listener 1999" in (folder / CONFIG).read_text()
    assert all(secret_file(folder, owner).read_bytes() == before[f"{owner}.secret"] for owner in OWNERS)


def test_a_file_of_the_broker_that_was_changed_since_is_left(tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    written(folder)
    (folder / DYNSEC).write_text("what mosquitto wrote")

    written(folder)

    assert (folder / DYNSEC).read_text() == "what mosquitto wrote"


def test_secrets_are_long_different_and_for_their_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    written(folder)

    secrets = {secret_file(folder, owner).read_text().strip() for owner in OWNERS}

    assert len(secrets) == len(OWNERS)
    assert min(map(len, secrets)) >= SECRET_CHARACTERS
    private = [*(secret_file(folder, owner) for owner in OWNERS), folder / DYNSEC]
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}
    assert all(
        secret not in said for said in map(os.fsdecode, contents(folder).values()) for secret in secrets if len(said) > 60
    )


AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="root alone gives files away")
MINE, THEIRS = "root", "nobody"


def owned(path: Path) -> tuple[str, str, str]:
    """Whose it is, of which group, and who may what."""
    found = path.lstat()
    return pwd.getpwuid(found.st_uid).pw_name, path.group(), oct(stat.S_IMODE(found.st_mode))


@AS_ROOT
def test_mosquitto_may_write_where_its_own_files_are_and_nowhere_else(tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    written(folder, "--user", THEIRS)

    group = grp.getgrgid(pwd.getpwnam(THEIRS).pw_gid).gr_name
    assert owned(folder) == (MINE, group, "0o750")
    assert owned(folder / KEPT) == (THEIRS, group, "0o2770")
    assert owned(folder / DYNSEC) == (THEIRS, group, "0o600")
    assert {owned(secret_file(folder, owner))[0::2] for owner in OWNERS} == {(MINE, "0o600")}


@AS_ROOT
@pytest.mark.parametrize("more", [(), ("--force",)])
def test_root_follows_nothing_that_a_taken_over_mosquitto_planted(more: tuple[str, ...], tmp_path: Path) -> None:
    folder, passwords = tmp_path / "broker", tmp_path / "passwords"
    written(folder, "--user", THEIRS)
    passwords.write_text("root's own")
    passwords.chmod(0o600)
    for name in (DYNSEC, f"{DYNSEC}.part"):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(passwords)

    written(folder, "--user", THEIRS, *more)

    assert (owned(passwords)[0::2], passwords.read_text()) == ((MINE, "0o600"), "root's own")


@AS_ROOT
def test_a_folder_that_others_may_write_in_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broker").mkdir()
    (tmp_path / "broker").chmod(0o2770)

    result = written(tmp_path / "broker", "--user", THEIRS)

    assert (result.exit_code, contents(tmp_path / "broker")) == (2, {})
    assert "others than root may write there" in result.output


def test_everything_is_denied_by_default(tmp_path: Path) -> None:
    written(tmp_path / "broker")

    file = json.loads((tmp_path / "broker" / DYNSEC).read_bytes())

    assert file["defaultACLAccess"] == dict.fromkeys(DEFAULTS, False)
    assert [client["username"] for client in file["clients"]] == [BOOTSTRAP]


@pytest.mark.parametrize("place", ["1883", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:70000", ":1883"])
def test_a_place_that_is_none_is_refused(place: str, tmp_path: Path) -> None:
    result = written(tmp_path / "broker", "--listener", place)

    assert (result.exit_code, (tmp_path / "broker").exists()) == (2, False)


def test_nobody_on_another_machine_is_listened_to_without_tls(tmp_path: Path) -> None:
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).touch()

    plain = written(tmp_path / "plain", "--listener", "0.0.0.0:8883")
    tls = written(
        tmp_path / "tls", "--listener", "0.0.0.0:8883", "--tls", str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    )

    assert (plain.exit_code, tls.exit_code) == (2, 0)
    assert f"certfile {tmp_path / 'cert.pem'}" in (tmp_path / "tls" / CONFIG).read_text()
    assert "RELAY_MQTT__URL=mqtts://127.0.0.1:8883" in (tmp_path / "tls" / ENVIRONMENT).read_text()


@pytest.mark.parametrize("version", [V311, V5])
@pytest.mark.parametrize(("user", "password"), [(None, None), (BOOTSTRAP, "wrong"), (BOOTSTRAP, None), ("nobody", "x")])
async def test_a_broker_that_starts_from_it_knows_its_first_administrator_alone(
    mosquitto: Mosquitto, user: str | None, password: str | None, version: int
) -> None:
    with pytest.raises(Refused) as refused:
        await Client.open(mosquitto.port, Hello("x", user, password, version))

    assert refused.value.code == NOT_AUTHORIZED[version]


async def test_its_first_administrator_may_administrate_and_nothing_else(mosquitto: Mosquitto) -> None:
    client = await Client.open(mosquitto.port, Hello("x", BOOTSTRAP, mosquitto.secret()))

    control = [await client.subscribe(RESPONSE), await client.publish(CONTROL, b'{"commands": []}')]
    others = [await client.subscribe(topic) for topic in ("#", "$SYS/#", "relay/v1/m/+/up", "$CONTROL/#")]
    said = await client.publish("relay/v1/m/x/down", b"x")
    await client.close()

    assert control == [1, 0]
    assert (others, said) == ([0x87] * 4, 0x87)


def test_it_understands_every_line(mosquitto: Mosquitto) -> None:
    assert "Error" not in mosquitto.log
    assert [line for line in mosquitto.log.splitlines() if "Warning" in line and "root" not in line] == []
