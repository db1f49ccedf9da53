"""Where any of many keys stand in a text, in one pass: the engine below `pipelines.scanning`.

The engine is an Aho-Corasick automaton, or with ``WIREWATCH_AUTOMATON=hyperscan`` Hyperscan's literal matcher (Wang et
al., "Hyperscan: A Fast Multi-pattern Regex Matcher for Modern CPUs", NSDI 2019). Both find the same.

Measured on articles of 340 words: when keys are rare (0.1 occurrences an article) Hyperscan takes 4 µs where
Aho-Corasick takes 10 with 1,000 keys, 6 and 15 with 10,000, 11 and 17 with 100,000, but 31 and 19 with 500,000. When
they are frequent (200 to 360 occurrences) it takes 1.6 to 2.7 times as long, as each is a call. It is built in ten
times the time (100,000 keys: 2 s; 500,000: 14 s) and six times the memory. Hence a choice, not the default.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from threading import Lock

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from connectors.errors import ConfigError, Problem

Find = Callable[[str], Iterable[tuple[int, int, int]]]
"""Every place in a text where a key stands, overlapping ones too, in no order: its number, start and end."""

VARIABLE = "WIREWATCH_AUTOMATON"

FEW = 50
"""Keys below which Hyperscan is not worth a database of its own: every watchlist that was met has a small automaton."""

LONG = 4_000
"""Most characters of a key for Hyperscan, which takes 16,000 bytes."""


def automaton(keys: Collection[str], engine: str | None = None) -> Find:
    """What finds *keys*, all different and none empty, with *engine*, by default the one that the environment names.

    What is returned may be shared between threads and does not pickle.

    Raises:
        ConfigError: there is no such engine, or it is not installed.
    """
    name = engine or os.environ.get(VARIABLE) or "ahocorasick"
    if name not in ENGINES:
        raise ConfigError(Problem(VARIABLE, 0, 0, f"no engine '{name}'; there are {' and '.join(ENGINES)}"))
    return ENGINES["ahocorasick" if len(keys) < FEW else name](keys)


def ahocorasick(keys: Collection[str]) -> Find:
    """The default. Cost: 1 to 3 µs a key to build and some 160 bytes to keep; a scan is 5 to 9 ns a character."""
    engine = AhoCorasick(keys, matchkind=MatchKind.Standard, implementation=Implementation.ContiguousNFA)
    return partial(engine.find_matches_as_indexes, overlapping=True)


def hyperscan(keys: Collection[str]) -> Find:
    """Hyperscan's. Cost: 15 to 30 µs a key to build, up to 1 KB to keep; threads scan one after the other.

    Does not: take a zero character, keys of more than `LONG` or none at all; there `ahocorasick` stands in.
    """
    try:
        import hyperscan as hs  # noqa: PLC0415 - it is optional
    except ImportError:
        raise ConfigError(Problem(VARIABLE, 0, 0, "hyperscan is not installed")) from None
    if not keys or any("\0" in key or len(key) > LONG for key in keys):
        return ahocorasick(keys)
    database = hs.Database(mode=hs.HS_MODE_BLOCK)
    database.compile(expressions=[key.encode("utf-8", "surrogatepass") for key in keys], literal=True)
    lengths = array("H", map(len, keys))
    lock = Lock()  # a database has one scratch space

    def find(text: str) -> list[tuple[int, int, int]]:
        found: list[tuple[int, int]] = []
        data = text.encode()
        with lock:
            database.scan(data, lambda key, _start, end, _flags, _context: found.append((end, key)))
        if len(data) == len(text):  # a byte is a character
            return [(key, end - lengths[key], end) for end, key in found]
        return _in_characters(found, data, lengths)

    return find


def _in_characters(found: list[tuple[int, int]], data: bytes, lengths: Sequence[int]) -> list[tuple[int, int, int]]:
    """*found*, ends in *data* with their keys, counted in characters: what lies between two ends is decoded once."""
    spans = []
    byte = character = 0
    for end, key in sorted(found):
        character += len(data[byte:end].decode())
        byte = end
        spans.append((key, character - lengths[key], character))
    return spans


ENGINES: dict[str, Callable[[Collection[str]], Find]] = {"ahocorasick": ahocorasick, "hyperscan": hyperscan}
