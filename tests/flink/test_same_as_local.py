"""The same articles on one machine and on the cluster: the same records, byte for byte."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

from clustered import count, firsts, fresh, plan, running, until
from factories import article
from newsroom import items

from connectors.buses import Bus, Entry
from connectors.feed import parse
from connectors.records import Alert, Article, article_id, decode, encode
from pipelines import flow
from pipelines.address import Address
from pipelines.canary import SOURCE
from pipelines.config import shipped
from pipelines.dedup import fingerprints

ARTICLES = int(os.environ.get("WIREWATCH_ARTICLES", "1500"))
ROOT = Path(__file__).parents[2]
SEED = Path(os.environ.get("WIREWATCH_EVAL", ROOT.parent / "shared" / "eval")).parent / "seed" / "al-jazeera-2023.txt"


def world() -> list[Article]:
    """Made-up articles, the sample feeds, the twin, and the seed when it is here: copies and revisions among them."""
    found: list[Article] = []
    for item in items(ARTICLES - 100, 5, 2):
        source = f"feed{item.feed}"
        key = article_id(source, item.guid, "", "")
        found.append(article(item.title, item.text, source=source, entry=item.guid, id=key))
    for file in [*sorted((shipped() / "samples").glob("*.xml")), ROOT / "tests" / "data" / "twin.xml"]:
        for item in parse(file.read_bytes()).items:
            key = article_id(file.stem, item.id, item.link, item.title)
            fields = {"id": key, "url": item.link, "lead": item.lead, "captions": item.captions}
            found.append(article(item.title, item.body, source=file.stem, entry=item.id, **fields))
    if SEED.is_file():
        title, *rest = SEED.read_text().split("\n\n")
        found.append(article(title, "\n\n".join(rest), source="seed", entry="seed"))
    return list({a.key: a for a in found}.values())


def waves(articles: list[Article]) -> list[list[Article]]:
    """*articles* so that one that shares a fingerprint with another comes in a later wave than that.

    What may join the story of another, all that is not made up for an event of its own, comes alone.
    """
    made = [a for a in articles if a.source.startswith("feed")]
    others = [[a] for a in articles if not a.source.startswith("feed")]
    latest: dict[str, int] = {}
    parted: list[list[Article]] = []
    for one in made:
        marks = fingerprints(one)
        wave = max((latest[mark] + 1 for mark in marks if mark in latest), default=0)
        latest |= dict.fromkeys(marks, wave)
        parted += [[] for _ in range(wave + 1 - len(parted))]
        parted[wave].append(one)
    return parted + others


def put(bus: Bus, articles: list[Article]) -> None:
    for start in range(0, len(articles), 200):
        bus.append([Entry("articles", a.key, encode(a)) for a in articles[start : start + 200]])


def on_one_machine(address: Address, waves: list[list[Article]]) -> None:
    bus, stop = address.open(), threading.Event()
    thread = threading.Thread(target=flow.run, args=(plan(address), stop), daemon=True)
    thread.start()
    for wave in waves:
        done = count(bus, "tagged") + len(wave)
        put(bus, wave)
        until(lambda done=done: count(bus, "tagged") >= done, 300)
    stop.set()
    thread.join(20)


def outcome(bus: Bus) -> dict[str, dict[str, bytes | None]]:
    found = {name: {k: r.value for k, r in firsts(bus, name).items()} for name in bus.topics() if name[0] in "ta"}
    probes = {k for k, v in found.pop("articles").items() if json.loads(v or b"{}")["source"] == SOURCE}
    found["tagged"] = {k: v for k, v in found["tagged"].items() if k not in probes}
    return {name: records for name, records in found.items() if name == "tagged" or name.startswith("alerts.")}


def test_the_cluster_gives_the_same_alerts_evidence_and_tags_as_one_machine(tmp_path: Path) -> None:
    """Copies come after their originals; within each wave the partitions are read in any order."""
    parts = waves(world())
    here = fresh("local", tmp_path / "log")
    on_one_machine(here, parts)
    there = fresh("kafka", articles=4, tagged=4)
    bus = there.open()
    with running(there, parallelism=2):
        done = count(bus, "tagged")
        for wave in parts:
            put(bus, wave)
            done += len(wave)
            until(lambda: count(bus, "tagged") >= done, 300)  # noqa: B023 - called at once
        until(lambda: sum(map(len, outcome(bus).values())) >= sum(map(len, outcome(here.open()).values())), 30)
    one, other = outcome(here.open()), outcome(bus)
    assert one.keys() == other.keys() >= {"tagged", "alerts.nagorno-karabakh", "alerts.csto"}
    for topic, records in one.items():
        assert records == other[topic], topic
    alerts = [decode(Alert, v) for name, found in one.items() if name != "tagged" for v in found.values()]
    print(f"{len(one['tagged'])} tagged records and {len(alerts)} alerts are the same bytes")
    assert len(alerts) > ARTICLES / 10
    assert all(alert.evidence for alert in alerts)
