"""Weights: what is written is read, and a file that is not whole is refused by name."""

import hashlib

import pytest

from relay.core.additive import Additive, Shape
from relay.core.weights import Weights, WeightsError, packed

SHAPE = Shape(shortest=2, longest=2, bits=4)


def model(bias: float) -> Additive:
    return Additive(SHAPE, bytes(16), unit=0.5, bias=bias, slope=1.0)


MODELS = {"de": model(2.0), "en": model(-2.0), "language": model(1.0)}
FILE = packed({"made_by": "a test", "data": []}, MODELS)


def test_what_is_written_is_read() -> None:
    weights = Weights.read(FILE, "x.weights")

    assert weights.about["made_by"] == "a test"
    assert weights.models["de"].bias == 2.0
    assert weights.models["de"].shape == SHAPE
    assert packed({"made_by": "a test", "data": []}, weights.models) == FILE


def test_the_language_decides_which_model_judges() -> None:
    weights = Weights.read(FILE, "x.weights")

    told, found = weights.judge("hello", "en"), weights.judge("hallo")

    assert told is not None
    assert found is not None
    assert (told.language, found.language) == ("en", "de")
    assert told.certainty < 0.5 < found.certainty
    assert weights.judge("hallo", among=("en",)) is None
    assert weights.judge("  \n ") is None


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no file of weights"),
        (b"hello\nworld\n", "no file of weights"),
        (FILE[:-1], "damaged"),
        (FILE[:-9] + b"\0" + FILE[-8:], "damaged"),
        (FILE.replace(b"a test", b"a tent"), "damaged"),
    ],
)
def test_a_file_that_is_not_whole_is_refused_by_name(data: bytes, why: str) -> None:
    with pytest.raises(WeightsError, match=rf"^x\.weights .*{why}"):
        Weights.read(data, "x.weights")


@pytest.mark.parametrize("rest", [b"", b"[]\n", b"{}\n", b'{"models": [{}]}\n', b'{"models": []}\nxx'])
def test_a_file_that_says_nothing_of_use_is_refused(rest: bytes) -> None:
    signed = b"relay weights 1 " + hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest

    with pytest.raises(WeightsError, match=r"^x\.weights cannot be read"):
        Weights.read(signed, "x.weights")


def test_a_model_that_is_missing_is_named() -> None:
    with pytest.raises(WeightsError, match="no model language"):
        Weights.read(packed({}, {"de": MODELS["de"], "en": MODELS["en"]}), "x.weights")


def test_tables_that_are_cut_are_refused() -> None:
    short = Additive(Shape(2, 2, 2), bytes(4), unit=1, bias=0, slope=1)
    short.shape = SHAPE

    with pytest.raises(WeightsError, match="has 4 places and should have 16"):
        Weights.read(packed({}, {"de": model(0), "en": model(0), "language": short}), "x.weights")
