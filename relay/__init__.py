"""Four Eyes: a relay from a company to everyone who opted in, and back in private threads."""

__version__ = "0.1.0"
