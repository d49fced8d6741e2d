"""Where the broker is, and as whom the relay speaks to it; without an address nothing of this channel runs."""

import re
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, ValidationInfo, field_validator, model_validator

from relay.settings import beside

PORTS = {"mqtt": 1883, "mqtts": 8883}
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}")


class MqttSettings(BaseModel, extra="forbid", frozen=True):
    """The broker that members and company systems reach the relay through."""

    url: str | None = Field(
        None,
        description="the broker: mqtt://HOST:1883, or mqtts://HOST:8883 with TLS; without it the relay speaks no MQTT",
    )
    user: str = Field("relay-stream", min_length=1, max_length=100, description="user name and client id of the relay there")
    password: SecretStr = Field(
        SecretStr(""), description="its password; best given as RELAY_MQTT__PASSWORD_FILE. Empty: the broker asks for none"
    )
    admin_password: SecretStr = Field(
        SecretStr(""), description="password of relay-admin, who manages the members' credentials at the broker"
    )
    bootstrap_password: SecretStr = Field(
        SecretStr(""), description="password of the broker's first administrator, who is removed when the relay has its own"
    )
    dynsec_file: Path | None = Field(
        None,
        description="the file of mosquitto's dynamic security, to be written by the relay after a loss; a relative one counts"
        " from this file's folder",
    )
    ca_file: Path | None = Field(
        None, validate_default=True, description="with mqtts: certificates to trust instead of the system's"
    )
    cert_file: Path | None = Field(None, description="with mqtts: the relay's own certificate, where the broker asks for one")
    key_file: Path | None = Field(None, description="with mqtts: its key")

    @field_validator("url")
    @classmethod
    def _is_a_broker(cls, url: str | None) -> str | None:
        """The message repeats nothing of it: a password may stand in it by mistake."""
        if url is None:
            return None
        parts = urlsplit(url)
        if "@" in url or parts.scheme not in PORTS or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("should be mqtt://HOST:PORT or mqtts://HOST:PORT; user and password have keys of their own")
        try:
            port = parts.port
        except ValueError:
            port = 0
        if port == 0 or not _HOST.fullmatch(parts.hostname or ""):
            raise ValueError("should be mqtt://HOST:PORT or mqtts://HOST:PORT")
        return url

    @field_validator("ca_file", "cert_file", "key_file")
    @classmethod
    def _is_there(cls, file: Path | None, info: ValidationInfo) -> Path | None:
        found = file and beside(file, info)
        if found and not found.is_file():
            raise ValueError("there is no such file; a relative one counts from the folder of the settings file")
        return found

    @field_validator("dynsec_file")
    @classmethod
    def _is_beside(cls, file: Path | None, info: ValidationInfo) -> Path | None:
        return file and beside(file, info)

    @model_validator(mode="after")
    def _only_with_tls(self) -> "MqttSettings":
        if not self.is_tls and (self.ca_file or self.cert_file or self.key_file):
            raise ValueError("ca_file, cert_file and key_file belong to mqtts://")
        if self.key_file and not self.cert_file:
            raise ValueError("key_file needs cert_file")
        return self

    @property
    def is_tls(self) -> bool:
        return self.url is not None and self.url.startswith("mqtts:")

    @property
    def host(self) -> str:
        return urlsplit(self.url or "").hostname or ""

    @property
    def port(self) -> int:
        parts = urlsplit(self.url or "")
        return parts.port or PORTS[parts.scheme or "mqtt"]

    def tls(self) -> ssl.SSLContext | None:
        """None without TLS. Raises OSError when a file cannot be used."""
        if not self.is_tls:
            return None
        context = ssl.create_default_context(cafile=self.ca_file)
        if self.cert_file:
            context.load_cert_chain(self.cert_file, self.key_file)
        return context
