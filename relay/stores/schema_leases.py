"""The table of leases: what only one of several relay processes may do at a time."""

LEASES = ("""CREATE TABLE leases (name TEXT PRIMARY KEY, run BIGINT NOT NULL, until_at BIGINT NOT NULL)""",)
