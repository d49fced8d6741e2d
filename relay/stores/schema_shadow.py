"""What shadow mode keeps out of the inbox: messages know the measure by which it does, empty for all others."""

SHADOW = (
    """ALTER TABLE messages ADD COLUMN measure TEXT NOT NULL DEFAULT ''""",
    """CREATE INDEX messages_apart ON messages (member, n) WHERE measure <> ''""",
    """CREATE INDEX measures_shadow ON measures (member) WHERE kind = 'shadow'""",
)
