"""Which browser asks, in the words that its owner would use: "Firefox on Linux"."""

UNKNOWN = "Unknown browser"

# In this order: most of them also name those below, which they want to be taken for.
_BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("Vivaldi/", "Vivaldi"), ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("CrOS", "ChromeOS"), ("Windows", "Windows"),
    ("Mac OS X", "macOS"), ("Macintosh", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


def browser(user_agent: str) -> str:
    """A label of known words alone: nothing of what the header says is passed on."""
    name = _first(_BROWSERS, user_agent)
    system = _first(_SYSTEMS, user_agent)
    if name and system:
        return f"{name} on {system}"
    return name or (f"{UNKNOWN} on {system}" if system else UNKNOWN)


def _first(words: tuple[tuple[str, str], ...], text: str) -> str:
    return next((said for mark, said in words if mark in text), "")
