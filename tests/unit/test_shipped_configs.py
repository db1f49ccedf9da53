from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

import pytest

from connectors.records import Article, TaggedArticle
from pipelines import located, taggers
from pipelines.config import load, shipped
from pipelines.language import language_of
from pipelines.taggers import Tagger, gazetteer
from pipelines.watchlists.folder import load_folder
from pipelines.watchlists.matching import Matcher
from pipelines.watchlists.trials import mistakes
from pipelines.watchlists.watchlist import Watchlist

LISTS = [
    *("armenia-azerbaijan-border", "csto", "energy-corridors"),
    *("nagorno-karabakh", "sanctions-russia", "south-caucasus-diplomacy"),
]

ARTICLE = {
    "title": "Cars stream over the mountain road as a region empties",
    "lead": "Families with what they could carry reached the border town before dawn.",
    "body": """\
Officials in Yerevan said the first buses came at four in the morning; Baku said nobody was made to leave.
The Kremlin called for calm. A driver who had spent two days on the road said his village was burning.

Analysts said the alliance to which Armenia belongs had not moved. The Collective Security Treaty Organisation
(CTSO), of which Moscow is the largest member, sent neither observers nor help, and a spokesman of the CTSO
declined to say why.
""",
    "captions": "A queue of cars outside Nagorno-Karbakh's last checkpoint [AP]\nA family rests [Reuters]",
}
"""In our own words, the shape of a known report: no name in the title, slips of pen, one deep mention."""


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    return gazetteer.build(gazetteer.Options(folders=(shipped() / "gazetteer",)))


@pytest.fixture(scope="module")
def watchlists() -> dict[str, Watchlist]:
    loaded, problems = load_folder(shipped() / "watchlists")
    assert not problems
    return {watchlist.id: watchlist for watchlist, _ in loaded}


def article(**zones: str) -> Article:
    return Article(id="1", source="wire", url="https://a.example/1", fetched=datetime(2024, 1, 1, tzinfo=UTC), **zones)


def alerts(watchlists: dict[str, Watchlist], tagger: Tagger, plain: Article) -> dict[str, set[str]]:
    (tagged,) = taggers.tagged(tagger, [TaggedArticle(article=plain, language=language_of(plain))])
    return {m.watchlist.id: {e.surface for e in m.evidence} for m in Matcher(watchlists.values()).match(tagged)}


def test_the_shipped_configuration_is_right() -> None:
    config = load(shipped() / "wirewatch.yaml", env={})
    assert config.sources
    assert {sink.type for sink in config.sinks} == {"stdout", "atom"}
    assert config.gazetteer == (shipped() / "gazetteer",)


@pytest.mark.parametrize("path", sorted((shipped() / "feeds").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_feed_file_can_be_used(path: object) -> None:
    config = load(shipped() / "wirewatch.yaml", path, env={})  # type: ignore[arg-type]
    assert len({source.options.url for source in config.sources}) == len(config.sources)


def test_shipped_feed_files_share_no_name() -> None:
    files = sorted((shipped() / "feeds").glob("*.yaml"))
    names = [entry["name"] for path in files for entry in located.read_file(path).data]
    assert len(names) == len(set(names))


def test_the_shipped_lists_are_there(watchlists: dict[str, Watchlist]) -> None:
    assert sorted(watchlists) == LISTS


@pytest.mark.parametrize("name", LISTS)
def test_a_list_has_many_examples_of_many_languages_and_traps(name: str, watchlists: dict[str, Watchlist]) -> None:
    examples = watchlists[name].examples
    assert len(examples.alert) + len(examples.quiet) >= 12
    assert len(examples.quiet) >= 4


@pytest.mark.parametrize("name", LISTS)
def test_examples_do_as_they_say(name: str, watchlists: dict[str, Watchlist], tagger: Tagger) -> None:
    assert [str(p) for p in mistakes(watchlists[name], partial(taggers.tagged, tagger))] == []
    assert len(watchlists[name].examples.alert) > 10


def test_a_long_report_fires_both_lists_on_slips_and_a_deep_mention(
    watchlists: dict[str, Watchlist], tagger: Tagger
) -> None:
    found = alerts(watchlists, tagger, article(**ARTICLE))
    assert {"csto", "nagorno-karabakh"} <= found.keys()
    assert "CTSO" in found["csto"]
    assert "Nagorno-Karbakh" in found["nagorno-karabakh"]


def test_the_same_report_without_its_text_does_not_name_the_alliance(
    watchlists: dict[str, Watchlist], tagger: Tagger
) -> None:
    assert "csto" not in alerts(watchlists, tagger, article(title=ARTICLE["title"], lead=ARTICLE["lead"]))


SPELLINGS: dict[str, Sequence[str]] = {
    "nagorno-karabakh": [
        "Karabakh", "Artsakh", "Нагорный Карабах", "в Карабахе", "Арцаха", "Ղարաբաղում", "Արցախի",
        "Qarabağda", "Dağlıq Qarabağ", "Haut-Karabagh", "Dağlık Karabağ'da", "Stepanakert", "Xankəndi",
        "Степанакерте",
    ],
    "csto": [
        "CSTO", "ODKB", "ОДКБ", "ՀԱՊԿ", "KTMT", "OTSC", "KGAÖ",
        "Организации Договора о коллективной безопасности",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("name", "spelling"), [(name, s) for name, all_ in SPELLINGS.items() for s in all_])
def test_lists_know_the_spellings_of_their_languages(
    name: str, spelling: str, watchlists: dict[str, Watchlist], tagger: Tagger
) -> None:
    assert name in alerts(watchlists, tagger, article(title=f"— {spelling} —"))
