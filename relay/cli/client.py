"""The client: asks a running relay over HTTP, and turns its refusals into failures with an exit code."""

import http.client
import json
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, unquote, urlencode, urlsplit

from relay.cli.shape import Exit, Failure

DEFAULT_URL = "http://127.0.0.1:8080"
URL_FILE = "relay.url"  # in the data folder: `relay serve` writes its address there
PATIENCE = 30  # seconds for one answer
Json = dict[str, Any]

_NOUNS = {
    "communities": "community",
    "members": "member",
    "posts": "post",
    "threads": "thread",
    "cases": "case",
    "measures": "measure",
    "staff": "person",
    "keys": "key",
    "sessions": "session",
}
_LATER = {429, 503}
_WRONG = {400, 413, 415, 422}


def find_url(given: str | None, environ: Mapping[str, str]) -> str:
    """The relay's address: as given, else that of the relay that serves the data folder here, else the default."""
    if given:
        return given
    folder = Path(environ.get("RELAY_STORE__FOLDER") or "data")
    try:
        return (folder / URL_FILE).read_text("utf-8").strip() or DEFAULT_URL
    except OSError:
        return DEFAULT_URL


def find_token(file: Path | None, environ: Mapping[str, str]) -> str | None:
    """The token from the file, else from RELAY_TOKEN; never from the command line, which every user of the machine can read."""
    if file is None:
        return environ.get("RELAY_TOKEN") or None
    try:
        return file.read_text("utf-8").strip()
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}.", Exit.USAGE) from None


def path(*parts: str) -> str:
    """A path of the API with each part quoted, so that an id from outside stays one part; a leading `:` names an action."""
    return "/v1" + "".join(part if part.startswith(":") else "/" + quote(part, safe="") for part in parts)


class Client:
    """One connection to a relay, opened when it is first needed."""

    def __init__(self, url: str, token: str | None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise Failure(f"{url} is no address of a relay: write http://HOST:PORT or https://HOST.", Exit.USAGE)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self.url = url.rstrip("/")
        self._base = parts.path.rstrip("/")
        self._token = token
        self._connection = kind(parts.hostname, parts.port, timeout=PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._connection.close()

    def get(self, path: str, **query: object) -> Json:
        """The answer's JSON."""
        return self._call("GET", _asking(path, query), None)

    def post(self, path: str, body: Mapping[str, object]) -> Json:
        """The answer's JSON; a lost answer may be asked for again, since each call carries its own Idempotency-Key."""
        return self._call("POST", path, body)

    def patch(self, path: str, body: Mapping[str, object]) -> Json:
        """The answer's JSON."""
        return self._call("PATCH", path, body)

    def delete(self, path: str, **query: object) -> Json:
        """The answer's JSON."""
        return self._call("DELETE", _asking(path, query), None)

    def short(self, path: str) -> Iterator[Json]:
        """The items of a list that takes no `limit`, since it is short by nature."""
        page = self.get(path)
        yield from page["items"]
        while page.get("next"):
            page = self.get(path, after=page["next"])
            yield from page["items"]

    def pages(self, path: str, limit: int | None = None, **query: object) -> Iterator[Json]:
        """The items of a list, page by page, `limit` at most."""
        after: str | None = None
        left = limit
        while left is None or left > 0:
            page = self.get(path, limit=200 if left is None else min(200, left), after=after, **query)
            yield from page["items"]
            left = None if left is None else left - len(page["items"])
            after = page.get("next")
            if after is None:
                return

    def _call(self, method: str, path: str, body: Mapping[str, object] | None) -> Json:
        headers = {"Accept": "application/json", "User-Agent": "relay-cli"}
        data = None
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if method == "POST":
            headers["Idempotency-Key"] = secrets.token_hex(16)
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        for is_last in (False, True):
            try:
                self._connection.request(method, self._base + path, data, headers)
                answer = self._connection.getresponse()
                return _read(answer, answer.read(), path)
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self._connection.close()  # the server ended an idle connection: once more on a new one
                if is_last:
                    raise self._unreachable("it hung up") from None
            except TimeoutError:
                raise Failure(f"{self.url} did not answer in {PATIENCE} seconds. Try again later.", Exit.TRY_LATER) from None
            except (OSError, http.client.HTTPException) as error:
                raise self._unreachable(getattr(error, "strerror", None) or type(error).__name__) from None
        raise AssertionError  # the second round returns or raises

    def _unreachable(self, why: str) -> Failure:
        return Failure(
            f"No relay answers at {self.url} ({why}). Start one with `relay serve`, or name another with --url or RELAY_URL.",
            Exit.UNAVAILABLE,
        )


def _asking(path: str, query: Mapping[str, object]) -> str:
    given = {name: value for name, value in query.items() if value is not None}
    return path + ("?" + urlencode(given) if given else "")


def _read(answer: http.client.HTTPResponse, data: bytes, path: str) -> Json:
    try:
        found = json.loads(data) if data else {}
    except ValueError:
        found = {}
    body: Json = found if isinstance(found, dict) else {}
    if answer.status < http.client.BAD_REQUEST:
        return body
    if answer.status == http.client.NOT_FOUND and (thing := _asked_for(path)):
        body["detail"] = f"There is no {thing} here, or it is not for this token to see."
    raise refusal(answer.status, body, answer.headers.get("Retry-After"))


def _asked_for(path: str) -> str | None:
    """The thing whose id stands in a path of the API, such as `member 7fq2`."""
    pieces = urlsplit(path).path.removeprefix("/v1/").split("/")
    one = _NOUNS.get(pieces[0])
    return f"{one} {unquote(pieces[1].partition(':')[0])}" if one and len(pieces) > 1 else None


def refusal(status: int, problem: Mapping[str, Any], retry_after: str | None = None) -> Failure:
    """A problem of the relay as a failure: what happened, what is wrong where, what to do."""
    lines = [str(problem.get("detail") or problem.get("title") or f"The relay answered {status}.")]
    for fault in problem.get("errors") or ():
        place = ".".join(str(part) for part in fault.get("loc", ()) if part != "body")
        lines.append(f"  {place}: {fault.get('msg', '')}" if place else f"  {fault.get('msg', '')}")
    if status == http.client.UNAUTHORIZED:
        lines.append("Set RELAY_TOKEN, or name the file that holds it with --token-file.")
    if status in _LATER:
        lines.append(f"Try again in {retry_after} seconds." if retry_after else "Try again later.")
    code = Exit.TRY_LATER if status in _LATER else Exit.USAGE if status in _WRONG else Exit.FAILED
    return Failure("\n".join(lines), code)
