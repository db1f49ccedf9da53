"""The published JSON Schemas. ``python -m pipelines.cli.schemas`` writes them to ``configs/schemas`` of a checkout."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from connectors.records import RECORDS, json_schema
from pipelines.config import shipped
from pipelines.watchlists import watchlist


def schemas() -> dict[str, dict[str, Any]]:
    """Every schema by name: the records (``tagged-article``) and ``watchlist``."""
    found = {re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower(): json_schema(kind) for kind in RECORDS}
    return found | {"watchlist": watchlist.json_schema()}


def files() -> dict[str, str]:
    """The text of every schema file by its name."""
    return {
        f"{name}.schema.json": json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
        for name, schema in schemas().items()
    }


def write(folder: Path) -> None:
    """Write every schema into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(shipped() / "schemas")
