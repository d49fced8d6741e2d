"""Everything that can be set, gathered from the parts that it belongs to, and where what travels with the relay lies."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, SecretStr, ValidationInfo, field_validator

import relay
from relay.channels.mqtt.settings import MqttSettings
from relay.channels.web.stream import StreamSettings
from relay.core.run import RUN_FOR
from relay.observe import LogSettings
from relay.outbound.settings import OutboundSettings
from relay.pipeline.forks import WorkerSettings
from relay.pipeline.scoring import CompositeName, CompositeSettings, HeadroomSettings, RaidSettings, TrustSettings
from relay.settings import beside
from relay.web.settings import HttpSettings


class StoreSettings(BaseModel, extra="forbid", frozen=True):
    """Where everything is kept."""

    folder: Path = Field(
        Path("data"),
        description="the folder of the database, or with `url` of what lies outside of it; made when it is not there",
    )
    url: SecretStr | None = Field(
        None,
        description="PostgreSQL instead of SQLite in the folder: postgresql://USER:PASSWORD@HOST:5432/DATABASE;"
        " better given as RELAY_STORE__URL_FILE, since it holds a password",
    )
    reserve_mib: int = Field(
        256,
        ge=0,
        description="MiB of the disk to keep free, or a tenth of a small one; below it nothing that adds data is taken",
    )
    copies_days: float = Field(
        7,
        ge=0,
        description="days until a copy of the database that the relay itself made is deleted; no erasure is confirmed before",
    )
    takeover_s: float = Field(
        RUN_FOR,
        ge=2,
        le=600,
        description="with `url`: seconds without a sign of life until other relays on the database take over what one left",
    )


class LadderSettings(BaseModel, extra="forbid", frozen=True):
    """Strikes: which measure follows, and for how long. Each ends by itself, or with an appeal that succeeds."""

    strike: float = Field(
        4.0,
        ge=0,
        le=1000,
        description="points of a rejection by a person, or by a rule that is certain; 0 gives no strikes and no measures",
    )
    half_life_days: float = Field(14, gt=0, le=3660, description="days in which a strike loses half of its points")
    warn: float = Field(3, gt=0, description="points from which a member is warned, which does nothing else")
    slow: float = Field(6, validate_default=True, description="points from which they write in slow mode")
    pre_moderation: float = Field(
        10, validate_default=True, description="points from which a person looks at each of their messages first"
    )
    mute: float = Field(15, validate_default=True, description="points from which they cannot write")
    ban: float = Field(
        25,
        validate_default=True,
        description="points from which a ban is proposed to staff, who alone impose it; muted till then",
    )
    warn_days: float = Field(14, gt=0, le=366, description="days that a warning stands")
    slow_days: float = Field(3, gt=0, le=366, description="days that slow mode lasts")
    pre_moderation_days: float = Field(7, gt=0, le=366, description="days that pre-moderation lasts")
    mute_days: float = Field(1, gt=0, le=366, description="days that a mute lasts")
    ban_days: float = Field(30, gt=0, le=366, description="days that a proposed ban would last")
    slow_every_s: float = Field(60, gt=0, le=86_400, description="seconds between two messages of somebody in slow mode")

    @field_validator("slow", "pre_moderation", "mute", "ban")
    @classmethod
    def _not_below_the_milder(cls, points: float, info: ValidationInfo) -> float:
        order = ("warn", "slow", "pre_moderation", "mute", "ban")
        milder = order[order.index(info.field_name or "") - 1]
        if milder in info.data and not info.data[milder] <= points:  # also catches what is no number
            raise ValueError(f"should not be below {milder}")
        return points


class ModerationSettings(BaseModel, extra="forbid", frozen=True):
    """From which score on a message is shown with a mark, kept for staff's decision, or rejected."""

    flag: float = Field(2.5, description="score from which staff see a mark")
    hold: float = Field(5.0, validate_default=True, description="score from which a person decides first")
    reject: float = Field(
        8.0, validate_default=True, description="score from which it is rejected, given two kinds of evidence or a hard signal"
    )
    weights: dict[str, float] = Field(default_factory=dict, description="weights by signal name, instead of the plugin's own")
    ladder: LadderSettings = Field(default_factory=LadderSettings, description="strikes, and the measures that follow")
    allow_shadow: bool = Field(
        default=False,
        description="whether staff may have a member's messages taken as usual and kept out of the inbox for a time, without"
        " telling them; their export says so",
    )
    most_statistical: float = Field(
        6.0,
        ge=0,
        allow_inf_nan=False,
        description="what all statistical signals of a message add to its score at most: they hold it, and to reject it takes"
        " two points of another kind of evidence, which a word list is not",
    )
    composites: dict[CompositeName, CompositeSettings] = Field(
        default_factory=dict, description="signals that mean something else together, a table for each; none is shipped"
    )
    trust: TrustSettings = Field(default_factory=TrustSettings, description="how members earn a lighter look")
    headroom: HeadroomSettings = Field(default_factory=HeadroomSettings, description="how members earn a faster pace")
    raid: RaidSettings = Field(default_factory=RaidSettings, description="when more of what strangers write is held")
    folder: Path | None = Field(
        None,
        description="a folder of your own plugins, beside the shipped ones; a relative one counts from this file's folder",
    )
    workers: WorkerSettings = Field(
        default_factory=WorkerSettings, description="the processes in which plugins run that are not shipped"
    )
    http: OutboundSettings = Field(
        default_factory=OutboundSettings, description="which services plugins may ask beside those of the open net"
    )
    longest_hold_s: float = Field(
        2.0,
        ge=1,
        le=60,
        description="seconds that a plugin in the relay's own process may hold it up, and at least ten of its deadlines;"
        " after that the relay ends, and when it is started again that plugin runs in a worker",
    )

    @field_validator("hold", "reject")
    @classmethod
    def _not_below_the_milder(cls, limit: float, info: ValidationInfo) -> float:
        milder = "flag" if info.field_name == "hold" else "hold"
        if milder in info.data and not info.data[milder] <= limit:  # also catches what is no number
            raise ValueError(f"should not be below {milder}")
        return limit

    @field_validator("folder")
    @classmethod
    def _is_there(cls, folder: Path | None, info: ValidationInfo) -> Path | None:
        found = folder and beside(folder, info)
        if found and not found.is_dir():
            raise ValueError("there is no such folder; a relative one counts from the folder of the settings file")
        return found


