"""Dates of feeds, read from their text: RFC 822, ISO 8601, zone names as agencies write them."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz
from time import struct_time

EARLIEST = datetime(1995, 1, 1, tzinfo=UTC).timestamp()
"""Before it there were no news sites: an older date is a mistake (B-027)."""

AHEAD = 86400.0
"""Seconds a date may lie ahead of our clock: a zone left out, or a clock that runs fast (B-028)."""

ZONES = {
    "MSK": 3, "MSD": 4, "AMT": 4, "AZT": 4, "AZST": 5, "GET": 4, "TRT": 3, "EET": 2, "EEST": 3, "CET": 1, "CEST": 2,
    "WET": 0, "WEST": 1, "BST": 1, "IST": 5.5, "IRST": 3.5, "SAMT": 4, "YEKT": 5, "ALMT": 5, "UZT": 5, "TJT": 5,
    "KGT": 6, "TMT": 5, "JST": 9, "KST": 9, "HKT": 8, "SGT": 8, "PKT": 5, "GST": 4, "AST": 3, "UTC": 0, "GMT": 0,
    "Z": 0, "UT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}  # fmt: skip
"""Hours east of Greenwich by zone name, as used by outlets of the region: where a name is shared, theirs wins (AMT is
Yerevan, not the Amazon). Source: IANA time zone database, abbreviations in use since 2010."""

_ZONE = re.compile(r"\s\(?([A-Z]{1,5})\)?\s*$")


def when(text: str | None, parsed: struct_time | None, now: float | None) -> float | None:
    """Seconds since the epoch, or None for what is no date, or none to believe.

    Args:
        text: The date as written.
        parsed: What feedparser made of it, used where our reading fails and no zone name is in doubt.
        now: Our clock; None believes any date.
    """
    found = _read(text.strip()[:100]) if text else None
    if found is None and parsed is not None and not _unknown_zone(text or ""):
        try:
            found = float(calendar.timegm(parsed))
        except (ValueError, OverflowError, TypeError, IndexError):
            return None
    if found is None or now is None:
        return found
    return found if EARLIEST <= found <= now + AHEAD else None


def _read(text: str) -> float | None:
    hours: float | None = None
    if (zone := _ZONE.search(text)) and zone[1] in ZONES:
        hours, text = ZONES[zone[1]], text[: zone.start()]
    try:
        if fields := parsedate_tz(text):
            moment = datetime(*fields[:6], tzinfo=UTC)
            offset = hours * 3600 if hours is not None else fields[9] or 0
            return (moment - timedelta(seconds=offset)).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):
        pass
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC) - timedelta(hours=hours or 0)
        return moment.timestamp()
    except (ValueError, OverflowError):
        return None


def _unknown_zone(text: str) -> bool:
    zone = _ZONE.search(text.strip())
    return bool(zone) and zone is not None and zone[1] not in ZONES and zone[1] not in ("AM", "PM")
