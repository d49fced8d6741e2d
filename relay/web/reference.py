"""The readable pages about the surface: plain HTML and one style sheet, no scripts, nothing from elsewhere."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any, Final

from relay.core.errors import (
    Conflict,
    Denied,
    Invalid,
    Muted,
    RelayError,
    SignedOut,
    TooLarge,
    TooMany,
    Unavailable,
    Unknown,
)
from relay.core.outgoing import Doubtful
from relay.core.problem import TYPE, problem
from relay.web.problem import described

Json = Mapping[str, Any]

_ADVICE: Final[tuple[tuple[RelayError, str], ...]] = (
    (
        Invalid(),
        "Something in the request is wrong; `errors` names each place. Nothing was changed. Mend it before you send it again.",
    ),
    (TooLarge(), "The request is larger than the relay takes. Nothing was changed."),
    (SignedOut(), "The token is missing, wrong, expired or revoked. Send it in the Authorization header as a bearer token."),
    (Denied(), "You are signed in, but your role or your key's scopes do not allow this, or a page of another site is asking."),
    (
        Muted(until=datetime(2026, 11, 22, 20, 15, tzinfo=UTC)),
        "A measure holds: nothing this member writes is taken before `until`. STOP, their data, erasure and appeals pass.",
    ),
    (Unknown(), "It is not there, or it is not yours. The relay never tells the two apart."),
    (Conflict(), "Somebody else was faster, or the present state does not allow it. Read it again, decide again."),
    (
        Doubtful(),
        "It holds another member's words or number, or an insult; `errors` names each. Send it with a reason in `despite`.",
    ),
    (TooMany(retry_after=1), "Slow down. Retry-After says how many seconds to wait. Nothing was changed."),
    (
        Unavailable(),
        "The relay cannot do it now, such as with a full disk. Retry-After says when to try again. Nothing was changed.",
    ),
)
_INTERNAL: Final = "A fault of the relay. The answer names a request id; the log of that id tells more."


def reference_page(document: Json) -> str:
    """All calls by group, with what goes in and out."""
    groups: dict[str, list[str]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            groups[operation["tags"][0]].append(_call(method.upper(), path, operation, document))
    links = "".join(f'<li><a href="#{name}">{escape(name)}</a></li>' for name in groups)
    body = "".join(f'<section id="{name}"><h2>{escape(name)}</h2>{"".join(calls)}</section>' for name, calls in groups.items())
    intro = (
        '<p>JSON in UTF-8, times in UTC, opaque ids. Errors are <a href="/docs/errors">problems</a>. Send your token as '
        "<code>Authorization: Bearer …</code>, never in an address. What goes over WebSockets and MQTT has "
        '<a href="/docs/mqtt">a page of its own</a>. For machines: <a href="/openapi.json">OpenAPI 3.1</a>.</p>'
    )
    return page("Reference", f'{intro}<nav aria-label="Groups"><ul>{links}</ul></nav>{body}')


def errors_page() -> str:
    """What each problem means and what to do."""
    body = "".join(
        f'<section id="{slug}"><h2>{escape(title)} <small>{status}</small></h2><p>{prose(advice)}</p></section>'
        for slug, status, title, advice in problems()
    )
    intro = (
        "<p>Every error is an <code>application/problem+json</code> body; its <code>type</code> leads to its place here.</p>"
    )
    return page("Problems", intro + body)


def problems() -> Iterator[tuple[str, int, str, str]]:
    """(slug, status, title, what it means and what to do) of every problem."""
    yield from ((*_told(error), advice) for error, advice in _ADVICE)
    yield from ((slug, status, title, detail) for slug, (title, status, detail) in described().items())
    yield "internal", 500, "Internal error", _INTERNAL


def home_page() -> str:
    """What somebody sees who opens the address in a browser."""
    body = (
        "<p>This is a relay: a company posts to everyone who opted in, and each reply becomes a private conversation "
        "with its staff. No member ever sees another.</p>"
        '<p><a href="/console">Sign in as staff</a></p>'
        '<ul><li><a href="/docs">Reference of all calls</a></li><li><a href="/docs/errors">What each problem means</a></li>'
        '<li><a href="/docs/mqtt">The frames of the streams, and MQTT</a></li>'
        '<li><a href="/openapi.json">OpenAPI 3.1</a>, <a href="/asyncapi.json">AsyncAPI 3</a></li></ul>'
    )
    return page("Four Eyes", body)


def _told(error: RelayError) -> tuple[str, int, str]:
    told = problem(error)
    return told["type"].removeprefix(TYPE), told["status"], told["title"]


def _call(method: str, path: str, operation: Json, document: Json) -> str:
    parts = [f"<p>{prose(operation['description'])}</p>"]
    if named := operation["parameters"]:
        parts.append(table("Parameters", ((one["name"], _kind(one["schema"]), one["in"]) for one in named)))
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        parts.append(table("Body", fields(schema, document)))
    for status, response in operation["responses"].items():
        schema = response.get("content", {}).get("application/json", {}).get("schema")
        if schema:
            parts.append(table(f"Answer {status}", fields(schema, document)))
    said = f'<span class="quiet">{escape(operation["summary"])}</span>'
    head = f'<span class="method">{method}</span> <code>{_breakable(path)}</code> {said}'
    return f'<details id="{operation["operationId"]}"><summary>{head}</summary>{"".join(parts)}</details>'


def table(title: str, rows: Iterator[tuple[str, str, str]]) -> str:
    lines = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(kind)}</td><td>{escape(note)}</td></tr>"
        for name, kind, note in rows
    )
    if not lines:
        return ""
    head = "".join(f'<th scope="col">{name}</th>' for name in ("name", "kind", "note"))
    filled = f"<thead><tr>{head}</tr></thead><tbody>{lines}</tbody>"
    return f'<div class="scroll"><table><caption>{escape(title)}</caption>{filled}</table></div>'


def fields(schema: Json, document: Json) -> Iterator[tuple[str, str, str]]:
    named = _resolved(schema, document)
    needed = named.get("required", ())
    for name, field in named.get("properties", {}).items():
        yield name, _kind(field), "required" if name in needed else ""
        inner = _resolved(field.get("items", {}), document) if name == "items" else {}
        for under, deeper in inner.get("properties", {}).items():
            yield f"items[].{under}", _kind(deeper), ""


def _resolved(schema: Json, document: Json) -> Json:
    reference = schema.get("$ref")
    return document["components"]["schemas"][reference.rpartition("/")[2]] if reference else schema


def _kind(schema: Json) -> str:
    """A word or two for what may stand there."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(option) for option in schema["anyOf"]))
    if "enum" in schema:
        return " or ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    word = str(schema.get("format") or schema.get("type") or "any")
    limits = [f"{name} {schema[key]}" for key, name in _LIMITS.items() if key in schema]
    return ", ".join([word, *limits])


