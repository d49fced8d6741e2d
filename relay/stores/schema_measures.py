"""The tables of what stands against a member: strikes, and the measures that came of them or of a person."""

MEASURES = (
    """
    CREATE TABLE strikes (
        n $KEY, member BIGINT NOT NULL REFERENCES members (n), case_id TEXT NOT NULL, points DOUBLE PRECISION NOT NULL,
        at BIGINT NOT NULL, taken_back_at BIGINT, UNIQUE (member, case_id)
    )""",
    """
    CREATE TABLE measures (
        n $KEY, id TEXT NOT NULL UNIQUE, member BIGINT NOT NULL REFERENCES members (n), kind TEXT NOT NULL,
        state BIGINT NOT NULL, at BIGINT NOT NULL, until_at BIGINT NOT NULL, imposed_by TEXT NOT NULL, reason TEXT NOT NULL,
        case_id TEXT, ended_at BIGINT, ended_by TEXT NOT NULL, objected_at BIGINT
    )""",
    """CREATE INDEX measures_of_member ON measures (member, n)""",
    """CREATE INDEX measures_proposed ON measures (n) WHERE state = 0""",
    """CREATE INDEX measures_bans ON measures (until_at) WHERE kind = 'ban' AND state = 1""",
)

OBJECTIONS = (
    # What a member said against a measure, by the id of their message; who else looked at it, and why it stays if it does.
    """ALTER TABLE measures ADD COLUMN objection TEXT""",
    """ALTER TABLE measures ADD COLUMN answered_at BIGINT""",
    """ALTER TABLE measures ADD COLUMN answered_by TEXT NOT NULL DEFAULT ''""",
    """ALTER TABLE measures ADD COLUMN answer TEXT NOT NULL DEFAULT ''""",
    """CREATE INDEX measures_objected ON measures (n) WHERE objected_at IS NOT NULL AND answered_at IS NULL""",
)
