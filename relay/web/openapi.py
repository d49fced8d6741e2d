"""OpenAPI 3.1, made from the table of routes and the models that check and render."""

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import orjson
from pydantic import BaseModel, TypeAdapter

import relay
from relay.core.staff import Role
from relay.web.cookie import PLAIN, SECURE
from relay.web.events import NAMES
from relay.web.frames import streams_page
from relay.web.idempotency import HEADER, MAX_KEY
from relay.web.parts import Documents, Library
from relay.web.reference import errors_page, home_page, reference_page, style_sheet
from relay.web.route import PARAMETERS, Route, Who

Json = dict[str, Any]

_REF: Final = "#/components/schemas/{model}"
_INCLUDED: Final[Mapping[Role, str]] = MappingProxyType(
    {
        Role.OWNER: "owner",
        Role.MANAGER: "owner, manager",
        Role.AGENT: "owner, manager, agent",
        Role.MODERATOR: "owner, manager, moderator",
        Role.AUDITOR: "owner, auditor",
    }
)
_ENTRANCE: Final = (
    "For everybody, from the relay's own pages or no browser, over HTTPS or on the relay's own machine. "
    "The answer sets the session's cookie. What was wrong is counted for the address and the name."
)
_STREAMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "/v1/me/stream": """
            First frame, within 5 s: `{"type":"hello","token":"...","after":0}`. Then `welcome`, and an `item` for each seq
            behind `after`. Send `ack`, `read`, `send` and `press`.
            Close codes: 4401 sign in, 4403 revoked, 1009 too large, 1012 restart, 1013 too slow.""",
        "/v1/staff/stream": """
            First frame, within 5 s: `{"type":"hello","token":"...","after":"..."}`; the token may stand in the Authorization
            header instead, and who has a session's cookie needs none. The relay says
            `{"type":"welcome","staff":{...},"position":"..."}` and then
            `{"type":"event","position":"...","community":"...","event":"...",...}`. With `after`, the position of the last
            event you have, the stream goes on behind it; `{"type":"reset","position":"..."}` says that it cannot: read the
            lists again.
            Close codes: 4401 sign in, 4403 revoked, 1012 restart, 1013 too slow. Events: """
        + " ".join(f"`{name}`: {what}" for name, what in NAMES.items()),
    }
)


def library(routes: Sequence[Route], frames: Callable[[], Mapping[str, Any]]) -> Library:
    """Makes the documents once, beside the loop: it takes long enough for others to notice."""
    made: list[Documents] = []

    async def given() -> Documents:
        if not made:
            made.append(await asyncio.to_thread(documents, routes, frames()))
        return made[0]

    return given


def documents(routes: Sequence[Route], frames: Mapping[str, Any]) -> Documents:
    """Everything that the surface says about itself."""
    made = document(routes)
    return Documents(
        openapi=orjson.dumps(made, option=orjson.OPT_INDENT_2),
        asyncapi=orjson.dumps(frames, option=orjson.OPT_INDENT_2),
        streams=streams_page(frames).encode(),
        home=home_page().encode(),
        reference=reference_page(made).encode(),
        errors=errors_page().encode(),
        style=style_sheet().encode(),
    )


def document(routes: Sequence[Route]) -> Json:
    """The whole of it, as plain values."""
    schemas, defined = _schemas(routes)
    paths: Json = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Four Eyes",
            "version": relay.__version__,
            "summary": "A company posts to everyone who opted in; each reply becomes a private thread with staff.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name} for name in dict.fromkeys(route.noun for route in routes)],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "staff": {"type": "http", "scheme": "bearer", "description": "The token of a person of staff or of a key."},
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": SECURE,
                    "description": f"A person of staff, on the relay's own pages; `{PLAIN}` without HTTPS, on its machine.",
                },
                "member": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A member's token, good for their own things alone.",
                },
            },
            "schemas": {**defined, "Problem": PROBLEM},
            "responses": {"Problem": _problem_response("What went wrong (RFC 9457).")},
        },
    }


def _schemas(routes: Iterable[Route]) -> tuple[dict[tuple[Any, str], Json], Json]:
    """Schema by (type, "validation" or "serialization"), and the definitions that they point to."""
    wanted: dict[tuple[Any, str], TypeAdapter[Any]] = {}
    for route in routes:
        for model, mode in ((route.body, "validation"), (route.query, "validation"), (route.answer, "serialization")):
            if model is not None:
                wanted[model, mode] = TypeAdapter(model)
    inputs = [(model, mode, adapter) for (model, mode), adapter in wanted.items()]
    found, rest = TypeAdapter.json_schemas(inputs, ref_template=_REF)  # type: ignore[arg-type]
    return {(model, mode): schema for (model, mode), schema in found.items()}, rest.get("$defs", {})


def _operation(route: Route, schemas: Mapping[tuple[Any, str], Json]) -> Json:
    made: Json = {
        "operationId": operation_id(route),
        "tags": [route.noun],
        "summary": route.summary,
        "description": _description(route),
        "parameters": [*_path(route), *_query(route), *_headers(route)],
        "security": _security(route),
        "responses": _responses(route, schemas),
    }
    if route.body is not None:
        needed = route.body.model_json_schema().get("required", [])
        schema = schemas[route.body, "validation"]
        made["requestBody"] = {"required": bool(needed), "content": {"application/json": {"schema": schema}}}
    return made


