"""The house rules that no other tool holds: sizes, names, signs, imports, words, and what the wheel carries."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Final

import pytest

from relay.web.pages.fetch import FILES

ROOT: Final = Path(__file__).parent.parent
FOLDERS: Final = (".ci", "benchmarks", "config", "docs", "plugins", "relay", "tests")
MADE_BY_TOOLS: Final = {"__pycache__", "node_modules", "vendor", ".mypy_cache", ".pytest_cache", ".ruff_cache"}
FILE_LINES: Final = 400
LINE_CHARACTERS: Final = 128  # of the pages' scripts and styles; ruff holds it for Python
FUNCTION_LINES: Final = 40  # from `def` to the last line, without the docstring
VAGUE_NAMES: Final = {"utils", "util", "helpers", "helper", "common", "base", "manager", "service", "misc"}
IMPORTS_PYTEST: Final = ("relay/testing/fixtures.py",)  # pytest alone reads it, by its entry point
IMPORTS_LATE: Final = ("relay/cli",)  # a command imports what it needs when it runs: --help stays under 150 ms
# Put together here, so that this file does not hold what it looks for.
UNFINISHED: Final = re.compile(r"\b(" + "TO" + "DO|FIX" + "ME|XX" + r"X)\b")
OF_ONE_MACHINE: Final = re.compile(
    "|".join(
        [
            r"(?<![\w.}/])/(work|root|tmp)" + r"/\w",
            "/home" + r"/\w",
            "pypi" + r"\.org",
            "python" + "hosted",
            "npmjs" + r"\.(org|com)",
        ]
    )
)

Rule = Callable[[str, str], Iterator[str]]


def oversized(name: str, source: str) -> Iterator[str]:
    if (lines := source.count("\n")) > FILE_LINES:
        yield f"{name}: {lines} lines, {FILE_LINES} at most"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (lines := function_lines(node)) > FUNCTION_LINES:
            yield f"{name}:{node.lineno}: {node.name} has {lines} lines, {FUNCTION_LINES} at most"


def function_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    if ast.get_docstring(node) is not None:
        docstring = node.body[0]
        lines -= (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1
    return lines


def vaguely_named(name: str, source: str) -> Iterator[str]:
    del source
    if vague := VAGUE_NAMES & {part.strip("_") for part in Path(name).with_suffix("").parts}:
        yield f"{name}: {vague.pop()} says nothing of what is inside"


def without_sign(name: str, source: str) -> Iterator[str]:
    docstring = ast.get_docstring(ast.parse(source)) or ""
    if not docstring.partition("\n")[0].strip():
        yield f"{name}: no docstring whose first line says what is inside"


def importing_late(name: str, source: str) -> Iterator[str]:
    if name.startswith(IMPORTS_LATE):
        return
    for outer in ast.walk(ast.parse(source)):
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for node in ast.walk(outer):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    yield f"{name}:{node.lineno}: an import below the top"


def importing_for_types_alone(name: str, source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and any(alias.name == "TYPE_" + "CHECKING" for alias in node.names):
            yield f"{name}:{node.lineno}: an import that hides a circle; move the value down instead"


def unfinished(name: str, source: str) -> Iterator[str]:
    for number, line in enumerate(source.splitlines(), 1):
        if found := UNFINISHED.search(line):
            yield f"{name}:{number}: {found[0]}"


def bound_to_one_machine(name: str, source: str) -> Iterator[str]:
    for number, line in enumerate(source.splitlines(), 1):
        if found := OF_ONE_MACHINE.search(line):
            yield f"{name}:{number}: {found[0]}"


def core_importing_more_than_the_library(name: str, source: str) -> Iterator[str]:
    if not name.startswith("relay/core/"):
        return
    for module in imported(source):
        if top(module) not in sys.stdlib_module_names and not module.startswith("relay.core"):
            yield f"{name}: {module}"


def plugin_importing_more_than_its_door(name: str, source: str) -> Iterator[str]:
    if not name.startswith("plugins/"):
        return
    allowed = sys.stdlib_module_names | declared()
    for module in imported(source):
        if top(module) not in allowed and module != "relay.plugin":
            yield f"{name}: {module}"


def importing_what_is_not_declared(name: str, source: str) -> Iterator[str]:
    if not name.startswith("relay/"):
        return
    allowed = sys.stdlib_module_names | declared() | {"relay"} | ({"pytest"} if name in IMPORTS_PYTEST else set())
    for module in imported(source):
        if top(module) not in allowed:
            yield f"{name}: {module} comes from no dependency in pyproject.toml"


def script_that_is_no_small_thing(name: str, source: str) -> Iterator[str]:
    if (lines := source.count("\n")) > FILE_LINES:
        yield f"{name}: {lines} lines, {FILE_LINES} at most"


def script_with_long_lines(name: str, source: str) -> Iterator[str]:
    for number, line in enumerate(source.splitlines(), 1):
        if len(line) > LINE_CHARACTERS:
            yield f"{name}:{number}: {len(line)} characters, {LINE_CHARACTERS} at most"


def script_without_sign(name: str, source: str) -> Iterator[str]:
    if not re.match(r"// \S|/\* \S", source):
        yield f"{name}: no comment in the first line that says what is inside"


def script_that_reads_text_as_markup(name: str, source: str) -> Iterator[str]:
    for number, line in enumerate(source.splitlines(), 1):
        if re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", line):
            yield f"{name}:{number}: what members write would become part of the page"


def style_that_names_a_colour(name: str, source: str) -> Iterator[str]:
    if name.endswith(".css") and not name.endswith("look/tokens.css"):
        yield from (f"{name}: {found}" for found in re.findall(r"#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|oklch)\(", source))


OF_PYTHON: Final = (
    oversized,
    vaguely_named,
    without_sign,
    importing_late,
    importing_for_types_alone,
    core_importing_more_than_the_library,
    plugin_importing_more_than_its_door,
    importing_what_is_not_declared,
)
OF_SCRIPTS: Final = (
    script_that_is_no_small_thing,
    script_with_long_lines,
    script_without_sign,
    script_that_reads_text_as_markup,
    style_that_names_a_colour,
)
OF_ANY_TEXT: Final = (unfinished, bound_to_one_machine)


@pytest.mark.parametrize("rule", OF_PYTHON, ids=lambda rule: rule.__name__)
def test_no_python_file_is(rule: Rule) -> None:
    found = [fault for path in files(".py") for fault in rule(name_of(path), path.read_text("utf-8"))]

    assert found == []


@pytest.mark.parametrize("rule", OF_SCRIPTS, ids=lambda rule: rule.__name__)
def test_no_file_of_the_pages_is_a(rule: Rule) -> None:
    scripts = [*files(".js"), *files(".css")]

    found = [fault for path in scripts for fault in rule(name_of(path), path.read_text("utf-8"))]

    assert scripts != []
    assert found == []


@pytest.mark.parametrize("rule", OF_ANY_TEXT, ids=lambda rule: rule.__name__)
def test_no_file_is(rule: Rule) -> None:
    found = [fault for path in files() for fault in rule(name_of(path), path.read_text("utf-8", errors="replace"))]

    assert found == []


@pytest.mark.parametrize(
    ("rule", "name", "source"),
    [
        (oversized, "relay/x.py", "x = 1\n" * (FILE_LINES + 1)),
        (oversized, "relay/x.py", "def f():\n" + "    x = 1\n" * FUNCTION_LINES),
        (oversized, "relay/x.py", "class C:\n    async def f(self):\n" + "        x = 1\n" * FUNCTION_LINES),
        (vaguely_named, "relay/utils.py", ""),
        (vaguely_named, "relay/_helpers/x.py", ""),
        (without_sign, "relay/x.py", "import os\n"),
        (importing_late, "relay/x.py", "def f():\n    import os\n"),
        (importing_late, "relay/x.py", "class C:\n    async def f(self):\n        from os import path\n"),
        (importing_for_types_alone, "relay/x.py", "from typing import TYPE_" + "CHECKING\n"),
        (core_importing_more_than_the_library, "relay/core/x.py", "import pydantic\n"),
        (core_importing_more_than_the_library, "relay/core/x.py", "from relay import ports\n"),
        (plugin_importing_more_than_its_door, "plugins/x.py", "from relay.core import post\n"),
        (plugin_importing_more_than_its_door, "plugins/x.py", "import pytest\n"),
        (importing_what_is_not_declared, "relay/x.py", "import multidict\n"),
        (importing_what_is_not_declared, "relay/testing/x.py", "import pytest\n"),
        (script_that_is_no_small_thing, "x.js", "let x;\n" * (FILE_LINES + 1)),
        (script_with_long_lines, "x.js", "//" * LINE_CHARACTERS),
        (script_without_sign, "x.js", "import x;\n"),
        (script_that_reads_text_as_markup, "x.js", "element.inner" + "HTML = text;\n"),
        (style_that_names_a_colour, "x.css", "a { color: #fff; }\n"),
        (unfinished, "README.md", "FIX" + "ME later\n"),
        (bound_to_one_machine, "Makefile", "cd /wo" + "rk/main\n"),
        (bound_to_one_machine, "requirements.lock", "--index-url https://py" + "pi.org/simple\n"),
    ],
)
def test_a_rule_finds_the_fault_it_is_for(rule: Rule, name: str, source: str) -> None:
    assert list(rule(name, source)) != []


def test_every_dependency_is_imported() -> None:
    data_alone = {"confusable-homoglyphs", "tldextract", "tzdata"}  # read as tables, by relay.lexicon and zoneinfo
    own = [path for path in files(".py") if name_of(path).startswith(("relay/", "plugins/"))]
    used = {top(module) for path in own for module in imported(path.read_text("utf-8"))}

    unused = {name for name in core_dependencies() - data_alone if not modules_of(name) & used}

    assert unused == set()


def test_imports_only_point_down() -> None:
    assert lint_imports(ROOT).returncode == 0, lint_imports(ROOT).stdout


@pytest.mark.parametrize(
    ("contract", "file", "line"),
    [
        ("An import only points down", "relay/flows/__init__.py", "import relay.web"),
        ("An import only points down", "relay/web/__init__.py", "import relay.stores"),
        ("An import only points down", "relay/a_new_file_without_a_floor.py", ""),
        ("Channels and stores never look into flows", "relay/stores/__init__.py", "import relay.flows"),
        ("Flows never import each other", "relay/flows/one_more.py", "import relay.flows.and_another"),
        ("Core has no I/O and no framework", "relay/core/__init__.py", "import asyncio"),
    ],
)
def test_a_contract_breaks_on_the_fault_it_is_for(contract: str, file: str, line: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "relay", tmp_path / "relay", ignore=shutil.ignore_patterns(*MADE_BY_TOOLS))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "relay/flows/and_another.py").touch()
    with (tmp_path / file).open("a") as planted:
        planted.write(f"\n{line}\n")

    result = lint_imports(tmp_path)

    assert result.returncode != 0
    assert f"{contract} BROKEN" in result.stdout, result.stdout


def test_a_wheel_carries_plugins_configuration_pages_and_types(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]

    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)

    names = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    assert {
        "relay/cli/__init__.py",
        "relay/py.typed",
        "relay/shipped/config/relay.toml",
        "relay/shipped/plugins/offence.weights",
        "relay/shipped/plugins/words.py",
        "relay/web/pages/console/index.html",
        "relay/web/pages/console/words/de.json",
        "relay/web/pages/look/tokens.css",
        *(f"relay/web/pages/vendor/{name}" for name in FILES),
    } <= names
    how_they_are_fetched = re.compile(r"relay/web/pages/([^/]*|vendor/\..*|node_modules/.*)")
    assert [name for name in names if how_they_are_fetched.fullmatch(name)] == []
    assert [name for name in names if "__pycache__" in name or name.startswith("tests/")] == []


def files(suffix: str = "") -> list[Path]:
    found = [path for path in ROOT.iterdir() if path.is_file() and path.name != ".coverage"]
    found += [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    return sorted(path for path in found if path.name.endswith(suffix) and not MADE_BY_TOOLS & set(path.parts))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "relay":
            yield from (f"relay.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."


def top(module: str) -> str:
    return module.partition(".")[0]


def project() -> dict[str, list[str]]:
    """Requirements by extra; the core's own under the empty name."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return {"": table["dependencies"], **table["optional-dependencies"]}


def distribution(requirement: str) -> str:
    name = re.match(r"[\w.-]+", requirement)
    assert name, requirement
    return name[0].lower().replace("_", "-")


def core_dependencies() -> set[str]:
    return {distribution(requirement) for requirement in project()[""]}


def modules_of(name: str) -> set[str]:
    owners = packages_distributions().items()
    return {module for module, owned_by in owners if name in {owner.lower().replace("_", "-") for owner in owned_by}}


@cache
def declared() -> frozenset[str]:
    """Importable names of what the package and its extras depend on, without the tools of development."""
    names = {distribution(one) for extra, all_of in project().items() if extra != "dev" for one in all_of}
    return frozenset().union(*(modules_of(name) for name in names))


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=root, check=False, capture_output=True, text=True, timeout=60)
