"""Which language texts are in: the share that is told right, by length and by what the source declares.

A score and one ratio. Headlines are those of ``tests/headlines``, written in some forty languages; texts of 200
characters are headlines of one language in a row. With ``WIREWATCH_BENCH`` also the first 200 characters of the recorded
articles of that file, whose languages are known. The floor is the bare identifier on the same headlines.
"""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from ruamel.yaml import YAML

from pipelines.language import _identifier, identified
from tests.benchmarks.rounds import interleaved, report

HEADLINES = Path(__file__).parents[1] / "headlines"

ASKED = ("en", "ru", "uk", "hy", "az", "tr", "fa", "ka", "ar", "fr", "de", "es")

LENGTH = 200

RECORDED = {"rus": "ru", "ukr": "uk", "hye": "hy", "aze-Latn": "az", "tur": "tr", "fas": "fa", "kat": "ka", "arb": "ar"}
RECORDED |= {"fra": "fr", "fra-CA": "fr", "deu": "de", "spa": "es", "spa-MX": "es", "en": "en", "eng": "en", "ru": "ru"}
"""How the recorded articles call the languages that are asked for."""

Text = tuple[str, str]
"""Language and text."""


def headlines() -> list[Text]:
    """Every headline."""
    cases = (
        case for path in sorted(HEADLINES.glob("*.yaml")) for case in YAML(typ="safe").load(path.read_text("utf-8"))
    )
    return [(case["language"], case["title"]) for case in cases if case.get("title")]


def rows() -> Iterator[Text]:
    """Headlines of one language in a row, until they have so many characters."""
    row: defaultdict[str, str] = defaultdict(str)
    for language, text in headlines():
        row[language] += f"{text}. "
        if len(row[language]) >= LENGTH:
            yield language, row.pop(language)[:LENGTH]


def recorded(path: Path) -> Iterator[Text]:
    """The beginnings of recorded articles."""
    for line in gzip.decompress(path.read_bytes()).splitlines():
        article = json.loads(line)
        if (language := RECORDED.get(article["lang"])) and len(article["text"]) >= LENGTH:
            yield language, " ".join(article["text"].split())[:LENGTH]


def right(texts: list[Text], declared: str | None = "") -> tuple[int, Counter[Text]]:
    """How many are told right, and what is taken for what; *declared* of all, None: what is true."""
    told = [(language, identified(text, language if declared is None else declared)) for language, text in texts]
    return sum(one == other for one, other in told), Counter((one, other) for one, other in told if one != other)


def main() -> None:
    titles, long = headlines(), [text for text in rows() if text[0] in ASKED]
    _print("headlines, nothing declared", titles)
    _print("headlines, declared rightly", titles, None)
    _print("headlines, all declared English", titles, "en")
    _print(f"{LENGTH} characters, {len(ASKED)} languages", long)
    if file := os.environ.get("WIREWATCH_BENCH"):
        _print(f"{LENGTH} characters of recorded articles", list(recorded(Path(file))))
    texts, bare = [text for _, text in titles], _identifier().classify

    def ours() -> None:
        for text in texts:
            identified(text)

    def floor() -> None:
        for text in texts:
            bare(text)

    report(interleaved({"ours": ours, "bare py3langid": floor}), "headline", len(texts), "ours", "bare py3langid")


def _print(what: str, texts: list[Text], declared: str | None = "") -> None:
    count, wrong = right(texts, declared)
    worst = ", ".join(f"{one} for {other} {times}" for (other, one), times in wrong.most_common(5))
    print(f"  {what}: {count} of {len(texts)} right{f'; taken: {worst}' if wrong else ''}")


if __name__ == "__main__":
    main()
