"""The table of what may connect to the MQTT broker; a template, see schema.py."""

DEVICES = (
    # Points to nothing: a row outlives its member until the broker has nothing of theirs any more.
    """
    CREATE TABLE devices (
        n $KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, subject TEXT NOT NULL, device TEXT NOT NULL, digest TEXT NOT NULL,
        salt TEXT NOT NULL, iterations BIGINT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT, revoked_at BIGINT
    )""",
    """CREATE INDEX devices_of_subject ON devices (subject)""",
    """CREATE INDEX devices_ended ON devices (n) WHERE revoked_at IS NOT NULL""",
)

SEALS = (
    """ALTER TABLE devices ADD COLUMN sealed TEXT NOT NULL DEFAULT ''""",
    """CREATE INDEX devices_sealed ON devices (n) WHERE sealed <> ''""",
    """CREATE INDEX devices_expiring ON devices (expires_at) WHERE expires_at IS NOT NULL""",
)
"""A new secret waits, sealed, until whoever administrates the broker has made its client there."""
