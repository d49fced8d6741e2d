"""Attachments: files of a kind that is not asked for, files that are too large, files that are known.

A file is judged by what was found in its bytes, never by its name; a name that promises something else is told. `refuse` holds
SHA-256 digests of files that must not come in: such a message is rejected. Files are never opened here.
"""

import re
from collections.abc import AsyncIterator
from mimetypes import MimeTypes

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from relay.plugin import Attachment, Context, Incoming, Plugin, Signal

MIB = 1024 * 1024
PEOPLE_SEND = tuple(
    "image/jpeg image/png image/gif image/webp image/heic audio/* video/* text/plain application/pdf".split()
)  # no image/svg+xml: it can hold scripts
_PROGRAM = re.compile(
    r"\.(?:apk|app|bat|cmd|com|cpl|dll|dmg|exe|hta|iso|jar|js|jse|lnk|msi|ps1|reg|scr|sh|vbe|vbs|wsf)[\s.]*$", re.IGNORECASE
)
_TURNED = re.compile("[\u202a-\u202e\u2066-\u2069]")  # makes gnp.exe read exe.png
_BY_NAME = MimeTypes(filenames=())  # the library's own table, on every machine the same

_SHAPES = {
    "allow": (re.compile(r"[\w.+-]+/([\w.+-]+|\*)"), "a media type such as image/png or image/*"),
    "refuse": (re.compile(r"[0-9a-f]{64}"), "a SHA-256 in 64 hex characters"),
}


class Options(BaseModel):
    """Which files are taken."""

    model_config = ConfigDict(extra="forbid")

    allow: tuple[str, ...] = Field(
        PEOPLE_SEND,
        description="media types that are fine, as found in the bytes; `image/*` stands for all images",
    )
    largest_mib: float = Field(10, gt=0, le=1024, description="MiB of one file that are still fine")
    most: int = Field(5, ge=0, le=100, description="files of one message that are still fine")
    refuse: tuple[str, ...] = Field((), description="SHA-256, in hex, of files that are rejected")

    @field_validator("allow", "refuse")
    @classmethod
    def _are_sound(cls, entries: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        sound, said = _SHAPES[info.field_name or ""]
        for entry in entries:
            if not sound.fullmatch(entry.lower()):
                raise ValueError(f"{entry!r} should be {said}")
        return tuple(map(str.lower, entries))


class Attachments(Plugin[Options]):
    """Looks at what the relay found out about each file."""

    name, version, api = "attachments", "1.0", 1
    signals = {
        "attachments.known": 8.0, "attachments.type": 5.0, "attachments.name": 5.0,
        "attachments.size": 2.5, "attachments.many": 2.5,
    }  # fmt: skip
    told = {
        "attachments.known": {"en": "a file with it is not allowed here", "de": "eine Datei dabei ist hier nicht erlaubt"},
        "attachments.type": {
            "en": "a file with it is of a kind not taken",
            "de": "die Art einer Datei dabei ist nicht erlaubt",
        },
        "attachments.name": {"en": "the name of a file hides what it is", "de": "der Name einer Datei verbirgt, was sie ist"},
        "attachments.size": {"en": "a file with it is too large", "de": "eine Datei dabei ist zu groß"},
        "attachments.many": {"en": "too many files come with it", "de": "es sind zu viele Dateien dabei"},
    }
    examples = [("Anbei das Foto der Rechnung.", set())]

    def __init__(self, options: Options) -> None:
        """Make sets of the lists."""
        super().__init__(options)
        self.allow, self.refuse = frozenset(options.allow), frozenset(options.refuse)

    def wants(self, incoming: Incoming) -> bool:
        """Most messages bring no file."""
        return bool(incoming.attachments)

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        """Give each kind of fault once; the reason names the type, never the file."""
        files, options = incoming.attachments, self.options
        if any(file.digest.lower() in self.refuse for file in files):
            yield Signal("attachments.known", reason="a file on the list of those that are refused", hard=True)
        if odd := next((file for file in files if not self._is_allowed(file.media_type.lower())), None):
            yield Signal("attachments.type", reason=f"a file of the type {_plain(odd.media_type)}")
        if any(map(_is_misnamed, files)):
            yield Signal("attachments.name", reason="a file whose name says something else than its bytes")
        if (largest := max(file.size for file in files)) > options.largest_mib * MIB:
            yield Signal(
                "attachments.size", reason=f"a file of {largest / MIB:.1f} MiB, {options.largest_mib:g} are still fine"
            )
        if len(files) > options.most:
            yield Signal("attachments.many", reason=f"{len(files)} files, {options.most} are still fine")

    def _is_allowed(self, media_type: str) -> bool:
        return media_type in self.allow or f"{media_type.partition('/')[0]}/*" in self.allow


def _is_misnamed(file: Attachment) -> bool:
    if _PROGRAM.search(file.name) or _TURNED.search(file.name):
        return True
    said, _ = _BY_NAME.guess_type(file.name)
    return said is not None and said.partition("/")[0] != file.media_type.lower().partition("/")[0]


def _plain(media_type: str) -> str:
    return media_type if re.fullmatch(r"[\w.+-]{1,60}/[\w.+-]{1,60}", media_type) else "unknown"
