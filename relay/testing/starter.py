"""A first plugin: the file, its test and its golden texts, which pass as written, for an author to change into their own."""

import keyword
import re
from collections.abc import Iterator
from pathlib import Path
from string import Template

from relay.configuration import shipped
from relay.core.label import faults
from relay.core.verdict import CORE
from relay.testing.golden import TEXTS

TESTS = "tests"  # a folder of its own: each file beside a plugin is taken for one

_IMPORTED = {
    "AsyncIterator", "BaseModel", "ConfigDict", "Context", "Field", "Incoming", "Options", "Plugin", "Signal", "WordList",
}  # fmt: skip

_PLUGIN = Template('''\
"""$title: a message holds a word of a list.

Say in the first line what it looks for, and here why that is worth a look.
"""

from collections.abc import AsyncIterator

from pydantic import BaseModel, ConfigDict, Field

from relay.plugin import Context, Incoming, Plugin, Signal, WordList

MOST_HITS = 5  # of one message: more of the same changes nothing


class Options(BaseModel):
    """What may stand in the table [plugins.$name] of the configuration."""

    model_config = ConfigDict(extra="forbid")

    words: tuple[str, ...] = Field(("lottery", "jackpot*"), description="a word, `start*`, `*end` or a phrase")


class $kind(Plugin[Options]):
    """Looks the words of a message up in the list, through disguises too."""

    name, version, api = "$name", "1.0", 1
    signals = {"$name.word": 1.0}  # 2.5 marks a message, 5 holds it for a person
    told = {"$name.word": {"en": "it holds a word of a list", "de": "sie enthält ein Wort von einer Liste"}}
    examples = [
        ("You won the l0ttery!", {"$name.word"}),
        ("Is the pool open tomorrow?", set()),
    ]

    def __init__(self, options: Options) -> None:
        """Compile once what every check needs."""
        super().__init__(options)
        self.list = WordList({"word": options.words})

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        """Give a signal for each word. The reason never quotes the message; the place shows it."""
        for hit in self.list.find(incoming.text)[:MOST_HITS]:
            yield Signal("$name.word", reason="a word of the list", start=hit.start, end=hit.end)
''')

_TEST = Template('''\
"""$title keeps its word. Run it with pytest."""

from pathlib import Path

from relay.testing.fixtures import Moderate
from relay.testing.moderation import check_plugin, names, plugin_in

PLUGIN = plugin_in(Path(__file__).parent.parent / "$name.py")


def test_it_keeps_its_word() -> None:
    check_plugin(PLUGIN)


def test_it_sees_a_word_of_the_list(moderate: Moderate) -> None:
    assert names(moderate(PLUGIN, "The jackpots are yours")) == {"$name.word"}


def test_its_words_can_be_chosen(moderate: Moderate) -> None:
    assert moderate(PLUGIN, "You won the lottery", words=["casino"]) == []
''')

_TEXTS = Template("""\
{"text": "A j.a.c.k.p.o.t for you", "signals": ["$name.word"]}
{"text": "A lot of people, and a pot of tea", "signals": []}
""")


class RefusedError(ValueError):
    """It cannot be made so; the message says why, and what to do."""


def write(name: str, folder: Path) -> list[Path]:
    """Write the plugin, its test and its texts into `folder`, which is made. Raises RefusedError, OSError.

    What is there already is never overwritten: then nothing is written at all.
    """
    _refuse(name)
    files = dict(_files(name, folder))
    for path in files:
        if path.exists():
            raise RefusedError(f"{path} is there already, and is not overwritten. Take another name, or another --folder.")
    (folder / TESTS).mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    return list(files)


def _files(name: str, folder: Path) -> Iterator[tuple[Path, str]]:
    words = {"name": name, "kind": _kind(name), "title": name.replace("_", " ").capitalize()}
    yield folder / f"{name}.py", _PLUGIN.substitute(words)
    yield folder / f"{name}{TEXTS}", _TEXTS.substitute(words)
    yield folder / TESTS / f"test_{name}.py", _TEST.substitute(words)


def _refuse(name: str) -> None:
    for key, what in faults({"name": name}, yields=True):
        if key == "name":
            near = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_0123456789")[:40]
            raise RefusedError(what + (f". How about {near}?" if near not in {"", name} else ""))
    if name == CORE or (shipped("plugins") / f"{name}.py").exists():
        raise RefusedError(f"{name} is the relay's own, and each name is there once. Take another one.")


def _kind(name: str) -> str:
    """The name of the class: that of no other thing in the file."""
    kind = "".join(part.capitalize() for part in name.split("_"))
    return f"{kind}Plugin" if kind in _IMPORTED or keyword.iskeyword(kind) else kind
