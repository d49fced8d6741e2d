"""A file of the messages that a replay would bring before staff, in which a person fills in what is a false alarm."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from relay.cli.screen import as_line
from relay.cli.shape import Exit, Failure
from relay.core.replay import Past
from relay.core.verdict import Action, Decision

LABELS = {Action.ALLOW: "delivered", Action.REJECT: "rejected"}  # as `relay moderation calibrate` reads them
Alarm = Callable[[Past, Decision], None]


@contextmanager
def to_label(path: Path | None) -> Iterator[Alarm]:
    """Gives what writes a message, a JSON object a line, and nowhere where there is no path.

    The file is for its owner alone, and gone again when what it is written for fails. Raises Failure when it is there already.
    """
    if path is None:
        yield lambda _past, _decision: None
        return
    try:
        file = _new(path)
    except FileExistsError:
        raise Failure(f"{path} is there already, and labels in it are not written over. Name another.", Exit.USAGE) from None
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}.", Exit.USAGE) from None
    with file:
        try:
            yield lambda past, decision: print(as_line(_line(past, decision)), file=file)
        except BaseException:
            path.unlink(missing_ok=True)
            raise


def _line(past: Past, decision: Decision) -> dict[str, object]:
    """`label` is what staff ruled, null for a person to fill in."""
    return {
        "id": past.submission.id,
        "text": past.submission.text,
        "label": past.ruled and LABELS.get(past.ruled, "rejected"),
        "then": past.action,
        "now": decision.action,
        "score": round(decision.score, 4),
        "signals": list(dict.fromkeys(seen.signal.name for seen in decision.signals)),
    }


def _new(path: Path) -> TextIO:
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8")  # noqa: PTH123  for its owner
