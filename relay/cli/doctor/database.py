"""The database: a file in the data folder, or a server."""

from collections.abc import AsyncIterator

from relay.cli.doctor.file import file
from relay.cli.doctor.finding import Finding
from relay.cli.doctor.patient import Patient
from relay.cli.doctor.server import server


def database(patient: Patient) -> AsyncIterator[Finding]:
    """The one that is configured."""
    url = patient.settings.store.url
    return file(patient) if url is None else server(patient, url.get_secret_value())
