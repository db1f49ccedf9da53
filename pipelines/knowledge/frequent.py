"""The commonest words of languages, from which names are told that would be met in every other article.

They stand in ``configs/languages/frequent.tsv.gz``, by language in the order of their frequency, compiled from wordfreq
(`pipelines.knowledge.building`). They are for `knowledge check`; nothing of the flow reads them.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path

FILE = "frequent.tsv.gz"


def load(folder: Path) -> Mapping[str, Mapping[str, int]]:
    """By language the rank of each word, folded, from 1. Cost: 50 ms."""
    found: dict[str, dict[str, int]] = {}
    for line in gzip.decompress((folder / FILE).read_bytes()).decode().splitlines():
        language, _, word = line.partition("\t")
        words = found.setdefault(language, {})
        words.setdefault(word, len(words) + 1)
    return found
