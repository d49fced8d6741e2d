"""A time in the past, as people give it: 30d, 12h, or a date."""

import re
from datetime import UTC, datetime, timedelta

import click

_AGO = re.compile(r"(\d{1,6})\s*([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Since(click.ParamType[datetime]):
    """Gives an aware time in UTC; a date or time without a zone is UTC too."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Of what stands behind the option."""
        if isinstance(value, datetime):
            return value
        text, now = str(value).strip(), datetime.now(UTC)
        try:
            if found := _AGO.fullmatch(text):
                return now - timedelta(**{_UNITS[found[2]]: int(found[1])})
            at = datetime.fromisoformat(text)
            return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            self.fail(f"{text!r} is no time: write 30d, 12h, 90m, 2w, 2026-11-01 or 2026-11-01T08:00Z.", param, ctx)
