"""The bus tells own commits to everybody, and those of other processes to those who show what is."""

from relay.bus import Bus, Missed
from relay.core.change import Change, SetFact
from relay.core.run import EndRun


def test_what_another_process_committed_is_not_counted_as_own() -> None:
    bus = Bus()
    heard: list[str] = []
    bus.on(SetFact, lambda change, outcome: heard.append(f"{change.name} {outcome}"))
    bus.on_own(SetFact, lambda change, _: heard.append(f"own {change.name}"))

    bus.announce((SetFact("here", "1"),), (None,))
    bus.hear((SetFact("there", "1"),), (None,))

    assert heard == ["here None", "own here", "there None"]


def test_others_have_to_hear_only_of_what_is_listened_to_everywhere() -> None:
    bus = Bus()
    bus.on(SetFact, lambda _change, _outcome: None)
    bus.on_own(EndRun, lambda _change, _outcome: None)
    changes: list[Change] = [SetFact("a", "1"), EndRun(1)]

    assert [bus.wants(change) for change in changes] == [True, False]


def test_whoever_shows_something_hears_that_news_may_be_missing() -> None:
    bus = Bus()
    heard: list[Missed] = []
    bus.on(Missed, lambda missed, _: heard.append(missed))

    bus.miss()

    assert heard == [Missed()]


def test_a_listener_that_fails_keeps_no_other_from_hearing() -> None:
    bus = Bus()
    heard: list[str] = []

    def fail(_change: SetFact, _outcome: object) -> None:
        raise ZeroDivisionError

    bus.on(SetFact, fail)
    bus.on(SetFact, lambda change, _: heard.append(change.name))

    bus.hear((SetFact("a", "1"),), (None,))

    assert heard == ["a"]
