"""The MQTT broker, where one is set: whether it answers, lets in whom it should and nobody else, and denies by default."""

import os
from collections.abc import AsyncIterator, Iterator

from relay.channels.mqtt.bootstrap import Access
from relay.channels.mqtt.dynsec_file import DynsecFile
from relay.channels.mqtt.look import About, look
from relay.cli.doctor.finding import Finding, fail, ok, warn
from relay.cli.doctor.patient import Patient
from relay.compose.broker import access_of
from relay.core.identity import ID_BYTES, encode

HOW = "docs/how-to/members-on-mqtt.md"
LISTEN = "Use the configuration of `relay broker-config mosquitto`."


async def broker(patient: Patient) -> AsyncIterator[Finding]:
    """Without one there is nothing to say."""
    settings = patient.settings.mqtt
    if settings.url is None:
        return
    access = access_of(settings)
    if access is None:
        what = f"{settings.url}: the relay does not manage who may connect, since mqtt.admin_password is not set"
        yield warn("broker", what, f"Set it, or see to the access list yourself: {HOW}.")
        return
    for finding in _file(patient):
        yield finding
    about = await look(access, f"relay-doctor-{encode(os.urandom(ID_BYTES))}")
    for finding in _seen(settings.url, access, about):
        yield finding


def _file(patient: Patient) -> Iterator[Finding]:
    path = patient.settings.mqtt.dynsec_file
    if path is None:
        what = "mqtt.dynsec_file is not set: what the broker loses of its list of clients, the relay cannot give back"
        yield warn("broker", what, f"Set it where the broker is on this machine, else keep a copy of it: {HOW}.")
    elif DynsecFile(path).is_lost():
        what = f"{path} holds no administrator: the list of clients is lost"
        yield fail("broker", what, "Start the relay, which writes it again, then restart the broker.")
    elif not os.access(path.parent, os.W_OK):
        yield fail("broker", f"the relay's user may not write in {path.parent}", f"Give it the folder's group: {HOW}.")


def _seen(url: str, access: Access, about: About) -> Iterator[Finding]:
    if about.why_out:
        yield fail("broker", f"{url} does not let relay-admin in: {about.why_out}", _way_in(access))
        return
    if about.is_open:
        yield fail("broker", f"{url} lets in anybody, without a name", f"allow_anonymous false. {LISTEN}")
    if not about.is_stream_known:
        yield fail("broker", f"{url} does not let relay-stream in", "Is mqtt.password the one it was made with?")
    if about.why_mute:
        yield fail("broker", f"its dynamic security does not answer: {about.why_mute}", f"Load the plugin. {LISTEN}")
        return
    if not about.is_denying:
        yield fail("broker", "it allows what no rule names", "Restart the relay: it denies that when the broker comes.")
    if about.has_first_administrator:
        what = "its first administrator is still there, and may do whatever relay-admin may"
        yield warn("broker", what, "Start the relay: it removes them as soon as it has identities of its own.")
    if not about.is_open and about.is_stream_known and about.is_denying and not about.has_first_administrator:
        yield ok("broker", f"{url} denies by default, and the first administrator is gone")


def _way_in(access: Access) -> str:
    """What may be wrong."""
    new = "If it is new, start the relay, which makes its identities there. " if access.bootstrap else ""
    return f"{new}Does it run there, and is mqtt.admin_password the one that it was made with?"
