"""mosquitto's configuration: everything that makes it safe for members, each line with its reason."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

CONFIG: Final = "mosquitto.conf"
KEPT: Final = "state"  # what mosquitto itself writes, apart from what it is told
DYNSEC: Final = f"{KEPT}/dynamic-security.json"
CHANGES: Final = 100  # until the broker writes down what it holds for its sessions
PLUGIN: Final = "mosquitto_dynamic_security.so"
PLUGIN_FOLDERS: Final = ("/usr/lib/*-linux-gnu*", "/usr/lib64", "/usr/lib", "/usr/local/lib", "/opt/homebrew/lib")
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})

HEAD: Final = """\
# mosquitto for Four Eyes, made by `relay broker-config mosquitto`: a broker that lets each device of a member do three things.

# Every listener asks the same plugin who may do what, and whatever its file does not allow is denied. One plugin for all of
# them: its state is one, and a listener of its own would be one that nobody guards.
per_listener_settings false
allow_anonymous false
plugin {plugin}
plugin_opt_config_file {dynsec}

# A client id names the session, and the plugin binds it to the credential: there is none that the broker makes up.
allow_zero_length_clientid false
# Nothing is kept for whoever subscribes later: what a member gets is in the relay's ledger, under a number.
retain_available false

# Sessions and what waits in them outlive a restart. What the relay acknowledged is in its own ledger; what was sent and not
# answered, members send again: so it is enough to write after each so many changes and not after each one.
persistence true
persistence_location {kept}/
autosave_on_changes true
autosave_interval {changes}
# A device that does not come back within it finds its stream in the relay all the same.
persistent_client_expiration 14d

# Bounds. A frame of the relay is far smaller than this, and so is a message of its administrator. Without memory_limit: its
# count goes below zero when the plugin frees something, and then mosquitto takes nobody any more (2.0.11, seen).
max_packet_size 69632
# Under way in each direction of a session, above all that of the relay: its commits gather what comes together.
max_inflight_messages 1024
# Of one session: what a fan-out puts before a device that is offline, or members before the relay while it restarts.
max_queued_messages 10000
max_queued_bytes 67108864
queue_qos0_messages false
max_keepalive 300

# Answers within a millisecond instead of forty.
set_tcp_nodelay true
# Figures about everybody are nobody's business.
sys_interval 0
log_type error
log_type warning
log_type notice
connection_messages false
"""


@dataclass(frozen=True, slots=True)
class Tls:
    """Files in PEM."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Listener:
    """Where it listens; off this machine with TLS alone."""

    host: str
    port: int
    tls: Tls | None = None

    @property
    def is_local(self) -> bool:
        return self.host in LOOPBACK

    def lines(self) -> str:
        said = [f"listener {self.port} {self.host}", "max_connections 20000", "max_qos 1"]
        if self.tls is not None:
            said += [f"certfile {self.tls.certificate}", f"keyfile {self.tls.key}", "tls_version tlsv1.2"]
        return "\n".join(said) + "\n"


@dataclass(frozen=True, slots=True)
class Broker:
    """What is to be written for; `user` is who mosquitto becomes when root starts it."""

    folder: Path
    plugin: Path
    listeners: tuple[Listener, ...]
    user: str | None = None

    def config(self) -> str:
        """The text of mosquitto.conf."""
        head = HEAD.format(changes=CHANGES, plugin=self.plugin, dynsec=self.folder / DYNSEC, kept=self.folder / KEPT)
        user = f"\n# Who it becomes when root starts it.\nuser {self.user}\n" if self.user else ""
        return "\n".join([head.rstrip("\n"), user.strip("\n"), *(each.lines() for each in self.listeners)]).rstrip("\n") + "\n"


def find_plugin() -> Path | None:
    """Where packages put it; None when it is not installed."""
    found = (path for folder in PLUGIN_FOLDERS for path in sorted(Path("/").glob(f"{folder[1:]}/{PLUGIN}")))
    return next(found, None)
