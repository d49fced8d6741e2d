"""What pydantic finds wrong is said in plain words."""

from datetime import datetime
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from relay.web.bodies import ExportQuery
from relay.wording import in_words


class Send(BaseModel):
    type: Literal["send"]


class Ack(BaseModel):
    type: Literal["ack"]


FRAME = Annotated[Send | Ack, Field(discriminator="type")]
NO_TIME = "is no RFC 3339 time such as 2026-11-21T20:15:00Z"


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (FRAME, {}, "needs 'type'"),
        (FRAME, {"type": "nope"}, "is of no kind that is known here"),
        (FRAME, 5, "should be an object"),
        (Annotated[str, Field(min_length=1)], "\ud800", "holds a character that is none (half a surrogate pair)"),
        (datetime, "tomorrow", NO_TIME),
        (datetime, "9999-99-99T00:00:00Z", NO_TIME),
        (datetime, "0000-01-01T00:00:00Z", NO_TIME),
        (datetime, [], NO_TIME),
        (Literal["a", "b"], "c", "should be 'a' or 'b'"),
    ],
)
def test_a_fault_is_said_in_plain_words(kind: Any, value: object, said: str) -> None:  # noqa: ANN401  types are anything
    with pytest.raises(ValidationError) as caught:
        TypeAdapter[Any](kind).validate_python(value)

    (fault,) = caught.value.errors()
    assert in_words(fault, table="an object") == said


def test_the_kinds_of_an_export_are_named_as_a_caller_writes_them() -> None:
    with pytest.raises(ValidationError) as caught:
        ExportQuery.model_validate({"kind": "nope"})

    (fault,) = caught.value.errors()
    assert in_words(fault, table="an object").startswith("should be 'members', 'consent_texts', ")
