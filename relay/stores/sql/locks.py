"""What writes wait for on an engine where several write at once: they take these rows first, in one order, before they look.

Whatever changes something of one member takes the row of their stream first, so that all of one member comes one after another
and a seq is given out once. Where it takes rows of many members, it takes them in the order of their keys. A statement that had
to wait may have looked before: so the lock is a statement of its own, and what decides is read by the next. What changes only
the row that it asks about by its key needs none of this. The lock of the audit log comes last of all.
"""

from collections.abc import Sequence
from functools import cache

from relay.core.staff import Token, TokenKind
from relay.stores.sql.steps import Lock

MEMBER = """
    SELECT member FROM streams WHERE member = $1 FOR UPDATE"""
MEMBERS = """
    SELECT member FROM streams WHERE member IN ({}) ORDER BY member FOR UPDATE"""
MEMBER_BY_ID = """
    SELECT s.member FROM members m JOIN streams s ON s.member = m.n WHERE m.id = $1 FOR UPDATE OF s"""
MEMBER_OF_CASE = """
    SELECT s.member FROM cases k JOIN messages e ON e.n = k.message JOIN streams s ON s.member = e.member WHERE k.id = $1
    FOR UPDATE OF s"""
# For who erases them: everything that others may point to while it goes.
ALL_OF_MEMBER = (
    MEMBER,
    """SELECT n FROM members WHERE n = $1 FOR UPDATE""",
    """SELECT n FROM threads WHERE member = $1 ORDER BY n FOR UPDATE""",
)
# Replies to the post point to it meanwhile, and need not wait: its key stays.
POST = """
    SELECT n FROM posts WHERE n = $1 FOR NO KEY UPDATE"""
# One row of result for thousands; nobody whose stream is taken can leave, come back or be erased before the commit.
RECEIVERS = """
    SELECT count(*) FROM (
        SELECT s.member FROM deliveries d JOIN streams s ON s.member = d.member
        WHERE d.n > $2 AND d.n <= $3 AND d.post = $1 AND d.state = 0
        ORDER BY s.member FOR UPDATE OF s
    ) AS taken"""
THREAD = """
    SELECT n FROM threads WHERE n = $1 FOR NO KEY UPDATE"""
OWNERS = """
    SELECT n FROM staff WHERE role = 'owner' ORDER BY n FOR UPDATE"""
# There is no row yet that could be locked.
FIRST_PERSON = """
    SELECT pg_advisory_xact_lock(1380928860)"""
PERSON = """
    SELECT n FROM staff WHERE id = $1 FOR UPDATE"""
KEY = """
    SELECT n FROM keys WHERE id = $1 FOR UPDATE"""
# The run cannot be ended by another before the commit; being renewed by its own is no hindrance.
RUN = """
    SELECT n FROM runs WHERE n = $1 FOR KEY SHARE"""
CHANNEL = """
    SELECT pg_advisory_xact_lock(1128812365, hashtext($1))"""  # a number that nothing else locks by
# Whatever is told to other runs has it shared, see postgres_news.py: a commit is told to a new run, or seen by what it reads.
ONE_MORE_RUN = """
    SELECT pg_advisory_xact_lock(1380928858)"""
# Of two people at once under one name, who gets it.
NAMES_OF_STAFF = """
    SELECT pg_advisory_xact_lock(1380928861)"""
# Of one community: the next version is the one after the last.
CONSENT_TEXTS = """
    SELECT n FROM communities WHERE n = $1 FOR NO KEY UPDATE"""
# Whom a model learned from: they may write meanwhile, and are not erased.
STILL_THERE = """
    SELECT member FROM streams WHERE member IN ({}) ORDER BY member FOR KEY SHARE"""
# Of one community: one model is in use at most.
MODELS = """
    SELECT n FROM communities WHERE n = $1 FOR NO KEY UPDATE"""
_OF_SUBJECT = {
    TokenKind.MEMBER: MEMBER_BY_ID,
    TokenKind.STAFF: PERSON,
    TokenKind.KEY: KEY,
    TokenKind.SESSION: PERSON,
    TokenKind.LINK: PERSON,
}


def member(n: int) -> Lock:
    return Lock(MEMBER, (n,))


def members(keys: Sequence[int]) -> Lock:
    """In the order of their keys, whatever order they come in."""
    return Lock(_members(len(keys)), tuple(keys))


@cache
def _members(count: int) -> str:
    return MEMBERS.format(", ".join(f"${n}" for n in range(1, count + 1)))


def still_there(keys: Sequence[int]) -> Lock:
    """Members that nobody erases before the commit."""
    return Lock(STILL_THERE.format(", ".join(f"${n}" for n in range(1, len(keys) + 1))), tuple(keys))


def member_of_case(case: str) -> Lock:
    return Lock(MEMBER_OF_CASE, (case,))


def all_of_member(n: int) -> tuple[Lock, ...]:
    """For who erases them."""
    return tuple(Lock(sql, (n,)) for sql in ALL_OF_MEMBER)


def post(n: int) -> Lock:
    return Lock(POST, (n,))


def receivers(post_n: int, start: int, to: int) -> Lock:
    """Of what is planned of the post between these keys."""
    return Lock(RECEIVERS, (post_n, start, to))


def thread(n: int) -> Lock:
    return Lock(THREAD, (n,))


def owners() -> Lock:
    return Lock(OWNERS)


def first_person() -> Lock:
    """Of two processes that start on an empty database, who makes its owner."""
    return Lock(FIRST_PERSON)


def names_of_staff() -> Lock:
    """Comes after the lock of a person, where both are taken."""
    return Lock(NAMES_OF_STAFF)


def person(staff_id: str) -> Lock:
    """Of staff."""
    return Lock(PERSON, (staff_id,))


def subject_of(token: Token) -> Lock:
    """The member, person or key that a token is for."""
    return subject(token.kind, token.subject)


def subject(kind: TokenKind, id_: str) -> Lock:
    return Lock(_OF_SUBJECT[kind], (id_,))


def consent_texts(community: int) -> Lock:
    """Who adds a version."""
    return Lock(CONSENT_TEXTS, (community,))


def models_of(community: int) -> Lock:
    """Who puts one to use or away."""
    return Lock(MODELS, (community,))


def run(epoch: int) -> Lock:
    return Lock(RUN, (epoch,))


def one_more_run() -> Lock:
    return Lock(ONE_MORE_RUN)


def channel(name: str) -> Lock:
    """Who claims on it; the two claims of two processes would not see each other."""
    return Lock(CHANNEL, (name,))