def operation_id(route: Route) -> str:
    """Such as post_communities_slug_posts."""
    words = re.findall(r"[a-z]+", route.path.removeprefix("/v1").lower())
    return "_".join([route.method.lower(), *words])


def _description(route: Route) -> str:
    if route.who is Who.MEMBER:
        said = "For members."
    elif route.who is Who.PUBLIC:
        said = _ENTRANCE if route.is_entrance else "For everybody."
    elif route.is_own:
        said = "For every person of staff, about themselves. No key may call it."
    else:
        auditor = ", auditor" if route.is_reading and Role.OWNER not in route.roles and Role.AUDITOR not in route.roles else ""
        roles = ", ".join(dict.fromkeys(", ".join(_INCLUDED[role] for role in route.roles).split(", ")))
        key = f"Keys need the scope {route.scope}." if route.scope else "No key may call it."
        said = f"For {roles}{auditor}. {key}"
    stream = " ".join(_STREAMS.get(route.path, "").split())
    shown = f"{' and '.join(f'`{name}`' for name in route.secret)}: shown this once." if route.secret else ""
    return " ".join(part for part in (said, shown, stream) if part)


def _security(route: Route) -> list[Json]:
    if route.who is Who.PUBLIC:
        return []
    by_cookie: list[Json] = [{"session": []}] if route.who is Who.STAFF else []
    by_frame: list[Json] = [{}] if route.kind == "socket" else []
    return [{str(route.who): []}, *by_cookie, *by_frame]


def _path(route: Route) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": f"^{PARAMETERS[name]}$"}}
        for name in re.findall(r"{(\w+)}", route.path)
    ]


def _query(route: Route) -> list[Json]:
    if route.query is None:
        return []
    schema = route.query.model_json_schema()
    return [
        {"name": name, "in": "query", "required": False, "schema": _without_null(field)}
        for name, field in schema.get("properties", {}).items()
    ]


def _without_null(field: Json) -> Json:
    """A query knows absence, not null."""
    kept = {key: value for key, value in field.items() if key != "title" and not (key == "default" and value is None)}
    options = [option for option in kept.pop("anyOf", []) if option != {"type": "null"}]
    return {**kept, **options[0]} if len(options) == 1 else {**kept, **({"anyOf": options} if options else {})}


def _headers(route: Route) -> list[Json]:
    if not route.is_creating:
        return []
    schema = {"type": "string", "minLength": 1, "maxLength": MAX_KEY, "pattern": "^[ -~]+$"}
    return [
        {
            "name": HEADER,
            "in": "header",
            "required": False,
            "schema": schema,
            "description": "For 7 days the same body gets the same answer, another one 422; 409 while the first runs.",
        }
    ]


def _responses(route: Route, schemas: Mapping[tuple[Any, str], Json]) -> Json:
    found: Json = {}
    if route.kind == "socket":
        found["101"] = {"description": "The stream begins."}
    elif route.kind in {"page", "own"} or route.media != "application/json":
        found["200"] = {"description": route.summary, "content": {route.media: {"schema": {}}}}
    elif route.answer is None:
        found["204"] = {"description": "Done."}
    else:
        content = {"application/json": {"schema": schemas[route.answer, "serialization"]}}
        found[str(route.status)] = {"description": "Done." if route.status != 202 else "On stable storage.", "content": content}  # noqa: PLR2004
    for status in _problems(route):
        found[str(status)] = {"$ref": "#/components/responses/Problem"}
    return found


def _problems(route: Route) -> list[int]:
    statuses = {403, 429, 503} | ({401} if route.who is not Who.PUBLIC or route.is_entrance else set())
    has_code = route.who is Who.PUBLIC and route.body is not None
    if "{" in route.path or route.who is Who.MEMBER or has_code:
        statuses.add(404)
    if route.method in {"POST", "PATCH", "DELETE"}:
        statuses |= {409, 422}
    if route.body is not None:
        statuses |= {408, 413, 415}
    if route.kind == "socket":
        statuses |= {400, 426}
    return sorted(statuses | {422})


def _problem_response(description: str) -> Json:
    return {
        "description": description,
        "content": {"application/problem+json": {"schema": {"$ref": _REF.format(model="Problem")}}},
    }


def models(routes: Iterable[Route]) -> set[type[BaseModel]]:
    """Every model that checks what comes in."""
    return {model for route in routes for model in (route.body, route.query) if model is not None}


PROBLEM: Final[Json] = {
    "type": "object",
    "description": "Problem details (RFC 9457); `type` is an address of this relay that explains it.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "retry_after": {"type": "integer", "description": "seconds, where it may work later"},
        "until": {"type": "string", "format": "date-time", "description": "when a measure ends that keeps them from writing"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["loc", "msg"],
                "properties": {
                    "loc": {"type": "array", "items": {"type": ["string", "integer"]}},
                    "msg": {"type": "string"},
                },
            },
        },
    },
}
