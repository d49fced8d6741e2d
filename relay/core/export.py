"""What the export of a community is made of: one kind of row after the other, each on its own and named by ids."""

from enum import StrEnum


class ExportKind(StrEnum):
    """In an order in which whoever reads them has met what a row points to."""

    MEMBERS = "members"
    CONSENT_TEXTS = "consent_texts"
    CONSENTS = "consents"
    ADDRESSES = "addresses"
    POSTS = "posts"
    DELIVERIES = "deliveries"
    PRESSES = "presses"
    THREADS = "threads"
    MESSAGES = "messages"
    CASES = "cases"
    STRIKES = "strikes"
    MEASURES = "measures"
