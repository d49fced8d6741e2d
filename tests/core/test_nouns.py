"""Members, posts, staff, cases, ids, pseudonyms, quiet hours, rates and times: the small rules."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.case import Case, CaseKind, CaseState, Finding, Ruling, appealed, case_for, ruled
from relay.core.community import SLUG
from relay.core.errors import Conflict, Denied, Invalid, Unknown
from relay.core.identity import encode, is_id, token_digest
from relay.core.member import Keyword, keyword
from relay.core.moment import from_micros, micros, rfc3339
from relay.core.notice import LANGUAGES, Occasion, notice
from relay.core.post import Button, Draft, Post, button_of, checked
from relay.core.problem import problem
from relay.core.pseudonym import pseudonym
from relay.core.rate import Bucket, Rate
from relay.core.staff import SCOPES, Actor, Role
from relay.core.verdict import Action, Decision

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
POST = Post(id="p", community=1, author="a", text="t", created_at=NOW, buttons=(Button("yes", "Yes"),))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("STOP", Keyword.STOP),
        (" Stopp! ", Keyword.STOP),
        ("Abmelden", Keyword.STOP),
        ("start.", Keyword.START),
        ("DATEN", Keyword.DATA),
        ("STOP" + " " * 12, Keyword.STOP),
        ("Stop.\n…", Keyword.STOP),
        ("“STOP”,", Keyword.STOP),
        ("STOP\u200b", Keyword.STOP),
    ],
)
def test_a_keyword_is_understood_however_it_is_written(text: str, word: Keyword) -> None:
    assert keyword(text) is word


@pytest.mark.parametrize("text", ["stop it", "nonstop", "", "please stop", "start tomorrow?"])
def test_a_sentence_with_a_keyword_in_it_is_a_sentence(text: str) -> None:
    assert keyword(text) is None


@given(st.text())
def test_looking_for_a_keyword_never_fails(text: str) -> None:
    keyword(text)


def test_a_post_is_refused_with_all_its_faults_at_once() -> None:
    draft = Draft(text=" ", buttons=(Button("a", "A"), Button("a", "")), expires_at=NOW)

    with pytest.raises(Invalid) as refused:
        checked(draft, NOW)

    assert [fault.loc[1] for fault in refused.value.faults] == ["text", "buttons", "buttons", "expires_at"]


@pytest.mark.parametrize("text", ["x" * 4097, "a\x00", "\udc00"])
def test_a_post_that_cannot_be_shown_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        checked(Draft(text), NOW)


def test_a_button_is_found_until_the_post_expires() -> None:
    assert button_of(POST, "yes", NOW).label == "Yes"
    with pytest.raises(Unknown):
        button_of(POST, "no", NOW)
    with pytest.raises(Conflict):
        button_of(replace(POST, expires_at=NOW), "yes", NOW)


def test_the_owner_may_do_everything_and_a_key_what_its_scopes_say() -> None:
    owner = Actor("o", "Owner", Role.OWNER)
    key = Actor("k", "Shop", scopes=("posts:write",))

    assert all(owner.may(role, None, reading=False) for role in Role)
    assert key.may(Role.MANAGER, "posts:write", reading=False)
    assert not key.may(Role.AGENT, "threads:read", reading=True)
    assert not key.may(Role.OWNER, None, reading=True)
    assert set(key.scopes) < set(SCOPES)


def test_an_auditor_reads_and_writes_nothing() -> None:
    auditor = Actor("a", "Auditor", Role.AUDITOR)

    assert auditor.may(Role.AGENT, None, reading=True)
    assert not auditor.may(Role.AGENT, None, reading=False)
    assert not auditor.may(Role.OWNER, None, reading=True)


def test_agents_and_moderators_do_not_do_each_others_work() -> None:
    assert not Actor("a", "A", Role.AGENT).may(Role.MODERATOR, None, reading=True)
    assert not Actor("m", "M", Role.MODERATOR).may(Role.AGENT, None, reading=True)
    assert Actor("b", "B", Role.MANAGER).may(Role.MODERATOR, None, reading=False)


@pytest.mark.parametrize(
    ("action", "kind"),
    [(Action.ALLOW, None), (Action.DISCARD, None), (Action.HOLD, CaseKind.HELD), (Action.FLAG, CaseKind.FLAGGED)],
)
def test_a_decision_opens_a_case_where_staff_have_to_look(action: Action, kind: CaseKind | None) -> None:
    case = case_for(Decision(action, 5.0), lambda: "c", NOW)

    assert (case and case.kind) == kind


def test_an_appeal_is_decided_by_somebody_else() -> None:
    case = Case("c", CaseKind.HELD, NOW, CaseState.APPEALED, decided_by="eva")

    assert ruled(case, Finding(Ruling.DELIVER), "jan") is CaseState.DELIVERED
    with pytest.raises(Denied):
        ruled(case, Finding(Ruling.REJECT, "no"), "eva")


def test_a_decided_case_is_not_decided_again() -> None:
    with pytest.raises(Conflict):
        ruled(Case("c", CaseKind.HELD, NOW, CaseState.REJECTED), Finding(Ruling.DELIVER), "eva")


def test_there_is_one_appeal_and_only_against_a_rejection() -> None:
    rejected = Case("c", CaseKind.HELD, NOW, CaseState.REJECTED)

    assert appealed(rejected, had_appeal=False) is CaseState.APPEALED
    with pytest.raises(Conflict):
        appealed(rejected, had_appeal=True)
    with pytest.raises(Conflict):
        appealed(replace(rejected, state=CaseState.OPEN), had_appeal=False)


@given(st.binary(min_size=16, max_size=16))
def test_sixteen_bytes_make_an_id(raw: bytes) -> None:
    assert is_id(encode(raw))


@given(st.text(max_size=30))
def test_a_digest_never_fails_and_never_holds_the_token(token: str) -> None:
    assert len(token_digest(token)) == 64


def test_a_pseudonym_depends_on_key_and_member_alone() -> None:
    name = pseudonym(b"key", "member")

    assert name == pseudonym(b"key", "member")
    assert name != pseudonym(b"other key", "member")
    assert len(name.split()) == 3


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    rate, bucket = Rate(burst=2, per_second=1), Bucket(2, 0.0)

    waits = [bucket.take(rate, at) for at in (0.0, 0.0, 0.0, 0.5, 1.0, 1.0)]

    assert waits == [0, 0, 1.0, 0.5, 0, 1.0]


@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone
def test_times_survive_the_store_exactly(moment: datetime) -> None:
    assert from_micros(micros(moment)) == moment


def test_times_are_told_in_utc() -> None:
    berlin = datetime(2026, 11, 21, 14, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))

    assert rfc3339(berlin) == "2026-11-21T13:00:00.123Z"


@pytest.mark.parametrize("language", [*LANGUAGES, "fr", ""])
@pytest.mark.parametrize("occasion", Occasion)
def test_every_occasion_has_words(occasion: Occasion, language: str) -> None:
    text = notice(occasion, language=language, name="Bad am See", reason="too loud.")

    assert "{" not in text
    assert ".." not in text


def test_a_problem_names_kind_and_places_and_echoes_nothing() -> None:
    found = problem(Unknown())

    assert (found["status"], found["title"]) == (404, "Not found")
    assert "errors" not in found


@pytest.mark.parametrize(("slug", "good"), [("a", True), ("bad-am-see", True), ("-a", False), ("A", False), ("a" * 41, False)])
def test_slugs_are_plain(slug: str, *, good: bool) -> None:
    assert bool(SLUG.fullmatch(slug)) is good
