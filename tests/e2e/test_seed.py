"""The acceptance article through the whole line: feed over HTTP, log, flow, alerts with spans from the body."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from newsroom import configuration

from connectors.buses import local
from connectors.records import Alert, TaggedArticle, decode

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

ROOT = Path(__file__).parents[2]
SEED = Path(os.environ.get("WIREWATCH_EVAL", ROOT.parent / "shared" / "eval")).parent / "seed" / "al-jazeera-2023.txt"
TWIN = ROOT / "tests" / "data" / "twin.xml"


@contextmanager
def serving(body: bytes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/rss+xml; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def through_the_line(body: bytes, folder: Path) -> tuple[TaggedArticle, dict[str, Alert]]:
    with serving(body) as base:
        (folder / "wirewatch.yaml").write_text(configuration(base, 1))
        command = [sys.executable, "-m", "pipelines.cli", "run", "-c", str(folder / "wirewatch.yaml"), "--until-idle"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
    bus = local.build(local.Options(path=folder / "data"))
    (tagged,) = [decode(TaggedArticle, r.value) for r in bus.read("tagged", 0, 0, 10)]
    alerts = {}
    for topic in bus.topics():
        if topic.startswith("alerts."):
            alerts |= {topic.removeprefix("alerts."): decode(Alert, r.value) for r in bus.read(topic, 0, 0, 10)}
    bus.close()
    return tagged, alerts


def seed_feed(whole: bool) -> bytes:
    """The seed in an RSS feed: captions as captions when whole, else title and summary only."""
    title, summary, *rest = [p for p in SEED.read_text().split("\n\n") if p.strip()]
    parts = []
    for paragraph in [summary, *rest]:
        lines = paragraph.split("\n")
        if "[File:" in paragraph:
            parts.append(f"<figure><img src='x.jpg'/><figcaption>{escape(lines[-1])}</figcaption></figure>")
        else:
            parts += [f"<p>{escape(line)}</p>" for line in lines]
    content = f"<content:encoded><![CDATA[{''.join(parts)}]]></content:encoded>" if whole else ""
    return (
        "<?xml version='1.0'?><rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/'><channel>"
        "<title>t</title><link>https://example.org/</link><description>d</description><item><guid>seed</guid>"
        f"<title>{escape(title)}</title><link>https://example.org/seed</link><description>{escape(summary)}</description>"
        f"{content}</item></channel></rss>"
    ).encode()


def check(tagged: TaggedArticle, alerts: dict[str, Alert]) -> None:
    assert set(alerts) >= {"nagorno-karabakh", "csto"}
    zones = dict(tagged.article.zones())
    for alert in alerts.values():
        for e in alert.evidence:
            assert zones[e.zone][e.start : e.end] == e.surface
        assert any(e.zone == "body" for e in alert.evidence)
    slips = {(e.surface, e.how) for a in alerts.values() for e in a.evidence if e.how != "exact"}
    assert ("CTSO", "acronym") in slips
    assert ("Nagorno-Karbakh", "slip") in slips
    actors = {t.surface for t in tagged.tags if t.kind == "actor"}
    assert not {s for s in actors if re.search(r"\b(AP|Reuters|Sputnik|pool)\b", s)}


@pytest.mark.skipif(not SEED.is_file(), reason="the seed article is not here")
def test_the_seed_article_fires_both_lists_from_its_body(tmp_path: Path) -> None:
    check(*through_the_line(seed_feed(whole=True), tmp_path))


@pytest.mark.skipif(not SEED.is_file(), reason="the seed article is not here")
def test_title_and_summary_of_the_seed_say_nothing_of_the_csto(tmp_path: Path) -> None:
    _, alerts = through_the_line(seed_feed(whole=False), tmp_path)
    assert "nagorno-karabakh" in alerts
    assert "csto" not in alerts


def test_the_twin_fires_both_lists_from_its_body(tmp_path: Path) -> None:
    check(*through_the_line(TWIN.read_bytes(), tmp_path))
