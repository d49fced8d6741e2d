"""Alike: texts that are nearly the same, found by fingerprints that agree in as many places as the texts have pieces in common.

Compared are letters alone, so that a changed name, number or link does not hide a copy.
"""

from collections.abc import Iterable
from zlib import crc32

from relay.core.text import Tables, Text

COMPARED = 250  # letters: copies differ or agree early
PIECE = 5  # letters of one piece: shared pieces make texts alike, wherever they stand
CELLS = 32  # bytes of a fingerprint: every piece falls into one, and its smallest value stays there
SHORTEST = 40  # letters below which only the same text is alike: few pieces agree by chance
SIMILARITY = 60  # percent of the pieces that two texts have in common


def letters_of(folded: str) -> str:
    """What is compared of a text, from its folded view."""
    return "".join(filter(str.isalpha, folded[: 2 * COMPARED]))[:COMPARED]


def fingerprint(letters: str) -> bytes:
    """Bytes that agree in as many places as two texts have pieces in common; 0 marks an empty place."""
    signs = letters.encode("utf-16-le", "surrogatepass")
    pieces = {crc32(signs[at : at + 2 * PIECE]) for at in range(0, len(signs) - 2 * PIECE + 1, 2)}
    smallest = {piece % CELLS: piece for piece in sorted(pieces, reverse=True)}
    return bytes(smallest[cell] // CELLS % 255 + 1 if cell in smallest else 0 for cell in range(CELLS))


def alike(mark: bytes, marks: bytes, percent: float) -> list[int]:
    """The places of the fingerprints that agree with one in so many of their cells; empty in both does not count.

    All are compared in one step: a cell that agrees is 0 in the difference, one that is empty in both is 0 in the union.
    """
    count = len(marks) // CELLS
    all_of_them, one = int.from_bytes(marks, "big"), int.from_bytes(mark * count, "big")
    agreeing = (all_of_them ^ one).to_bytes(len(marks), "big").count
    empty = (all_of_them | one).to_bytes(len(marks), "big").count
    least = percent / 100
    found = []
    for place, start in enumerate(range(0, len(marks), CELLS)):
        end = start + CELLS
        if (same := agreeing(0, start, end)) >= least * CELLS:
            neither = empty(0, start, end)
            if same - neither >= least * (CELLS - neither):
                found.append(place)
    return found


def clusters(texts: Iterable[str]) -> tuple[tuple[int, ...], ...]:
    """The places of those that are nearly the same, two or more together, in the order of the first of each.

    Each text is compared with the first of every cluster alone, so a chain of small changes does not join what is unlike.
    """
    found: list[list[int]] = []
    same: dict[str, list[int]] = {}
    marks, marked = bytearray(), list[list[int]]()
    for place, text in enumerate(texts):
        folded = Text(text, Tables()).folded
        letters = letters_of(folded) or folded.strip()
        cluster = same.get(letters)
        if cluster is None and len(letters) >= SHORTEST:
            mark = fingerprint(letters)
            near = alike(mark, bytes(marks), SIMILARITY)
            if not near:
                marks += mark
                marked.append([])
            cluster = marked[near[0] if near else -1]
        cluster = same.setdefault(letters, [] if cluster is None else cluster)
        if not cluster:
            found.append(cluster)
        cluster.append(place)
    return tuple(tuple(cluster) for cluster in found if len(cluster) > 1)
