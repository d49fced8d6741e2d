"""What the members of the demo say: the lines of a file, or a set of our own in German and English."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Final

OWN: Final = Path(__file__).with_name("texts.txt")
LONGEST: Final = 4096  # characters that a message may have; longer lines are cut
RUDE: Final = 0.06  # share of rude replies in our own set: enough to see what becomes of them
TRIES: Final = 20  # for a text that was not there yet
_CHOICE: Final = re.compile(r"\{([^{}]*)\}")


def of_file(path: Path, count: int) -> list[str]:
    """`count` texts from JSON lines with a "text", or from plain lines; from the start again when there are fewer.

    Raises ValueError when there is none.
    """
    found = [text for line in path.read_text("utf-8", errors="replace").splitlines() if (text := _text(line))]
    if not found:
        raise ValueError(f"{path} holds no text")
    return [found[number % len(found)] for number in range(count)]


def own(count: int, random: Random) -> list[str]:
    """`count` texts of our own, no two alike as long as there are choices left."""
    kind, rude = lines()
    seen: set[str] = set()
    texts: list[str] = []
    for _ in range(count):
        tries = (_chosen(random.choice(rude if random.random() < RUDE else kind), random) for _ in range(TRIES))
        text = next((each for each in tries if each not in seen), None)
        texts.append(text or _chosen(random.choice(kind), random))
        seen.add(texts[-1])
    return texts


def lines() -> tuple[Sequence[str], Sequence[str]]:
    """The kind and the rude lines of our own set, their choices still open."""
    all_of = [line for line in OWN.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    return [line for line in all_of if line[0] != "!"], [line[2:] for line in all_of if line[0] == "!"]


def _chosen(line: str, random: Random) -> str:
    return _CHOICE.sub(lambda found: random.choice(found[1].split("|")), line).strip()


def _text(line: str) -> str:
    """The text of one line, as a member may send it."""
    text = line
    if line.lstrip().startswith("{"):
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if isinstance(found, dict) and isinstance(found.get("text"), str):
            text = found["text"]
    return text.replace("\x00", "").encode("utf-8", "ignore").decode()[:LONGEST].strip()
