"""The tables of how members come in by themselves, and of those who pause."""

JOINING = (
    """
    CREATE TABLE invites (
        n $OWN_KEY, id TEXT NOT NULL UNIQUE, community BIGINT NOT NULL REFERENCES communities (n), code TEXT NOT NULL UNIQUE,
        label TEXT NOT NULL, created_by TEXT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT, uses BIGINT,
        used BIGINT NOT NULL, revoked_at BIGINT
    )""",
    """CREATE INDEX invites_of_community ON invites (community, n)""",
    """
    CREATE TABLE consent_texts (
        n $OWN_KEY, community BIGINT NOT NULL REFERENCES communities (n), language TEXT NOT NULL, version BIGINT NOT NULL,
        text TEXT NOT NULL, created_by TEXT NOT NULL, created_at BIGINT NOT NULL, UNIQUE (community, language, version)
    )""",
    # Whoever has not confirmed stands nowhere. Who has leaves the mark of that step for as long as it could be repeated.
    """CREATE TABLE joins (mark TEXT PRIMARY KEY, until_at BIGINT NOT NULL)""",
    """CREATE INDEX joins_by_age ON joins (until_at)""",
    """ALTER TABLE consents ADD COLUMN language TEXT NOT NULL DEFAULT ''""",
    """ALTER TABLE members ADD COLUMN paused_until BIGINT""",
    """CREATE INDEX members_paused ON members (paused_until) WHERE paused_until IS NOT NULL""",
    # Deliveries of those who pause; the row goes when its delivery has its seq, or has come to another end.
    """
    CREATE TABLE deferrals (delivery $GIVEN_KEY, member BIGINT NOT NULL, post BIGINT NOT NULL, due_at BIGINT NOT NULL)""",
    """CREATE INDEX deferrals_due ON deferrals (due_at)""",
    """CREATE INDEX deferrals_of_member ON deferrals (member, delivery)""",
    """CREATE INDEX deferrals_of_post ON deferrals (post)""",
)
