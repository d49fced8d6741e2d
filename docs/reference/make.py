"""Writes the pages of the reference from the code: `make docs`. The tests compare them with what this gives."""

import importlib.util
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, get_args, get_origin

import click
from prometheus_client import CollectorRegistry
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from relay.cli import main as command_line
from relay.compose.listing import Rule, listing
from relay.configuration import Settings
from relay.core.label import Label
from relay.core.problem import TYPE
from relay.observe import Metrics
from relay.plugin import Plugin
from relay.web.reference import problems
from relay.web.route import Route
from relay.web.table import ROUTES

HERE: Final = Path(__file__).parent
SHIPPED_PLUGINS: Final = HERE.parent.parent / "plugins"
WRITTEN: Final = "<!-- written by `make docs` -->"


def commands() -> str:
    intro = "What a command answers goes to standard output, what it says about it to standard error."
    return page("Commands", intro, section_of_commands(click.Context(command_line, info_name="relay")))


def section_of_commands(context: click.Context) -> Iterator[str]:
    command = context.command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None and not found.hidden:
                yield from section_of_commands(click.Context(found, info_name=name, parent=context))
        return
    yield f"## {context.command_path}\n\n{inspect.cleandoc(command.help or '').split(chr(12))[0].rstrip()}"
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"```text\n{context.command_path} {usage}".rstrip() + "\n```"
    records = (parameter.get_help_record(context) for parameter in command.params)
    rows = [(f"`{names}`", text) for names, text in filter(None, records)]
    if rows:
        yield table(("option", "meaning"), rows)
    if examples := getattr(command, "examples", ()):
        yield "\n".join(["```sh", *examples, "```"])


def settings() -> str:
    intro = (
        "Keys of the TOML file. Each can come from the environment instead: `http.port` is `RELAY_HTTP__PORT`, "
        "and `RELAY_HTTP__PORT_FILE` names a file that holds the value. "
        "An unknown key is an error; `relay check` names its file and line."
    )
    return page("Settings", intro, [table(("key", "type", "default", "meaning"), keys(Settings))])


def keys(model: type[BaseModel], prefix: str = "", given: object = None) -> Iterator[tuple[str, str, str, str]]:
    """(key, type, default, meaning) of each; `given` is what the field that holds this table has as its default."""
    for name, field in model.model_fields.items():
        key = f"{prefix}{field.alias or name}"
        default = getattr(given, name, field.get_default(call_default_factory=True, validated_data={}))
        if inspect.isclass(field.annotation) and issubclass(field.annotation, BaseModel):
            yield from keys(field.annotation, f"{key}.", default)
            continue
        yield f"`{key}`", type_of(field), default_of(default), field.description or ""
        if (table := table_of(field)) is not None:
            yield from keys(table, f"{key}.NAME.")


def table_of(field: FieldInfo) -> type[BaseModel] | None:
    """The model of the tables that people name themselves."""
    named = get_args(field.annotation)[-1] if get_origin(field.annotation) is dict else None
    return named if inspect.isclass(named) and issubclass(named, BaseModel) else None


def plugins() -> str:
    intro = (
        "The plugins that are shipped. A plugin is switched on by its section in the configuration, which holds its options."
    )
    return page("Plugins", intro, [part for sign, plugin in shipped_plugins() for part in section_of_plugin(sign, plugin)])


