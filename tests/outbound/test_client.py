"""The client against servers that mean no good: bounded in time and bytes, and nowhere but where it may go."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Sequence

import pytest

from relay.core.asking import LARGEST_BODY, AskingError, BadAnswer, Request, TooLate, Unreachable
from relay.outbound.client import Client
from relay.outbound.names import LOOKING_UP, LookUp, SystemNames
from relay.outbound.settings import OutboundSettings
from relay.testing.services import Act, FakeService, raw, reply, stalled

MOST_SENT = 16 * 1024 * 1024  # bytes that a server gets rid of, most of them into the buffers of two kernels
HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
async def service() -> AsyncIterator[FakeService]:
    async with FakeService() as running:
        yield running


@pytest.fixture
async def client(service: FakeService) -> AsyncIterator[Client]:
    made = Client(OutboundSettings(private=(service.url,)))
    yield made
    await made.close()


def question(url: str, seconds: float = 5.0) -> Request:
    return Request(url, b'{"text": "hello"}', {"Content-Type": "application/json"}, seconds)


async def test_a_question_arrives_and_its_answer_comes_back(service: FakeService, client: Client) -> None:
    service.says(reply({"signals": []}, headers={"Retry-After": "7", "Set-Cookie": "a=b"}))

    answer = await client.ask(question(f"{service.url}/check?v=1"))

    assert (answer.status, answer.json(), answer.headers["retry-after"]) == (200, {"signals": []}, "7")
    (got,) = service.got
    assert (got.target, got.body) == ("/check?v=1", b'{"text": "hello"}')
    assert got.headers["host"] == f"127.0.0.1:{service.port}"
    assert got.headers["accept-encoding"] == "identity"


async def test_nothing_is_kept_between_two_questions(service: FakeService, client: Client) -> None:
    service.says(reply(headers={"Set-Cookie": "session=1; Path=/"}))

    await client.ask(question(service.url))
    await client.ask(question(service.url))

    assert "cookie" not in service.got[1].headers


async def test_an_error_of_the_service_is_an_answer(service: FakeService, client: Client) -> None:
    service.says(reply(b"busy", 503))

    assert (await client.ask(question(service.url))).status == 503


async def test_a_redirect_is_not_followed(service: FakeService, client: Client) -> None:
    service.says(reply(status=307, headers={"Location": f"{service.url}/admin"}))

    with pytest.raises(BadAnswer, match="redirects are not followed"):
        await client.ask(question(service.url))
    assert [got.target for got in service.got] == ["/"]


async def test_a_proxy_of_the_environment_is_not_used(
    service: FakeService, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    service.says(reply())

    assert (await client.ask(question(service.url))).status == 200


@pytest.mark.parametrize(
    ("act", "why"),
    [
        (reply(gzip.compress(bytes(100_000_000)), headers={"Content-Encoding": "gzip"}), "compressed"),
        (reply(bytes(LARGEST_BODY + 1)), "larger"),
        (raw(HEAD + b"Content-Length: 100\r\n\r\nhalf"), "no HTTP"),
        (raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n"), "no HTTP"),
        (raw(b"SSH-2.0-OpenSSH_9\r\n\r\n"), "no HTTP"),
        (raw(HEAD + b": no name\r\n\r\n"), "no HTTP"),
        (raw(HEAD + b"X-Long: " + b"x" * 5000 + b"\r\n\r\n"), "no HTTP"),
        (raw(HEAD + b"X-Many: x\r\n" * 200 + b"\r\n"), "no HTTP"),
        (raw(HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx"), "no HTTP"),
    ],
    ids=["gzip bomb", "too large", "cut", "bad chunk", "no http", "no name", "long header", "many headers", "two lengths"],
)
async def test_an_answer_that_is_not_taken(act: Act, why: str, service: FakeService, client: Client) -> None:
    service.says(act)

    with pytest.raises(BadAnswer, match=why):
        await client.ask(question(service.url))


@pytest.mark.parametrize(
    ("beginning", "piece"),
    [
        (HEAD + b"\r\n", bytes(65_536)),
        (HEAD + b"Content-Length: 1000000000000\r\n\r\n", bytes(65_536)),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + bytes(65_536) + b"\r\n"),
        (HEAD, b"X-More: and more\r\n"),
        (HEAD + b"X-Long: ", b"x" * 65_536),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 ", b"O" * 65_536),
    ],
    ids=["until the end", "by length", "in chunks", "headers", "one header", "continue", "status"],
)
async def test_what_never_ends_is_ended(beginning: bytes, piece: bytes, service: FakeService, client: Client) -> None:
    service.says(service.endless(beginning, piece))

    with pytest.raises(AskingError):
        await client.ask(question(service.url, seconds=2))
    assert service.sent < MOST_SENT


@pytest.mark.parametrize(
    "sent",
    [b"", b"HTTP/1.1 2", HEAD + b"X-Half", HEAD + b"Content-Length: 9\r\n\r\nhalf"],
    ids=["nothing", "status", "header", "body"],
)
async def test_what_stalls_is_too_late(sent: bytes, service: FakeService, client: Client) -> None:
    service.says(stalled(sent))

    with pytest.raises(TooLate, match=r"did not answer within 0\.2 s"):
        await client.ask(question(service.url, seconds=0.2))


async def test_who_hangs_up_is_unreachable(service: FakeService, client: Client) -> None:
    service.says(raw(b""))

    with pytest.raises(Unreachable):
        await client.ask(question(service.url))


async def test_where_nobody_listens_is_unreachable(service: FakeService, client: Client) -> None:
    url = service.url
    await service.__aexit__(None, None, None)

    with pytest.raises(Unreachable):
        await client.ask(question(url))


class Names:
    """A name server that says something else each time; the last again and again."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        del port
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


