"""What a member knows: the ids that they were shown, and nothing else; acts name things by it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.proof.acts import Of, Ref

UNKNOWN = "a" * 26
_SHELVES = {
    Of.OWN_MESSAGE: "messages", Of.THEIR_MESSAGE: "messages",
    Of.OWN_POST: "posts", Of.THEIR_POST: "posts",
    Of.OWN_CASE: "cases", Of.THEIR_CASE: "cases",
    Of.THEIR_SELF: "selves",
}  # fmt: skip


@dataclass(slots=True)
class Knowledge:
    """Ids in the order in which they were shown."""

    messages: list[str] = field(default_factory=list)
    posts: list[str] = field(default_factory=list)
    cases: list[str] = field(default_factory=list)
    selves: list[str] = field(default_factory=list)

    def learn(self, shown: Mapping[str, Any]) -> None:
        """From a frame, or from the answer to a call."""
        match shown:
            case {"type": "item", "kind": "post", "id": id_}:
                _add(self.posts, id_)
            case {"type": "item", "id": id_, **rest}:
                _add(self.messages, id_)
                _add(self.cases, rest.get("case"))
            case {"type": "welcome", "member": {"id": id_}}:
                _add(self.selves, id_)
            case {"items": list(items)}:
                for each in items:
                    self.learn(each)
            case {"type": "accepted", "id": id_} | {"id": id_, "at": _} if id_ not in self.posts:
                _add(self.messages, id_)

    def find(self, ref: Ref) -> str:
        """The id that is meant, of somebody with this knowledge."""
        shelf: list[str] = getattr(self, _SHELVES[ref.of], []) if ref.of in _SHELVES else []
        return shelf[-1 - ref.k] if ref.k < len(shelf) else UNKNOWN


def _add(shelf: list[str], id_: str | None) -> None:
    if id_ is not None and id_ not in shelf:
        shelf.append(id_)