def shipped_plugins() -> Iterator[tuple[str, type[Plugin[Any]]]]:
    """Each with the sign of its file."""
    for file in sorted(SHIPPED_PLUGINS.glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"reference_{file.stem}", file)
        if spec is None or spec.loader is None:
            raise FileNotFoundError(file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for _, found in inspect.getmembers(module, inspect.isclass):
            if issubclass(found, Plugin) and found.__module__ == module.__name__:
                yield inspect.cleandoc(module.__doc__ or ""), found


def section_of_plugin(sign: str, plugin: type[Plugin[Any]]) -> Iterator[str]:
    yield f"## {plugin.name}\n\n{sign}"
    asks = f" Asks the service in {', '.join(f'`{option}`' for option in plugin.reaches)}." if plugin.reaches else ""
    yield f"Stage `{plugin.stage}`, deadline {plugin.deadline_ms} ms, when it fails: {plugin.on_error}.{asks}"
    told = {name: " / ".join(texts.values()) for name, texts in plugin.told.items()}
    rows = [(f"`{name}`", str(weight), told.get(name, "")) for name, weight in plugin.signals.items()]
    yield table(("signal", "weight", "a rejected member reads"), rows)
    options = list(keys(plugin.options_type))
    if options:
        yield table(("option", "type", "default", "meaning"), options)


def moderation() -> str:
    intro = (
        "Every figure that moderation goes by, with all shipped plugins and nothing set. `relay moderation rules` shows the "
        "same of your configuration, `GET /v1/communities/SLUG/rules` of a relay that runs. How they make a decision stands in "
        "[Moderation](../explanation/moderation.md)."
    )
    labels = [Label.of(plugin) for _, plugin in shipped_plugins()]
    rules = listing(Settings().moderation, [(label, label.signals) for label in labels])
    kinds = dict.fromkeys(rule.kind for rule in rules)
    return page("Moderation", intro, [part for kind in kinds for part in of_kind(kind, rules)])


def of_kind(kind: str, rules: Sequence[Rule]) -> Iterator[str]:
    rows = [(f"`{rule.name}`", f"{rule.value:g}", rule.given_by, rule.meaning) for rule in rules if rule.kind == kind]
    yield f"## {kind.capitalize()}"
    yield table(("name", "value", "given by", "meaning"), rows)


def http() -> str:
    intro = (
        "Every route. Staff and keys send `Authorization: Bearer TOKEN`; who stands here is the least role, and the scope "
        "that a key needs. A question mark marks what may be left out. `/openapi.json` says it in full."
    )
    nouns = sorted({route.noun for route in ROUTES})
    return page("HTTP", intro, [part for noun in nouns for part in section_of_routes(noun)])


def section_of_routes(noun: str) -> Iterator[str]:
    yield f"## {noun}"
    rows = [
        (
            f"`{route.method} {route.path}`",
            callers(route),
            fields_of(route.body),
            fields_of(route.query),
            str(route.status),
            route.summary,
        )
        for route in ROUTES
        if route.noun == noun
    ]
    yield table(("call", "who", "body", "query", "answers", "does"), rows)


def callers(route: Route) -> str:
    roles = ", ".join(role.value for role in route.roles)
    scope = f"key: `{route.scope}`" if route.scope else ""
    return "; ".join(part for part in (roles or route.who.value, scope) if part)


def fields_of(model: type[BaseModel] | None) -> str:
    fields = model.model_fields.items() if model else ()
    return ", ".join(f"`{field.alias or name}{'' if field.is_required() else '?'}`" for name, field in fields)


def errors() -> str:
    intro = (
        "Every error is a body of `application/problem+json` (RFC 9457) with `type`, `title`, `status` and `detail`, and "
        "`errors` for a body or query that is not valid. `type` is an address of the relay itself that says what stands here."
    )
    rows = [(f"`{TYPE}{slug}`", str(status), title, advice) for slug, status, title, advice in problems()]
    return page("Errors", intro, [table(("type", "status", "title", "what it means, what to do"), rows)])


def metrics() -> str:
    intro = "What `/metrics` shows, in the text format of Prometheus. No label holds anybody's id, name or slug."
    found = sorted(Metrics(CollectorRegistry()).registry.collect(), key=lambda metric: metric.name)
    rows = [(f"`{exposed(metric.name, metric.type)}`", metric.type, metric.documentation) for metric in found]
    return page("Metrics", intro, [table(("metric", "type", "meaning"), rows)])


def exposed(name: str, kind: str) -> str:
    return f"{name}_total" if kind == "counter" else name


def page(title: str, intro: str, parts: Iterable[str]) -> str:
    return "\n\n".join([f"# {title}", WRITTEN, intro, *parts]) + "\n"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in line) + " |" for line in lines)


def type_of(field: FieldInfo) -> str:
    annotation = field.annotation
    if table_of(field) is not None:
        return "`dict[str, table]`"
    return f"`{annotation.__name__ if inspect.isclass(annotation) else str(annotation).replace('typing.', '')}`"


def default_of(default: object) -> str:
    if default is PydanticUndefined:
        return "required"
    return f"`{default}`" if str(default) and default is not None else ""


PAGES: Final[Mapping[str, Callable[[], str]]] = MappingProxyType(
    {
        "commands.md": commands,
        "settings.md": settings,
        "http.md": http,
        "errors.md": errors,
        "plugins.md": plugins,
        "metrics.md": metrics,
        "moderation.md": moderation,
    }
)


def main() -> None:
    for name, make in PAGES.items():
        (HERE / name).write_text(make(), "utf-8")


if __name__ == "__main__":
    main()
