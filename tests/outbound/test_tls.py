"""Over TLS the connection goes to the pinned address, and the certificate is that of the name."""

import shutil
import ssl
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from relay.core.asking import Request, Unreachable
from relay.outbound.client import Client
from relay.outbound.settings import OutboundSettings
from relay.testing.services import FakeService, reply
from tests.servers.authority import Authority

NAME = "ask.example"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not there")
    return Authority.found(Path(openssl), tmp_path_factory.mktemp("tls") / "authority")


@pytest.fixture
async def service(authority: Authority) -> AsyncIterator[FakeService]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*authority.issue(f"DNS:{NAME}"))
    async with FakeService(tls=context) as running:
        running.says(reply({"signals": []}))
        yield running


async def here(host: str, port: int) -> Sequence[str]:
    del host, port
    return ["127.0.0.1"]


async def status(name: str, service: FakeService, tls: ssl.SSLContext | None) -> int:
    url = f"https://{name}:{service.port}"
    client = Client(OutboundSettings(private=(url,)), here, tls)
    try:
        return (await client.ask(Request(url, b"{}"))).status
    finally:
        await client.close()


async def test_the_certificate_of_the_name_is_good(authority: Authority, service: FakeService) -> None:
    asked: list[str | None] = []
    assert service.tls is not None
    service.tls.sni_callback = lambda _socket, name, _context: asked.append(name)

    given = await status(NAME, service, ssl.create_default_context(cafile=authority.certificate))

    assert given == 200
    assert asked == [NAME]
    assert service.got[0].headers["host"] == f"{NAME}:{service.port}"


async def test_a_certificate_of_another_name_is_not(authority: Authority, service: FakeService) -> None:
    with pytest.raises(Unreachable, match="TLS"):
        await status("other.example", service, ssl.create_default_context(cafile=authority.certificate))


async def test_a_certificate_that_nobody_vouches_for_is_not(service: FakeService) -> None:
    with pytest.raises(Unreachable, match="TLS"):
        await status(NAME, service, None)
