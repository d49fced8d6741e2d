"""Static files of the pages: read once at start, found by name in what was read, with a policy that fits the shell.

What lies in memory is all there is: a path that climbs, a link, a file of a later moment is simply not among the names.
"""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PAGES: Final = Path(__file__).parent / "pages"
AREAS: Final = ("look", "console", "member", "vendor")
MEDIA: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
}
"""What is served, and as what; a file of any other kind is not."""

POLICY: Final = (
    "default-src 'none'; script-src 'self'{scripts}; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SHELL: Final = "console/index.html"
_IMPORT_MAP: Final = re.compile(r'<script type="importmap">(.*?)</script>', re.DOTALL)
_MODULES: Final = "<!-- modules -->"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file; `tag` changes with its bytes."""

    body: bytes
    media: str
    tag: str


@dataclass(frozen=True, slots=True)
class Shell:
    """The console's page; `policy` allows its import map by digest, and no other script that stands in the page."""

    body: bytes
    policy: str


@dataclass(frozen=True, slots=True)
class Assets:
    """Everything by area/file; `shell` is None in a checkout where `make pages` has not run."""

    files: Mapping[str, Asset]
    shell: Shell | None


def load(folder: Path = PAGES) -> Assets:
    """Reads every file that is served."""
    files = {path.relative_to(folder).as_posix(): _asset(path) for path in _found(folder)}
    has_modules = any(name.startswith("vendor/") for name in files)
    return Assets(files, _shell((folder / SHELL).read_text("utf-8"), files) if has_modules else None)


def _found(folder: Path) -> Iterator[Path]:
    for area in AREAS:
        yield from (path for path in sorted((folder / area).rglob("*")) if path.suffix in MEDIA and path.is_file())


def _asset(path: Path) -> Asset:
    body = path.read_bytes()
    return Asset(body, MEDIA[path.suffix], f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def _shell(text: str, files: Mapping[str, Asset]) -> Shell:
    """With every module named up front, so that the browser asks for all of them at once."""
    scripts = (name for name in files if name.startswith(("console/", "look/", "vendor/")) and name.endswith(".js"))
    links = "\n".join(f'<link rel="modulepreload" href="/assets/{name}">' for name in scripts)
    return Shell(text.replace(_MODULES, links).encode(), POLICY.format(scripts=_digests(text)))


def _digests(text: str) -> str:
    digests = (hashlib.sha256(script.encode()).digest() for script in _IMPORT_MAP.findall(text))
    return "".join(f" 'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
