"""The tables of what staff's decisions teach: the lesson of a case, and the models that were learned from lessons."""

MODELS = (
    # What the last decision of a person teaches, 0 for nothing, and when a person decided first.
    """ALTER TABLE cases ADD COLUMN lesson BIGINT NOT NULL DEFAULT 0""",
    """ALTER TABLE cases ADD COLUMN taught_at BIGINT""",
    """CREATE INDEX cases_lessons ON cases (community, lesson, n) WHERE lesson <> 0""",
    """CREATE INDEX cases_taught_anew ON cases (community, decided_at) WHERE taught_at < decided_at""",
    # Of one that is empty, figures are left.
    """
    CREATE TABLE models (
        n $OWN_KEY, id TEXT NOT NULL UNIQUE, community BIGINT NOT NULL REFERENCES communities (n), number BIGINT NOT NULL,
        at BIGINT NOT NULL, upto BIGINT NOT NULL, rejected BIGINT NOT NULL, delivered BIGINT NOT NULL, members BIGINT NOT NULL,
        figures TEXT NOT NULL, known BIGINT NOT NULL, words TEXT NOT NULL, content TEXT NOT NULL, emptied_at BIGINT,
        used_at BIGINT, used_by TEXT NOT NULL, UNIQUE (community, number)
    )""",
    """CREATE UNIQUE INDEX models_in_use ON models (community) WHERE used_at IS NOT NULL""",
    # Whom it learned from: it is emptied with the first of them that is erased.
    """
    CREATE TABLE model_members (
        model BIGINT NOT NULL REFERENCES models (n), member BIGINT NOT NULL, PRIMARY KEY (model, member)
    )""",
    """CREATE INDEX model_members_by_member ON model_members (member)""",
)
