"""The tables, as numbered migrations; templates, so that every engine makes the same ones."""

from collections.abc import Mapping
from string import Template

from relay.stores.schema_joining import JOINING
from relay.stores.schema_leases import LEASES
from relay.stores.schema_measures import MEASURES, OBJECTIONS
from relay.stores.schema_models import MODELS
from relay.stores.schema_mqtt import DEVICES, SEALS
from relay.stores.schema_shadow import SHADOW
from relay.stores.schema_sign_in import SIGN_IN

TABLES = (
    """
    CREATE TABLE communities (
        n $OWN_KEY, id TEXT NOT NULL UNIQUE, slug TEXT NOT NULL UNIQUE, name TEXT NOT NULL, language TEXT NOT NULL,
        time_zone TEXT NOT NULL, imprint TEXT NOT NULL, privacy_url TEXT NOT NULL, rules TEXT NOT NULL,
        created_at BIGINT NOT NULL, closed_at BIGINT
    )""",
    """
    CREATE TABLE members (
        n $OWN_KEY, id TEXT NOT NULL UNIQUE, community BIGINT NOT NULL REFERENCES communities (n), pseudonym TEXT NOT NULL,
        name TEXT NOT NULL, language TEXT NOT NULL, time_zone TEXT NOT NULL, tags TEXT NOT NULL, attributes TEXT NOT NULL,
        standing BIGINT NOT NULL, joined_at BIGINT NOT NULL
    )""",
    """CREATE INDEX members_of_community ON members (community, n)""",
    # Holds all that freezing an audience asks for.
    """CREATE INDEX members_active ON members (community, n) WHERE standing = 0""",
    # Apart from the member, narrow: it changes with every item, every acknowledgement and every message let through.
    """
    CREATE TABLE streams (
        member $GIVEN_KEY REFERENCES members (n), first_seq BIGINT NOT NULL, last_seq BIGINT NOT NULL,
        sent_seq BIGINT NOT NULL, delivered_seq BIGINT NOT NULL, read_seq BIGINT NOT NULL, approved BIGINT NOT NULL
    )""",
    """
    CREATE TABLE consents (
        n $KEY, member BIGINT NOT NULL REFERENCES members (n), channel TEXT NOT NULL, source TEXT NOT NULL,
        text_version TEXT NOT NULL, at BIGINT NOT NULL, withdrawn_at BIGINT
    )""",
    """CREATE INDEX consents_of_member ON consents (member)""",
    """
    CREATE TABLE addresses (
        n $OWN_KEY, community BIGINT NOT NULL, channel TEXT NOT NULL, address TEXT NOT NULL,
        member BIGINT NOT NULL REFERENCES members (n), gone_at BIGINT, UNIQUE (community, channel, address)
    )""",
    """CREATE INDEX addresses_of_member ON addresses (member)""",
    """
    CREATE TABLE tokens (
        n $KEY, digest TEXT NOT NULL UNIQUE, id TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, device TEXT NOT NULL,
        created_at BIGINT NOT NULL, expires_at BIGINT, revoked_at BIGINT
    )""",
    """CREATE INDEX tokens_of_subject ON tokens (subject)""",
    """
    CREATE TABLE staff (
        n $OWN_KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, role TEXT NOT NULL, created_at BIGINT NOT NULL,
        removed_at BIGINT
    )""",
    """
    CREATE TABLE keys (
        n $OWN_KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, scopes TEXT NOT NULL, created_by TEXT NOT NULL,
        created_at BIGINT NOT NULL, expires_at BIGINT, revoked_at BIGINT
    )""",
    """
    CREATE TABLE posts (
        n $OWN_KEY, id TEXT NOT NULL UNIQUE, community BIGINT NOT NULL REFERENCES communities (n), author TEXT NOT NULL,
        text TEXT NOT NULL, created_at BIGINT NOT NULL, title TEXT, buttons TEXT NOT NULL, urgent BIGINT NOT NULL,
        expires_at BIGINT, state BIGINT NOT NULL, audience BIGINT NOT NULL, accepted_at BIGINT, cancelled_at BIGINT,
        first_delivery BIGINT NOT NULL, last_delivery BIGINT NOT NULL, released_to BIGINT NOT NULL
    )""",
    """CREATE INDEX posts_of_community ON posts (community, n)""",
    """CREATE INDEX posts_planning ON posts (n) WHERE state = 0""",
    """CREATE INDEX posts_sending ON posts (n) WHERE state = 1""",
    # No foreign keys: a million rows would pay two look-ups each, a row outlives its member as a count, and rows come and go
    # only in the commits that also write what they point to.
    """
    CREATE TABLE deliveries (
        n $KEY, member BIGINT, post BIGINT, message BIGINT, seq BIGINT, state BIGINT NOT NULL
    )""",
    """CREATE UNIQUE INDEX deliveries_in_stream ON deliveries (member, seq $NULLS_FIRST) WHERE seq IS NOT NULL""",
    # The channels that the relay pushes to; empty when every member reads their stream.
    """CREATE TABLE pushed (channel TEXT PRIMARY KEY)""",
    """
    CREATE TABLE attempts (
        delivery $GIVEN_KEY, channel TEXT NOT NULL, address BIGINT NOT NULL, bulk BIGINT NOT NULL, phase BIGINT NOT NULL,
        tries BIGINT NOT NULL, due_at BIGINT NOT NULL, parked BIGINT NOT NULL, started_at BIGINT, reference TEXT,
        reason TEXT NOT NULL
    )""",
    """CREATE INDEX attempts_waiting ON attempts (channel, bulk, due_at, delivery) WHERE phase = 0""",
    """CREATE INDEX attempts_of_address ON attempts (address, delivery) WHERE phase < 2""",
    """CREATE INDEX attempts_under_way ON attempts (delivery) WHERE phase = 1""",
    """CREATE UNIQUE INDEX attempts_by_reference ON attempts (reference) WHERE reference IS NOT NULL""",
    """
    CREATE TABLE threads (
        n $OWN_KEY, id TEXT NOT NULL UNIQUE, community BIGINT NOT NULL, member BIGINT NOT NULL REFERENCES members (n),
        post BIGINT REFERENCES posts (n), state BIGINT NOT NULL, assignee TEXT, labels TEXT NOT NULL, snoozed_until BIGINT,
        lease_holder TEXT, lease_name TEXT, lease_until BIGINT, version BIGINT NOT NULL, created_at BIGINT NOT NULL,
        active_at BIGINT NOT NULL
    )""",
    """CREATE INDEX threads_of_member ON threads (member)""",
    """CREATE UNIQUE INDEX threads_by_post ON threads (post, member) WHERE post IS NOT NULL""",
    """CREATE INDEX threads_by_activity ON threads (community, active_at, n)""",
    # The labels of a thread stand in its row to be read, and here to be found by.
    """
    CREATE TABLE thread_labels (
        thread BIGINT NOT NULL REFERENCES threads (n), label TEXT NOT NULL, PRIMARY KEY (thread, label)
    )""",
    """CREATE INDEX thread_labels_by_label ON thread_labels (label, thread)""",
    """
    CREATE TABLE messages (
        n $KEY, id TEXT NOT NULL UNIQUE, thread BIGINT NOT NULL REFERENCES threads (n), member BIGINT NOT NULL,
        role BIGINT NOT NULL, author TEXT NOT NULL, text TEXT NOT NULL, status BIGINT NOT NULL, at BIGINT NOT NULL,
        in_reply_to TEXT, client_id TEXT, internal BIGINT NOT NULL, case_id TEXT
    )""",
    """CREATE INDEX messages_of_thread ON messages (thread, n)""",
    """CREATE UNIQUE INDEX messages_by_client_id ON messages (member, client_id) WHERE client_id IS NOT NULL""",
    """
    CREATE TABLE decisions (
        n $KEY, message BIGINT NOT NULL REFERENCES messages (n), at BIGINT NOT NULL, action TEXT NOT NULL,
        score DOUBLE PRECISION NOT NULL, signals TEXT NOT NULL, failures TEXT NOT NULL, rule_set TEXT NOT NULL,
        thresholds TEXT NOT NULL, took_us BIGINT NOT NULL, automated BIGINT NOT NULL, own TEXT NOT NULL,
        decided_by TEXT NOT NULL, reason TEXT NOT NULL
    )""",
    """CREATE INDEX decisions_of_message ON decisions (message)""",
    """
    CREATE TABLE cases (
        n $KEY, id TEXT NOT NULL UNIQUE, community BIGINT NOT NULL, message BIGINT NOT NULL REFERENCES messages (n),
        kind TEXT NOT NULL, state BIGINT NOT NULL, opened_at BIGINT NOT NULL, decided_by TEXT NOT NULL,
        version BIGINT NOT NULL, action TEXT NOT NULL, reason TEXT NOT NULL, decided_at BIGINT, appeal TEXT, appeal_at BIGINT
    )""",
    """CREATE INDEX cases_of_message ON cases (message)""",
    """CREATE INDEX cases_of_community ON cases (community, n)""",
    """CREATE INDEX cases_by_state ON cases (community, state, n)""",
    """
    CREATE TABLE presses (
        post BIGINT NOT NULL REFERENCES posts (n), member BIGINT NOT NULL REFERENCES members (n), button TEXT NOT NULL,
        at BIGINT NOT NULL, PRIMARY KEY (post, member)
    )""",
    """CREATE INDEX presses_of_member ON presses (member)""",
    """
    CREATE TABLE answers (
        caller TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, status BIGINT NOT NULL, body TEXT NOT NULL,
        at BIGINT NOT NULL, about TEXT NOT NULL, PRIMARY KEY (caller, key)
    )""",
    """CREATE INDEX answers_by_age ON answers (at)""",
    """CREATE INDEX answers_about ON answers (about) WHERE about <> ''""",
    """
    CREATE TABLE audit (
        n $OWN_KEY, at BIGINT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL
    )""",
    """CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)""",
)

