"""All shared SQL is such that SQLite and PostgreSQL read it alike; each rule finds the fault it is for."""

import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping
from string import Template

import pytest

from relay.stores import schema, sql

TEXT = re.compile(r"'[^']*'")
ALWAYS_THERE = re.compile(r"(\w+) (?:\$OWN_KEY|\$KEY|\$GIVEN_KEY|(?:BIGINT|TEXT|DOUBLE PRECISION) NOT NULL)")
ORDER = re.compile(r"ORDER BY (.*?)(?:LIMIT|FOR UPDATE|FOR KEY SHARE|locking|\)|$)", re.DOTALL)
NAMED = re.compile(r"\b(?:FROM|JOIN) (\w+)(?: (?!WHERE|SET|JOIN|LEFT|ON|ORDER|GROUP|AS)(\w+))?")
PARAMETER = re.compile(r"\$(\d+)")

LOCKS = re.compile(r"\bfor\s+(no\s+key\s+)?(update|share|key\s+share)\b|\bpg_\w+|\block\s+table\b", re.IGNORECASE)
WORD = re.compile(r" (?:locking|passing_locked)\([a-z]+(?:, [a-z]+)*\)$")
ANY_WORD = re.compile(r"\b(?:locking|passing_locked)\b")
LOCKS_OF_THEIR_OWN = {"record.ONE_BY_ONE", "runs.ONE_MORE"}  # what only a Lock yields, beside all that stands in locks.py

FORBIDDEN: Mapping[str, re.Pattern[str]] = {
    "a parameter that is not numbered": re.compile(r"\?|(?<!:):[a-z_]+|%s|@\w+"),
    "WITHOUT ROWID": re.compile(r"without\s+rowid", re.IGNORECASE),
    "the hidden key": re.compile(r"\b(_?rowid_?|oid|ctid|last_insert_rowid)\b", re.IGNORECASE),
    "OR IGNORE and its like": re.compile(r"\b(insert|update)\s+or\b|\breplace\s+into\b", re.IGNORECASE),
    "LIKE, which folds case in one engine only": re.compile(r"\b(i?like|glob|match|regexp)\b", re.IGNORECASE),
    "JSON functions": re.compile(r"\bjsonb?\w*\s*\(|->>?", re.IGNORECASE),
    "arrays": re.compile(r"\barray\b|\bany\s*\(|\bunnest\b|[\[\]]", re.IGNORECASE),
    "scalar max or min": re.compile(r"\b(max|min|greatest|least)\s*\([^()]*,", re.IGNORECASE),
    "writing inside WITH": re.compile(r"\bwith\b.*\b(insert|update|delete)\b", re.IGNORECASE | re.DOTALL),
    "functions of one engine": re.compile(
        r"\b(ifnull|iif|group_concat|string_agg|datetime|strftime|julianday|now|changes|instr|strpos|typeof|random)\s*\(",
        re.IGNORECASE,
    ),
    "names in odd quotes": re.compile(r"[`\"]"),
    "LIMIT with a comma": re.compile(r"\blimit\s+\S+\s*,", re.IGNORECASE),
    "equality with two signs": re.compile(r"=="),
    "pragmas": re.compile(r"\bpragma\b", re.IGNORECASE),
    "ON CONFLICT without its columns": re.compile(r"\bon\s+conflict\s+do\b", re.IGNORECASE),
    "booleans": re.compile(r"\b(true|false|boolean)\b", re.IGNORECASE),
}


def statements() -> Iterator[tuple[str, str]]:
    for module_info in pkgutil.iter_modules(sql.__path__):
        module = importlib.import_module(f"{sql.__name__}.{module_info.name}")
        for name, value in vars(module).items():
            texts = value if isinstance(value, tuple) else (value,)
            if name.isupper():
                yield from ((f"{module_info.name}.{name}", text) for text in texts if isinstance(text, str))
    for migration, tables in schema.MIGRATIONS:
        yield from ((migration, text) for text in tables)


def faults(text: str) -> Iterator[str]:
    bare = TEXT.sub("''", text)
    yield from (fault for fault, pattern in FORBIDDEN.items() if pattern.search(bare))
    for order in ORDER.findall(bare):
        for term in order.split(","):
            column = re.sub(r"\b(ASC|DESC)\b", "", term).strip()
            if "NULLS" not in term and not is_always_there(column, bare):
                yield f"an order that says nothing of NULL: {column}"
    numbers = {int(number) for number in PARAMETER.findall(bare)}
    if numbers and bare.lstrip().startswith(("SELECT", "INSERT", "UPDATE", "DELETE")) and "{}" not in bare:
        yield from (f"no parameter ${number}" for number in range(1, max(numbers)) if number not in numbers)


