"""The shared SQL in PostgreSQL's words."""

import re
from functools import cache

GATHERED = re.compile(r"\bgathered\((\w+)\)")
LOCKING = re.compile(r"\blocking\(([^()]*)\)")
PASSING = re.compile(r"\bpassing_locked\(([^()]*)\)")


@cache
def worded(sql: str) -> str:
    """Numbers joined with commas, rows locked as they are read, or passed over where another has them."""
    sql = GATHERED.sub(r"string_agg(\1::text, ',')", sql)
    sql = LOCKING.sub(r"FOR UPDATE OF \1", sql)
    return PASSING.sub(r"FOR UPDATE OF \1 SKIP LOCKED", sql)
