"""A secret that waits for the broker is read under its key and for its credential, and else by nobody."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.device import Device, hashed, sealed, unsealed
from relay.core.staff import TokenKind

SECRET, KEY = "of-the-phone-0123456789", "of-the-administrator"
SALT = b"twelve bytes"


def phone(secret: str = SECRET, key: str = KEY) -> Device:
    made = Device("id", TokenKind.MEMBER, "ada", "phone", hashed(secret, SALT), datetime(2026, 11, 21, tzinfo=UTC))
    return replace(made, sealed=sealed(secret, key, made.id))


@given(st.text(min_size=1).filter(lambda text: text.isascii()), st.text(min_size=1).filter(lambda text: text.isascii()))
def test_what_is_sealed_is_read_with_the_key(secret: str, key: str) -> None:
    assert unsealed(phone(secret, key), key) == secret


def test_it_is_another_text_for_each_credential_and_never_the_secret() -> None:
    texts = {sealed(SECRET, KEY, number) for number in "12"}

    assert len(texts) == 2
    assert SECRET not in repr(phone()) + "".join(texts)


@pytest.mark.parametrize(
    ("device", "key"),
    [
        (phone(), "another"),
        (replace(phone(), id="another"), KEY),
        (replace(phone(), secret=hashed("another", SALT)), KEY),
        (replace(phone(), sealed=""), KEY),
        (replace(phone(), sealed="AAAA"), KEY),
        (replace(phone(), sealed="no base64"), KEY),
    ],
)
def test_whoever_has_not_both_reads_nothing(device: Device, key: str) -> None:
    assert unsealed(device, key) is None
