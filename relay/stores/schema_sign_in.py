"""The tables of signing in: a person's passphrase, by its hash alone, and when a session was used last."""

SIGN_IN = (
    # Apart from the person, so that nothing that reads people reads it.
    """
    CREATE TABLE passphrases (
        staff $GIVEN_KEY REFERENCES staff (n), hash TEXT NOT NULL, changed_at BIGINT NOT NULL
    )""",
    """ALTER TABLE tokens ADD COLUMN seen_at BIGINT""",
)
