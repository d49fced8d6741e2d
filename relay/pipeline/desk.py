"""A worker's way to its plugin's memory and to services: what it asks for is checked and bounded, for one member alone.

A request names no member: whose memory it is follows from the message that the worker has been given.
"""

from dataclasses import dataclass
from typing import Any, Final

from relay.core.asking import AskingError, Request
from relay.pipeline.answer import Answer
from relay.pipeline.asker import NOT_HERE, Asker, Gate
from relay.pipeline.memory import MemoryStore, Space
from relay.pipeline.wire import Frame, WireError, failed_frame, plain, remembered, reply_frame
from relay.plugin import NotForPluginsError

MOST_REQUESTS: Final = 200  # of one check
LONGEST_KEY: Final = 200  # characters
LONGEST_TTL: Final = 10 * 366 * 86_400.0  # seconds
MOST_BY: Final = 2**53


@dataclass(slots=True)
class Desk:
    """For one check. `shared` is there for plugins that declare to look across members."""

    store: MemoryStore
    own: Space
    shared: Space | None
    asked: int = 0
    gate: Gate | None = None
    asker: Asker | None = None
    is_asking: bool = False

    def begin(self) -> None:
        """The check begins now."""
        self.asker = self.gate.begin() if self.gate else None
        self.is_asking = False

    def begin_question(self) -> None:
        """Raises WireError while one is under way: an honest worker waits for its answer."""
        self._count()
        if self.is_asking:
            raise WireError("a question before the last was answered")
        self.is_asking = True

    async def ask(self, request: Request) -> Frame:
        """What the worker gets from a service, or how that failed."""
        try:
            if self.asker is None:
                return failed_frame(NotForPluginsError(NOT_HERE))
            return reply_frame(await self.asker.ask(request))
        except (AskingError, NotForPluginsError) as error:
            return failed_frame(error)
        finally:
            self.is_asking = False

    def explained(self, answer: Answer) -> Answer:
        """The worker's answer, with what its questions ran into."""
        if self.asker is not None:
            answer.why, answer.across = self.asker.explained(answer.why), self.asker.is_across
        return answer

    def answer(self, request: Frame) -> Frame:
        """What the worker gets. Raises WireError for what no honest worker asks."""
        self._count()
        space, key = self._space(request), request.get("key")
        if type(key) is not str or len(key) > LONGEST_KEY:
            raise WireError(f"a key that is no text of at most {LONGEST_KEY} characters")
        match request.get("do"):
            case "get":
                found = self.store.read(space, key)
                return {} if found is None else {"value": plain(found[0])}
            case "set":
                self.store.write(space, key, remembered(request.get("value")), self._expires(request))
            case "increment":
                return {"value": self.store.increment(space, key, _by(request), self._expires(request))}
            case "forget":
                self.store.drop(space, key)
            case _:
                raise WireError("a request that does not exist")
        return {}

    def _count(self) -> None:
        self.asked += 1
        if self.asked > MOST_REQUESTS:
            raise WireError(f"more than {MOST_REQUESTS} requests")

    def _space(self, request: Frame) -> Space:
        if request.get("shared") is not True:
            return self.own
        if self.shared is None:
            raise WireError("a request for what crosses members, which its class does not declare")
        return self.shared

    def _expires(self, request: Frame) -> float:
        ttl: Any = request.get("ttl")
        if type(ttl) not in {int, float} or not 0 <= ttl <= LONGEST_TTL:  # NaN is not either
            raise WireError("a time to live that is no number of seconds")
        return self.store.expires_in(ttl)


def _by(request: Frame) -> int:
    by = request.get("by")
    if type(by) is not int or abs(by) > MOST_BY:
        raise WireError("a step that is no whole number")
    return by
