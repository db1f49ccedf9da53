"""Alerts for tests of sinks and deliveries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.records import Alert, Evidence, alert_id

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def evidence(surface: str = "CTSO", **changes: Any) -> Evidence:
    snippet = f"… ministers of the {surface} met on Tuesday …"
    values = {
        "rule": "actor: csto",
        "zone": "body",
        "start": 19,
        "end": 19 + len(surface),
        "surface": surface,
    }
    return Evidence(**(values | {"snippet": snippet} | changes))


def alert(number: int = 1, **changes: Any) -> Alert:
    values: dict[str, Any] = {
        "id": alert_id(changes.get("watchlist", "csto"), f"story {number}"),
        "watchlist": "csto",
        "watchlist_title": "Collective Security Treaty Organization",
        "severity": "high",
        "story": f"story {number}",
        "article": f"article {number}",
        "source": "hill-courier",
        "url": f"https://courier.example/news/{number}",
        "title": f"Ministers meet, part {number}",
        "language": "en",
        "fetched": NOON + timedelta(seconds=number),
        "evidence": (evidence(),),
    }
    return Alert(**(values | changes))


HOSTILE: dict[str, dict[str, Any]] = {
    "control characters": {"title": "a\x00b\x07c\x0b\x1bd\x7f\x85\x9be\ufffe\uffff"},
    "terminal sequences": {"title": "\x1b[2J\x1b]8;;http://evil.example\x07click\x1b]8;;\x07\x1b[31mred"},
    "direction overrides": {"title": "harmless \u202egpj.exe\u2066\u2067 \u200f\u061c"},
    "line breaks": {"title": "one\r\nwebhook-id: two\u2028three\n\n\tfour"},
    "markup": {"title": "[bold]x[/bold] <script>alert(1)</script> ]]> &amp; <!-- :smile: {0} %s"},
    "a title of a megabyte": {"title": "long " * 200_000},
    "an address that is none": {"url": "javascript:alert(1)//\x1b[31m \u202e\n<>"},
    "nothing at all": dict.fromkeys(("title", "url", "source", "watchlist_title", "language"), "") | {"evidence": ()},
    "a watchlist that is a path": {"watchlist": "../../etc/passwd"},
    "hostile evidence": {
        "evidence": (evidence("\x1b[31m\u202e<b>", rule="[red]\x1b]0;x\x07", snippet="\x1b[2J<i>\x00"),)
    },
    "much evidence": {"evidence": tuple(evidence(f"name {n}", start=n, end=n + 6) for n in range(5000))},
}
"""Changes to an alert that no sink may be harmed by."""