async def answer_of(url: str, look_up: LookUp, *private: str) -> int:
    client = Client(OutboundSettings(private=private), look_up)
    try:
        return (await client.ask(question(url, seconds=2))).status
    finally:
        await client.close()


async def refusal_of(url: str, look_up: LookUp, *private: str) -> str:
    """Why it was not reached; nothing where it was, or was tried."""
    try:
        await answer_of(url, look_up, *private)
    except Unreachable as error:
        return str(error)
    except AskingError:
        return ""
    return ""


async def test_a_name_is_looked_up_once_and_the_connection_goes_there(service: FakeService) -> None:
    service.says(reply())
    url = f"http://ask.example:{service.port}"
    names = Names(["127.0.0.1"], ["169.254.169.254"])

    assert await answer_of(url, names, url) == 200

    assert names.asked == ["ask.example"]
    assert service.got[0].headers["host"] == f"ask.example:{service.port}"


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["64:ff9b::808:808", "127.0.0.1"],
        ["::1"],
        ["::ffff:10.0.0.1"],
        ["169.254.169.254"],
        ["64:ff9b::a00:1"],
        ["0.0.0.0"],  # noqa: S104 - what a name must not lead to
    ],
    ids=str,
)
async def test_a_name_that_leads_inside_is_not_reached(addresses: list[str], service: FakeService) -> None:
    service.says(reply())

    assert "not in the open net" in await refusal_of(f"https://ask.example:{service.port}", Names(addresses))
    assert service.got == []


async def test_a_name_that_changes_to_lead_inside_is_not_reached(service: FakeService) -> None:
    names = Names(["64:ff9b::808:808"], ["127.0.0.1"])  # leads nowhere from here
    await refusal_of(f"https://ask.example:{service.port}", names)

    assert "not in the open net" in await refusal_of(f"https://ask.example:{service.port}", names)
    assert service.got == []


async def test_a_listed_name_may_not_lead_to_the_keys_of_the_machine() -> None:
    url = "http://ask.example"

    with pytest.raises(Unreachable, match="not in the open net"):
        await answer_of(url, Names(["169.254.169.254"]), url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{}", "http://localhost:{}", "http://[::ffff:127.0.0.1]:{}", "http://2130706433:{}"]
)
async def test_what_is_not_listed_inside_is_not_reached(url: str, service: FakeService) -> None:
    with pytest.raises(Unreachable):
        await answer_of(url.format(service.port), Names(["127.0.0.1"]))
    assert service.got == []


async def test_an_address_is_checked_as_names_are(service: FakeService) -> None:
    with pytest.raises(Unreachable, match="not in the open net"):
        await answer_of(f"https://127.0.0.1:{service.port}", Names(["8.8.8.8"]))
    assert service.got == []


async def test_a_name_nobody_knows_is_unreachable() -> None:
    async def nobody(host: str, port: int) -> Sequence[str]:
        raise OSError(host, port)

    with pytest.raises(Unreachable, match="not known"):
        await answer_of("https://ask.example", nobody)


@pytest.mark.parametrize(
    "headers", [{"Host": "other"}, {"X": "a\r\nY: b"}, {"Content-Length": "1"}, {"": "x"}, {"A b": "x"}, {"X": "ä"}], ids=str
)
async def test_headers_that_could_mislead_are_not_sent(headers: dict[str, str], service: FakeService, client: Client) -> None:
    with pytest.raises(Unreachable, match="header"):
        await client.ask(Request(service.url, b"", headers))
    assert service.got == []


async def test_no_message_holds_a_path(service: FakeService, client: Client) -> None:
    service.says(raw(b"nonsense SECRET\r\n\r\n"))

    with pytest.raises(BadAnswer) as caught:
        await client.ask(question(f"{service.url}/hook?key=SECRET"))
    assert "SECRET" not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_the_system_knows_this_machine_by_name(service: FakeService) -> None:
    service.says(reply())
    url = f"http://localhost:{service.port}"

    assert await answer_of(url, SystemNames(), url) == 200


async def test_a_name_that_is_given_up_is_looked_up_to_its_end_and_makes_room() -> None:
    names = SystemNames()
    given_up = [asyncio.create_task(names("localhost", 1)) for _ in range(LOOKING_UP * 3)]
    await asyncio.sleep(0)
    for task in given_up:
        task.cancel()
    await asyncio.gather(*given_up, return_exceptions=True)

    assert await names("127.0.0.1", 1) == ["127.0.0.1"]
