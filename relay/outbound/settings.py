"""What plugins may ask beside the open net."""

from pydantic import BaseModel, ConfigDict, Field, field_validator

from relay.core.origin import UrlError, read_origin


class OutboundSettings(BaseModel):
    """Which services plugins may ask beside those of the open net."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    private: tuple[str, ...] = Field(
        (),
        description="services in your own network that plugins may ask, such as `http://127.0.0.1:8000`; all others need a"
        " public address and https",
    )

    @field_validator("private")
    @classmethod
    def _are_origins(cls, private: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(str(read_origin(each)) for each in private)
        except UrlError as error:
            raise ValueError(str(error)) from None
