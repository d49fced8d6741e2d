"""What makes a passphrase too weak, which browser asks, whose name is whose, and which sessions make room."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.browser import UNKNOWN, browser
from relay.core.passphrase import LONG, SHORT, prepared, strength, weakness
from relay.core.session import MOST, Session, surplus
from relay.core.staff import known_as

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LETTERS = st.characters(min_codepoint=33, max_codepoint=0x2FF)


@pytest.mark.parametrize(
    "passphrase",
    [
        "correct horse battery staple",
        "Der Igel frisst gern Äpfel",
        "kq7xw3mzt9bd",
        "xK9#mQ2$vL",
        "ночь улица фонарь аптека",
        "password of the old lighthouse",
    ],
)
def test_what_nobody_guesses_will_do(passphrase: str) -> None:
    assert weakness(passphrase, "Eva Muster") is None


@pytest.mark.parametrize(
    ("passphrase", "why"),
    [
        ("", "at least 12"),
        ("xK9#mQ2", "at least 12"),
        ("sommer26", "drawn at random"),
        ("lighthouse", "drawn at random"),
        ("aaaaaaaaaaaaaaaaaaaa", "easy"),
        ("abcabcabcabcabc", "easy"),
        ("1234567890123", "easy"),
        ("abcdefghijklmnop", "easy"),
        ("PasswordPassword1", "easy"),
        ("qwertzuiop123", "easy"),
        ("hunter2hunter2", "easy"),
        ("Sommer2026!!!", "easy"),
        ("Eva Muster 1980", "easy"),
        ("EvaMusterEvaM", "easy"),
    ],
)
def test_what_is_weak_is_told_why(passphrase: str, why: str) -> None:
    assert why in (weakness(passphrase, "Eva Muster") or "")


@given(st.text(LETTERS, min_size=1, max_size=40), LETTERS)
def test_a_further_character_never_takes_all_strength_and_words_never_raise(text: str, more: str) -> None:
    assert strength(text) >= 0
    assert strength(text + more, text) >= 0


@given(st.text(LETTERS, max_size=SHORT - 1), st.text(max_size=20))
def test_what_is_short_is_always_weak(passphrase: str, name: str) -> None:
    assert weakness(passphrase, name) is not None


@given(st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=3), st.integers(LONG, 60))
def test_a_few_characters_again_and_again_are_always_weak(piece: str, times: int) -> None:
    assert weakness(piece * times) is not None


def test_a_letter_composed_or_not_is_the_same() -> None:
    assert prepared("o\u0308") == prepared("ö")


@pytest.mark.parametrize(
    ("header", "label"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML) Chrome/142.0 Safari/537.36 Edg/142.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML) Version/18.0 Safari/605.1.15",
            "Safari on macOS",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML) CriOS/142.0 Safari/604.1",
            "Chrome on iPhone",
        ),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML) Chrome/142.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8.5", UNKNOWN),
        ("Something (Linux)", "Unknown browser on Linux"),
        ("", UNKNOWN),
        ("<script>alert(1)</script>", UNKNOWN),
    ],
)
def test_a_browser_goes_by_words_of_ours(header: str, label: str) -> None:
    assert browser(header) == label


@pytest.mark.parametrize(
    ("one", "other"), [("Straße", "STRASSE"), ("Eva  Muster", " eva muster "), ("Ｅｖａ", "Eva"), ("o\u0308", "Ö")]
)
def test_names_that_people_take_for_the_same_are(one: str, other: str) -> None:
    assert known_as(one) == known_as(other)


def test_other_names_are_others() -> None:
    assert len({known_as(name) for name in ("Eva", "Ewa", "Eva M.", "Ev a")}) == 4


def test_the_sessions_unused_for_longest_make_room() -> None:
    sessions = [Session(str(n), "eva", "", NOW, NOW + timedelta(minutes=n), NOW + timedelta(days=1)) for n in range(MOST + 2)]

    assert {session.id for session in surplus(sessions)} == {"0", "1", "2"}
    assert surplus(sessions[: MOST - 1]) == ()
