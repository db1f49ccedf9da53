"""What isolation costs: a feed parsed in a child ÷ by feedparser in this process, and by our parser in this process.

Wall time, because the work is in another process; interleaved; 30-entry feeds of full text. The entries found are
compared before anything is timed.
"""

from __future__ import annotations

import asyncio
import io
import statistics
import time

import feedparser

from connectors.child import Child
from connectors.feed import parse
from tests.newsroom import items, rss

ENTRIES, FEEDS, ROUNDS = 30, 20, 7


def documents() -> list[bytes]:
    """Different feeds, so that nothing is cached."""
    return [rss(0, items(ENTRIES, 1, seed)) for seed in range(FEEDS)]


async def measure() -> dict[str, list[float]]:
    """Seconds a feed, by way of parsing and round."""
    feeds = documents()
    times: dict[str, list[float]] = {"feedparser": [], "in process": [], "in a child": []}
    async with Child(1) as child:
        for body in feeds:
            titles = [e.title for e in feedparser.parse(io.BytesIO(body)).entries]
            assert [i.title for i in (await child.parse(body)).items] == titles
        for number in range(ROUNDS):
            for name in sorted(times, reverse=bool(number % 2)):
                started = time.perf_counter()
                for body in feeds:
                    if name == "feedparser":
                        feedparser.parse(io.BytesIO(body))
                    elif name == "in process":
                        parse(body)
                    else:
                        await child.parse(body)
                times[name].append((time.perf_counter() - started) / FEEDS)
    return times


def main() -> None:
    """Print each way's cost a feed and the ratios."""
    medians = {name: statistics.median(values) for name, values in asyncio.run(measure()).items()}
    for name, value in medians.items():
        print(f"  {name:12} {value * 1e3:6.2f} ms a feed of {ENTRIES} entries")
    print(f"  ratio in a child ÷ feedparser (with its sanitiser): {medians['in a child'] / medians['feedparser']:.2f}")
    print(f"  ratio in a child ÷ in process: {medians['in a child'] / medians['in process']:.2f}")
