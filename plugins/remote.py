"""Remote: asks an HTTP service of yours about each message, and goes by its answer.

The question is signed after Standard Webhooks, so that the service knows who asks. It holds the text and what `send` adds,
never a name; a member is a pseudonym that this plugin alone uses. What the service says may hold a message, never reject it:
whether it compares members, the relay cannot know. While it gives no good answer, messages are held.
"""

import json
from collections.abc import AsyncIterator
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from relay.plugin import BadAnswer, Context, Incoming, Plugin, ServiceUrl, Signal, Signer

OK = 200


class Options(BaseModel):
    """Whom to ask, and what to tell."""

    model_config = ConfigDict(extra="forbid")

    url: ServiceUrl = Field(description="the service; one in your own network stands in `moderation.http.private` too")
    secret: SecretStr = Field(
        description="known to the service alone: `whsec_` and 24 to 64 bytes in base64; best given as"
        " RELAY_PLUGINS__REMOTE__SECRET_FILE"
    )
    send: tuple[Literal["language", "channel", "member"], ...] = Field(
        ("language",), description="what goes with the text: language, channel, member (a pseudonym)"
    )
    timeout_s: float = Field(2.0, gt=0, le=2.5, description="seconds that an answer may take; the member waits for it")

    @field_validator("secret")
    @classmethod
    def _signs(cls, secret: SecretStr) -> SecretStr:
        Signer(secret.get_secret_value())
        return secret


class Finding(BaseModel):
    """One thing that the service saw."""

    name: Literal["abuse", "spam", "personal", "other"]
    factor: float = Field(1.0, ge=0, le=1)
    reason: str = ""


class Answer(BaseModel):
    """What the service says; an empty list for a clean message."""

    signals: list[Finding] = Field(max_length=10)


class Remote(Plugin[Options]):
    """Signs, asks, checks the answer."""

    name, version, api = "remote", "1.0", 1
    signals = {"remote.abuse": 5.0, "remote.spam": 5.0, "remote.personal": 2.5, "remote.other": 2.5}
    examples = [("Guten Morgen!", set())]
    across_members = True
    reaches = ("url",)
    deadline_ms = 3000

    def __init__(self, options: Options) -> None:
        """Make the signer once."""
        super().__init__(options)
        self.signer = Signer(options.secret.get_secret_value())

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        """Take a good answer; anything else is a failure."""
        member = self.signer.pseudonym(incoming.member.id)
        facts = {"language": incoming.language, "channel": incoming.channel, "member": member}
        question = {"text": incoming.text.raw} | {name: facts[name] for name in self.options.send}
        body = json.dumps(question, ensure_ascii=False).encode("utf-8", "replace")
        headers = self.signer.headers(f"{member} {incoming.at.isoformat()}", context.now, body)
        headers["content-type"] = "application/json"
        reply = await context.http.post(self.options.url, body=body, headers=headers, timeout=self.options.timeout_s)
        if reply.status != OK:
            raise BadAnswer(f"status {reply.status}")
        try:
            answer = Answer.model_validate_json(reply.body)
        except ValidationError:
            raise BadAnswer("not the JSON that was agreed") from None
        for found in answer.signals:
            yield Signal(f"remote.{found.name}", factor=found.factor, reason=found.reason)
