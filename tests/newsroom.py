"""A made-up news world: numbered articles in several languages, and a loopback server whose feeds grow.

Everything follows from a seed, so a test knows which articles exist, which of them are copies, and which must alert:
its oracle stands outside the system under test.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape

from pipelines.config import shipped

START = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)

OPENINGS = {
    "en": ["Officials said on Monday that", "Farmers in the valley report that", "The ministry announced that"],
    "ru": ["Власти сообщили в понедельник, что", "Жители долины рассказали, что", "Министерство объявило, что"],
    "fr": ["Les autorités ont déclaré lundi que", "Les agriculteurs signalent que", "Le ministère a annoncé que"],
}
PLAIN = {
    "en": ["the new tram line opens in spring", "the harvest was better than last year", "the museum will stay open"],
    "ru": ["новая линия трамвая откроется весной", "урожай лучше прошлогоднего", "музей останется открытым"],
    "fr": ["la nouvelle ligne de tram ouvrira au printemps", "la récolte est meilleure", "le musée restera ouvert"],
}
MARKED = {
    "en": "observers in Nagorno-Karabakh counted three violations of the ceasefire",
    "ru": "наблюдатели в Нагорном Карабахе насчитали три нарушения перемирия",
    "fr": "des observateurs au Haut-Karabakh ont compté trois violations du cessez-le-feu",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of one feed. *alerts*: it must raise `nagorno-karabakh`; *copy*: an earlier item has its text."""

    number: int
    feed: int
    language: str
    title: str
    text: str
    alerts: bool
    copy: bool

    @property
    def guid(self) -> str:
        return f"item-{self.number}"


def items(count: int, feeds: int = 5, seed: int = 1) -> list[Item]:
    """*count* items over *feeds*; about one in five alerts, one in ten is a copy of an earlier one of another feed."""
    rng = random.Random(seed)
    made: list[Item] = []
    for number in range(count):
        feed = number % feeds
        earlier = [m for m in made[-50:] if not m.copy and m.feed != feed]
        if earlier and rng.random() < 0.1:
            first = rng.choice(earlier)
            made.append(Item(number, feed, first.language, first.title, first.text, first.alerts, True))
            continue
        language = rng.choice(sorted(OPENINGS))
        alerts = rng.random() < 0.2
        parts = [
            f"{names(rng, language, 7)}. {rng.choice(OPENINGS[language])} {rng.choice(PLAIN[language])}."
            for _ in range(rng.randint(2, 6))
        ]
        if alerts:
            parts.insert(rng.randrange(len(parts)), f"{OPENINGS[language][0]} {MARKED[language]}.")
        title = f"{names(rng, language, 7)}: {rng.choice(PLAIN[language])} ({number})"
        made.append(Item(number, feed, language, title, " ".join(parts) + f" [{number}]", alerts, False))
    return made


def names(rng: random.Random, language: str, count: int) -> str:
    """*count* names that nobody bears, so that every item tells of an event of its own."""
    consonants, vowels = ("кгтдбпрсмнлвз", "аеиоу") if language == "ru" else ("kgtdbprsmnlvz", "aeiou")
    made = ("".join(rng.choice(consonants) + rng.choice(vowels) for _ in range(4)) for _ in range(count))
    return " ".join(map(str.capitalize, made))


def event(seed: str, words: int) -> str:
    """*words* names that an event of its own is about, the same for the same *seed*."""
    return names(random.Random(seed), "en", words)


def rss(feed: int, shown: Sequence[Item]) -> bytes:
    """The RSS document of *feed* with *shown*, newest first."""
    entries = "".join(
        f"<item><guid isPermaLink='false'>{item.guid}</guid><title>{escape(item.title)}</title>"
        f"<link>http://feed{feed}.example.org/{item.number}</link>"
        f"<pubDate>{format_datetime(START + timedelta(minutes=item.number))}</pubDate>"
        f"<description>{escape(item.text)}</description></item>"
        for item in reversed(shown)
    )
    head = f"<title>Feed {feed}</title><link>http://feed{feed}.example.org/</link><description>-</description>"
    return f"<?xml version='1.0' encoding='UTF-8'?><rss version='2.0'><channel>{head}{entries}</channel></rss>".encode()


class Newsroom:
    """Serves each feed at ``/<n>``; each answer shows *step* items more than the last, none is ever taken away."""

    def __init__(self, world: Sequence[Item], feeds: int, step: int) -> None:
        self.parts = [[item for item in world if item.feed == n] for n in range(feeds)]
        self.step = step
        self.shown = [0] * feeds
        self.polls = 0
        self.lock = threading.Lock()

    def answer(self, feed: int, validator: str) -> tuple[int, str, bytes]:
        with self.lock:
            self.polls += 1
            before = self.shown[feed]
            self.shown[feed] = min(len(self.parts[feed]), before + self.step)
            etag = f'"{self.shown[feed]}"'
            if validator == etag:
                return 304, etag, b""
            return 200, etag, rss(feed, self.parts[feed][: self.shown[feed]])

    @property
    def exhausted(self) -> bool:
        return all(shown == len(part) for shown, part in zip(self.shown, self.parts, strict=True))

    @contextmanager
    def serving(self) -> Iterator[str]:
        """The base address while the context lasts."""
        room = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                status, etag, body = room.answer(int(self.path.strip("/")), self.headers.get("If-None-Match", ""))
                self.send_response(status)
                self.send_header("ETag", etag)
                self.send_header("Content-Type", "application/rss+xml")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()


def configuration(base: str, feeds: int, interval: int = 1, sinks: str = "") -> str:
    """A wirewatch.yaml for the feeds at *base*."""
    sources = "\n".join(
        f"  - {{name: feed{n}, type: rss, url: '{base}/{n}', interval: {interval}s}}" for n in range(feeds)
    )
    sinks = sinks or "  - {name: file, type: jsonl, path: alerts.jsonl}"
    lists = shipped() / "watchlists"
    return f"data: data\nwatchlists: {lists}\nsources:\n{sources}\nsinks:\n{sinks}\nmetrics: {{port: 0}}\n"