def _switched_on() -> dict[str, dict[str, Any]]:
    return {"words": {}, "flood": {}, "repeat": {}, "links": {}, "scripts": {}, "capitals": {}}


class Settings(BaseModel, extra="forbid", frozen=True):
    """Everything that can be set."""

    http: HttpSettings = Field(default_factory=HttpSettings, description="the web server")
    stream: StreamSettings = Field(default_factory=StreamSettings, description="the members' WebSocket")
    mqtt: MqttSettings = Field(default_factory=MqttSettings, description="the broker")
    store: StoreSettings = Field(default_factory=StoreSettings, description="the database")
    log: LogSettings = Field(default_factory=LogSettings, description="the log")
    moderation: ModerationSettings = Field(default_factory=ModerationSettings, description="from signals to a decision")
    plugins: dict[str, dict[str, Any]] = Field(
        default_factory=_switched_on,
        description="a table for each plugin that is switched on, with its options; `trusted_inline = true` among them runs one"
        " that is not shipped inside of the relay",
    )


def shipped(name: str) -> Path:
    """A folder that travels with the relay (plugins, config): inside the wheel, or beside the package in a checkout."""
    package = Path(relay.__file__).parent
    inside = package / "shipped" / name
    return inside if inside.is_dir() else package.parent / name
