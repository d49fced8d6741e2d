"""A relay with a community in a folder of its own, as its owner sees it: stopped, started again, filled over HTTP."""

import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cli.conftest import OWNER, CommandLine, Served, plain_environment
from tests.cli.test_commands import items, say

SECRET = "The wombat of the third floor"
Member = dict[str, Any]


@dataclass
class Town:
    """`folder` holds the folder `data`; the community is called pool."""

    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    served: Served | None = None
    members: list[Member] = field(default_factory=list)

    @property
    def relay(self) -> CommandLine:
        """The command line beside the data folder."""
        return CommandLine(self.folder, {**plain_environment(), **self.environ})

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def open(self) -> "Town":
        """For the first time."""
        self.start()
        self.ask("POST", "/v1/communities", {"slug": "pool", "name": "Pool"})
        return self

    def start(self) -> None:
        self.served = Served(self.folder, RELAY_OWNER_TOKEN=OWNER, **self.environ)

    def stop(self) -> None:
        if self.served is not None:
            self.served.stop()
            self.served = None

    @property
    def running(self) -> Served:
        assert self.served is not None
        return self.served

    def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401  whatever it answers
        headers = {"Authorization": f"Bearer {OWNER}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.running.url + path, data, headers, method=method)  # noqa: S310  our own relay
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  our own relay
            raw = answer.read()
        return json.loads(raw) if raw else None

    def member(self, text: str = SECRET) -> Member:
        """Somebody who said something."""
        consent = {"source": "counter", "text_version": "1"}
        member: Member = self.ask("POST", "/v1/communities/pool/members", {"name": "Ada", "consent": consent})
        say(self.running, member["token"], text)
        self.members.append(member)
        return member

    def post(self, text: str) -> None:
        """It has reached everybody's stream when this returns."""
        id_ = self.ask("POST", "/v1/communities/pool/posts", {"text": text})["id"]
        while self.ask("GET", f"/v1/posts/{id_}")["state"] != "sent":
            pass

    def erase(self, member: Member) -> None:
        self.ask("DELETE", f"/v1/members/{member['id']}")

    def ids(self) -> set[str]:
        """Of the members who are here."""
        return {each["id"] for each in self.ask("GET", "/v1/communities/pool/members?limit=200")["items"]}

    def audit(self, action: str) -> list[dict[str, Any]]:
        return [entry for entry in self.ask("GET", "/v1/audit?limit=200")["items"] if entry["action"] == action]

    def heard(self, member: Member) -> list[tuple[int, str]]:
        """Their stream: numbers and texts."""
        return [(item["seq"], item["text"]) for item in items(self.running, member["token"])]
