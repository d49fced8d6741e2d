"""Signatures after Standard Webhooks, and pseudonyms."""

from datetime import UTC, datetime

import pytest

from relay.core.webhook import Signer

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
AT = datetime.fromtimestamp(1614265330, UTC)


def test_the_signature_is_that_of_the_standards_own_example() -> None:
    signature = Signer(SECRET).signature("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')

    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_headers_are_signed() -> None:
    signer = Signer(SECRET)

    headers = signer.headers("seed", AT, b"{}")

    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-signature"] == signer.signature(headers["webhook-id"], "1614265330", b"{}")


def test_the_same_question_has_the_same_id_and_another_has_another() -> None:
    signer = Signer(SECRET)
    ids = [
        signer.headers(seed, AT, body)["webhook-id"] for seed, body in (("a", b"{}"), ("a", b"{}"), ("b", b"{}"), ("a", b"[]"))
    ]

    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


def test_a_pseudonym_differs_by_member_and_by_secret() -> None:
    other = Signer("whsec_" + "A" * 32)

    names = {Signer(SECRET).pseudonym("ada"), Signer(SECRET).pseudonym("eve"), other.pseudonym("ada")}

    assert len(names) == 3
    assert Signer(SECRET).pseudonym("ada") in names


@pytest.mark.parametrize("secret", ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_!" + "A" * 32])
def test_what_is_no_secret_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="24 to 64 random bytes"):
        Signer(secret)