_LIMITS: Final = {"minimum": "at least", "maximum": "at most", "minLength": "at least", "maxLength": "at most"}


def prose(text: str) -> str:
    """Text with `code` in it."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))


def _breakable(path: str) -> str:
    return escape(path).replace("/", "/<wbr>")


def page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f'<title>{escape(title)}</title><link rel="stylesheet" href="/docs/style.css"></head>'
        f'<body><header><a href="/">Four Eyes</a></header><main><h1>{escape(title)}</h1>{body}</main></body></html>'
    )


def style_sheet() -> str:
    """One language for all plain pages: roles of colour, a 4 px grid, the system's own letters."""
    return _STYLE


_STYLE: Final = """:root {
  color-scheme: light dark;
  --surface: light-dark(oklch(0.99 0.003 195), oklch(0.2 0.01 195));
  --surface-raised: light-dark(oklch(0.96 0.005 195), oklch(0.25 0.012 195));
  --line: light-dark(oklch(0.85 0.01 195), oklch(0.38 0.015 195));
  --text: light-dark(oklch(0.25 0.01 195), oklch(0.93 0.005 195));
  --text-quiet: light-dark(oklch(0.45 0.01 195), oklch(0.75 0.008 195));
  --accent: light-dark(oklch(0.45 0.09 195), oklch(0.75 0.09 195));
  --focus: light-dark(oklch(0.52 0.15 195), oklch(0.8 0.12 195));
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--surface); color: var(--text); font: 400 1rem/1.5 system-ui, sans-serif; }
header, main { max-width: 60rem; margin: 0 auto; padding: 16px; }
header a { color: var(--text); font-weight: 600; text-decoration: none; }
h1 { font-size: 1.75rem; line-height: 1.3; margin: 0 0 16px; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 32px 0 8px; }
p { max-width: 68ch; margin: 8px 0; }
a { color: var(--accent); }
nav ul { display: flex; flex-wrap: wrap; gap: 4px 16px; padding: 0; list-style: none; }
nav a { display: inline-block; padding: 8px 0; }
code { font-family: ui-monospace, monospace; font-size: 0.875rem; overflow-wrap: anywhere; }
small, .quiet { color: var(--text-quiet); font-size: 0.875rem; font-weight: 400; }
details { border: 1px solid var(--line); border-radius: 6px; margin: 8px 0; padding: 0 12px; }
details[open] { background: var(--surface-raised); padding-bottom: 12px; }
summary { cursor: pointer; min-height: 44px; padding: 10px 0; }
.method { display: inline-block; min-width: 4rem; font-weight: 600; font-size: 0.875rem; color: var(--accent); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: 12px 0; font-size: 0.875rem; line-height: 1.3; }
caption { text-align: start; font-weight: 600; padding: 4px 0; }
th, td { text-align: start; vertical-align: top; padding: 4px 12px 4px 0; border-top: 1px solid var(--line); }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
"""
