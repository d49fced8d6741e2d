"""Weights: the models that a statistical plugin ships, in one file that says what they were learned from.

The first line names the format and the SHA-256 of all behind it; the second is a JSON object with the data, their licences, the
command, the figures and each model's shape; then come the tables, packed. A file that was changed or cut is refused.
"""

import hashlib
import json
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from relay.core.additive import Additive, Shape, words_of

LANGUAGES = ("de", "en")
TONGUE = "language"  # the model that tells German (above 0) from English
FOR_LANGUAGE = 12  # words by which a language is told
_SIGN = b"relay weights 1 "
_LARGEST = 1 << 24  # bytes of tables


class WeightsError(ValueError):
    """A file of weights that cannot be used; the message says what is wrong with it and what to do."""


class Judged(NamedTuple):
    """In which language a text was read, and how certain the model is, 0 to 1; 0.5 is the balanced point."""

    language: str
    certainty: float


@dataclass(frozen=True, slots=True)
class Weights:
    """The models by name, and all that the file says of them."""

    about: Mapping[str, Any]
    models: Mapping[str, Additive]

    @classmethod
    def read(cls, data: bytes, name: str) -> "Weights":
        """Raise WeightsError, with the file's `name`, when it is no such file, or not whole."""
        sign, _, rest = data.partition(b"\n")
        if not sign.startswith(_SIGN):
            raise WeightsError(f"{name} is no file of weights that this relay can read: take the shipped one, or make it again")
        if hashlib.sha256(rest).hexdigest().encode() != sign.removeprefix(_SIGN):
            raise WeightsError(f"{name} is damaged, its checksum is another: take the shipped one again, or make it again")
        head, _, packed = rest.partition(b"\n")
        try:
            about = json.loads(head)
            return cls(about, _models(about["models"], zlib.decompressobj().decompress(packed, _LARGEST)))
        except (ValueError, KeyError, TypeError, zlib.error) as error:
            raise WeightsError(f"{name} cannot be read ({error}): take the shipped one, or make it again") from error

    def language_of(self, words: Sequence[str]) -> str:
        return "de" if self.models[TONGUE].margin(words[:FOR_LANGUAGE]) > 0 else "en"

    def judge(self, folded: str, language: str | None = None, among: Collection[str] = LANGUAGES) -> Judged | None:
        """None for a text without words, or in a language that is not `among`; `language` when it is known."""
        words = words_of(folded)
        if not words:
            return None
        found = language if language in LANGUAGES else self.language_of(words)
        return Judged(found, self.models[found].certainty(words)) if found in among else None


def _models(said: Sequence[Mapping[str, Any]], tables: bytes) -> dict[str, Additive]:
    models, at = {}, 0
    for one in said:
        shape = Shape(one["shortest"], one["longest"], one["bits"], one["pairs"])
        table = tables[at : at + (1 << shape.bits)]
        models[one["name"]] = Additive(shape, table, unit=one["unit"], bias=one["bias"], slope=one["slope"])
        at += 1 << shape.bits
    if missing := {TONGUE, *LANGUAGES} - set(models):
        raise ValueError(f"no model {min(missing)}")
    return models


def packed(about: Mapping[str, Any], models: Mapping[str, Additive]) -> bytes:
    """The file; `about` is everything that it says beside the models' shapes."""
    said = [
        {
            "name": name,
            "shortest": model.shape.shortest,
            "longest": model.shape.longest,
            "bits": model.shape.bits,
            "pairs": model.shape.pairs,
            "unit": model.unit,
            "bias": model.bias,
            "slope": model.slope,
        }
        for name, model in models.items()
    ]
    head = json.dumps({**about, "models": said}, ensure_ascii=False).encode()
    rest = head + b"\n" + zlib.compress(b"".join(model.table.tobytes() for model in models.values()), 9)
    return _SIGN + hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest
