"""What Beam costs: the flow under LocalStreamingRunner ÷ the same functions in a plain loop.

Both read the same preloaded log, do decode, de-duplicate, tag, flag and tell on micro-batches of 100, and append what
comes out to a log of their own. Outputs are compared before anything is timed. Aim: ≤ 1.25.
"""

from __future__ import annotations

import itertools
import threading
import time
from functools import partial

from connectors.buses import Bus, Entry
from connectors.records import article_id, encode
from pipelines import stages
from pipelines.address import Address
from pipelines.config import shipped
from pipelines.dedup import Seen
from pipelines.flow import GROUP, Plan, run
from pipelines.layout import TOPICS
from pipelines.rules import RulesAt
from pipelines.stories.candidate import told
from pipelines.stories.memory import Stories
from pipelines.stories.rarity import Rarity, load
from pipelines.taggers import gazetteer
from tests.benchmarks.rounds import interleaved, report
from tests.factories import article
from tests.newsroom import items

COUNT = 4000
_numbers = itertools.count()


def prepared() -> Address:
    """A memory bus with the shipped watchlists and `COUNT` articles of some 2,000 characters."""
    address = Address("memory", f'{{"name": "tax-{next(_numbers)}"}}')
    bus = address.open()
    for topic in TOPICS:
        bus.create(topic)
    for path in sorted((shipped() / "watchlists").glob("*.yaml")):
        bus.append([Entry("watchlists", path.stem, path.read_bytes())])
    made = [
        article(
            i.title,
            (i.text + " ") * 8,
            source=f"feed{i.feed}",
            entry=i.guid,
            id=article_id(f"feed{i.feed}", i.guid, "", ""),
        )
        for i in items(COUNT, 8, 3)
    ]
    bus.append([Entry("articles", a.key, encode(a)) for a in made])
    return address


def plan(address: Address) -> Plan:
    """The shipped flow on that bus."""
    tagger = partial(gazetteer.build, gazetteer.Options(folders=(shipped() / "gazetteer",)))
    return Plan(address, tagger, RulesAt(address), 86400.0)


def in_beam(address: Address) -> None:
    """Run the flow until it has committed everything."""
    bus, stop = address.open(), threading.Event()
    end = sum(bus.end("articles", p) for p in range(bus.topics()["articles"].partitions))

    def watch() -> None:
        while sum(p.offset for p in bus.positions() if p.group == GROUP) < end:
            time.sleep(0.02)
        stop.set()

    threading.Thread(target=watch, daemon=True).start()
    run(plan(address), stop)


def in_a_loop(address: Address) -> None:
    """The same functions without Beam."""
    bus, line = address.open(), plan(address)
    memories: dict[str, Seen] = {}
    stories: dict[str, Stories] = {}
    for partition in range(bus.topics()["articles"].partitions):
        offset = 0
        while records := bus.read("articles", partition, offset, 100):
            articles, dead = stages.arrive(records)
            parts: dict[str, list] = {}
            for tagged in articles:
                parts.setdefault(tagged.language, []).append(tagged)
            rules = line.rules()
            for language, part in parts.items():
                judged, _ = memories.setdefault(language, Seen()).judge(part)
                done, untagged = stages.tag(line.tagger(), judged)
                flagged, unflagged = stages.flag(rules.matcher, rules.reader, done)
                entries = stages.entries(flagged) + stages.dead_entries([*dead, *untagged, *unflagged])
                for name, found in stages.candidates(flagged, rules.topic, rules.states, rules.tellings).items():
                    own = stories.setdefault(name, Stories(Rarity(load(shipped() / "languages")), line.quiet))
                    entries += told(own, found)[0]
                bus.append(entries)
            offset = records[-1].offset + 1


def outcome(bus: Bus) -> dict[str, set[tuple[str, bytes | None]]]:
    """What came out, by topic."""
    return {
        name: {(r.key, r.value) for p in range(t.partitions) for r in bus.read(name, p, 0, 10 * COUNT)}
        for name, t in bus.topics().items()
        if name == "tagged" or name.startswith("alerts.")
    }


def main() -> None:
    """Compare the outputs, then the costs."""
    one, other = prepared(), prepared()
    in_beam(one)
    in_a_loop(other)
    same = outcome(one.open()) == outcome(other.open())
    alerts = sum(len(v) for k, v in outcome(one.open()).items() if k != "tagged")
    print(f"  outputs equal: {same} ({COUNT} articles, {alerts} alerts)")
    assert same
    fresh: dict[str, list[Address]] = {"beam": [prepared() for _ in range(5)], "loop": [prepared() for _ in range(5)]}
    times = interleaved({"beam": lambda: in_beam(fresh["beam"].pop()), "loop": lambda: in_a_loop(fresh["loop"].pop())})
    report(times, "article", COUNT, "beam", "loop")