def is_always_there(column: str, text: str) -> bool:
    """Whether it holds a value: in its own table where the text tells which that is, otherwise in all that have the column."""
    alias, _, name = column.rpartition(".")
    named = {alias_ or table: table for table, alias_ in NAMED.findall(text)}
    table = named.get(alias) if alias else next(iter(named.values())) if len(named) == 1 else None
    return name in ({"name"} | there(table) if table in tables() else never_null())


def there(table: str) -> set[str]:
    return set(ALWAYS_THERE.findall(tables()[table]))


def tables() -> dict[str, str]:
    """The statements that make and change each."""
    found: dict[str, str] = {}
    for _, texts in schema.MIGRATIONS:
        for text in texts:
            if made := re.match(r"\s*(?:CREATE|ALTER) TABLE (\w+)", text):
                found[made[1]] = found.get(made[1], "") + text
    return found


def misplaced(name: str, text: str) -> Iterator[str]:
    """Locks stand where an engine with one writer passes over them, and its words where it can leave them out."""
    if LOCKS.search(text) and not name.startswith("locks.") and name not in LOCKS_OF_THEIR_OWN:
        yield "a lock that is no step of its own"
    if ANY_WORD.search(WORD.sub("", text)) or (WORD.search(text) and not text.lstrip().startswith("SELECT")):
        yield "a locking word that is not at the end of a SELECT"


def never_null() -> set[str]:
    """Columns that hold a value wherever they stand: a name that may be NULL in one table counts as one that may."""
    tables = "\n".join(text for _, texts in schema.MIGRATIONS for text in texts)
    there = set(ALWAYS_THERE.findall(tables))
    maybe = set(re.findall(r"(\w+) (?:BIGINT|TEXT)(?! NOT NULL)(?! PRIMARY KEY)", tables))
    return there - maybe | {"name"}


def test_shared_sql_holds_nothing_that_engines_read_differently() -> None:
    found = [f"{name}: {fault}" for name, text in statements() for fault in faults(text)]

    assert found == []


def test_locks_stand_where_they_can_be_left_out() -> None:
    found = [f"{name}: {fault}" for name, text in statements() for fault in misplaced(name, text)]

    assert found == []


@pytest.mark.parametrize(
    "planted",
    [
        "SELECT n FROM posts WHERE n = $1 FOR UPDATE",
        "SELECT n FROM posts WHERE n = $1 FOR NO KEY UPDATE",
        "SELECT pg_advisory_xact_lock($1)",
        "UPDATE posts SET state = 1 WHERE n = $1 locking(posts)",
        "SELECT n FROM posts locking(posts) WHERE n = $1",
        "SELECT a.n FROM posts a WHERE a.n = $1 passing_locked()",
    ],
)
def test_a_lock_in_a_wrong_place_is_found(planted: str) -> None:
    assert list(misplaced("posts.PLANTED", planted)) != []


def test_all_shared_sql_is_looked_at() -> None:
    names = {name for name, _ in statements()}

    assert {"messages.ADD", "erasures.HIDE", "threads.OF_TEXT", "deliveries.RELEASE", "scope.ITEMS"} <= names
    assert len(names) > 80


def test_templates_hold_no_word_that_an_engine_does_not_know() -> None:
    for _, tables in schema.MIGRATIONS:
        for text in tables:
            assert set(Template(text).get_identifiers()) <= set(schema.SQLITE_WORDS)


@pytest.mark.parametrize(
    "planted",
    [
        "SELECT n FROM posts WHERE id = ?",
        "SELECT n FROM posts WHERE id = :id",
        "CREATE TABLE x (n BIGINT) WITHOUT ROWID",
        "SELECT rowid FROM posts",
        "INSERT OR IGNORE INTO facts (name) VALUES ($1)",
        "SELECT n FROM posts WHERE text LIKE $1",
        "SELECT json_extract(rules, '$.x') FROM communities",
        "SELECT n FROM posts WHERE n = ANY($1)",
        "UPDATE streams SET read_seq = max(read_seq, $1)",
        "WITH x AS (DELETE FROM posts RETURNING n) SELECT n FROM x",
        "SELECT ifnull(title, '') FROM posts",
        'SELECT "n" FROM posts',
        "SELECT n FROM posts LIMIT 1, 2",
        "SELECT n FROM posts WHERE n == $1",
        "INSERT INTO facts (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        "SELECT n FROM posts WHERE urgent = TRUE",
        "SELECT n FROM deliveries WHERE post = $1 ORDER BY seq LIMIT $2",
        "SELECT n FROM posts WHERE n > $2 ORDER BY n",
    ],
)
def test_a_planted_fault_is_found(planted: str) -> None:
    assert list(faults(planted)) != []