FAULTS = (
    # Which relay processes are at work on this store: the key is the epoch that fences off what an ended one still does.
    """CREATE TABLE runs (n $OWN_KEY, started_at BIGINT NOT NULL, until_at BIGINT NOT NULL)""",
    """ALTER TABLE posts ADD COLUMN run BIGINT NOT NULL DEFAULT 0""",
    """ALTER TABLE attempts ADD COLUMN run BIGINT NOT NULL DEFAULT 0""",
    # Each row's digest covers the one before; rows written before there was one have none.
    """ALTER TABLE audit ADD COLUMN digest TEXT NOT NULL DEFAULT ''""",
    # What was erased, by the id alone, until every trace is known to be gone.
    """CREATE TABLE erasures (member TEXT PRIMARY KEY, at BIGINT NOT NULL, confirmed_at BIGINT)""",
    # The channel that a message came through; the run that has slow plugins look at it, 0 when none does.
    """ALTER TABLE messages ADD COLUMN channel TEXT NOT NULL DEFAULT ''""",
    """ALTER TABLE messages ADD COLUMN checking BIGINT NOT NULL DEFAULT 0""",
    """CREATE INDEX messages_checking ON messages (n) WHERE checking <> 0""",
)

MIGRATIONS = (
    ("0001_first_tables", TABLES),
    ("0002_faults", FAULTS),
    ("0003_sign_in", SIGN_IN),
    ("0004_joining", JOINING),
    ("0005_mqtt", DEVICES),
    ("0006_leases", LEASES),
    ("0007_seals", SEALS),
    ("0008_measures", MEASURES),
    ("0009_shadow", SHADOW),
    ("0010_models", MODELS),
    ("0011_objections", OBJECTIONS),
)
"""(name, statements), in their order. What was released is never edited; a change is a further migration."""

SQLITE_WORDS: Mapping[str, str] = {
    # Never given twice, for what other rows or changes under way may name after it is gone.
    "OWN_KEY": "INTEGER PRIMARY KEY AUTOINCREMENT",
    "KEY": "INTEGER PRIMARY KEY",
    "GIVEN_KEY": "INTEGER PRIMARY KEY",
    # How queries order by the column, so that an index serves them; SQLite has no other order.
    "NULLS_FIRST": "",
}


def statement(template: str, words: Mapping[str, str]) -> str:
    """The statement in the words of one engine."""
    return Template(template).substitute(words)
