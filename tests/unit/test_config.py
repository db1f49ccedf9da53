from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from connectors.errors import ConfigError
from pipelines.config import Config, load, shipped
from pipelines.sections import Duration, Size

WATCHLIST = "id: lakes\ntitle: Lakes\nmatch: {any: [lake, {place: sevan}]}\n"
FEED = "- {name: one, type: rss, url: 'https://news.example/feed'}\n"
GOOD = "feeds: [feeds.yaml]\nsinks: [{name: terminal, type: stdout}]\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a configuration that is right."""
    for name in ("watchlists", "gazetteer"):
        (tmp_path / name).mkdir()
    (tmp_path / "watchlists" / "lakes.yaml").write_text(WATCHLIST)
    (tmp_path / "feeds.yaml").write_text(FEED)
    (tmp_path / "wirewatch.yaml").write_text(GOOD)
    return tmp_path


def loaded(home: Path, text: str, **env: str) -> Config:
    (home / "wirewatch.yaml").write_text(text)
    return load(home / "wirewatch.yaml", env=env)


def mistakes(home: Path, text: str, **env: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        loaded(home, text, **env)
    return [str(problem).removeprefix(f"{home}/") for problem in caught.value.problems]


def test_a_configuration_is_complete_with_defaults(home: Path) -> None:
    config = load(home / "wirewatch.yaml", env={})
    assert (config.bus.type, config.bus.options.path) == ("local", home / "data")
    assert [(s.name, s.type, s.options.url) for s in config.sources] == [("one", "rss", "https://news.example/feed")]
    assert [(s.name, s.type, s.watchlists) for s in config.sinks] == [("terminal", "stdout", frozenset())]
    assert (config.watchlists, config.gazetteer) == (home / "watchlists", (shipped() / "gazetteer", home / "gazetteer"))
    assert (config.flow.horizon, config.log.level, config.metrics.port) == (7 * 86400, "info", 9464)


def test_sources_and_sinks_say_what_watchlists_and_readers_ask_of_them(home: Path) -> None:
    (home / "wirewatch.yaml").write_text(
        "sources: [{name: one, type: rss, url: 'https://a.example/', country: AM, groups: [state-media]}]\n"
        "sinks: [{name: phone, type: stdout, level: about}]\n"
    )
    config = load(home / "wirewatch.yaml", env={})
    assert (config.sources[0].country, config.sources[0].groups) == ("AM", ("state-media",))
    assert config.sinks[0].level == "about"


def test_a_watchlist_that_names_a_sink_that_is_not_there_is_refused_at_its_place(home: Path) -> None:
    (home / "watchlists" / "a.yaml").write_text("id: a\ntitle: A\nmatch: war\ndelivery: {sinks: [terminl]}\n")
    assert mistakes(home, GOOD) == ["watchlists/a.yaml:4:20: no sink 'terminl'; did you mean 'terminal'?"]


def test_a_configuration_cannot_be_changed(home: Path) -> None:
    config = load(home / "wirewatch.yaml", env={})
    with pytest.raises(AttributeError):
        config.data = Path("/")  # type: ignore[misc]
    with pytest.raises(ValidationError):
        config.flow.horizon = 1.0


def test_every_mistake_of_every_file_is_reported_at_once(home: Path) -> None:
    (home / "feeds.yaml").write_text(
        "- {name: one, type: rss, url: 'https://a.example/', intervall: 5m}\n- {type: rsss}\n"
    )
    (home / "watchlists" / "broken.yaml").write_text("id: broken\nmatch: [x]\n")
    text = """\
wathclists: lists
sources:
  - {name: Bad Name, type: rss, url: "https://b.example/", interval: 5}
feeds: [feeds.yaml, missing/*.yaml]
sinks:
  - {name: a, type: stdout, watchlists: [laks]}
  - {name: a, type: stdout}
  - {name: b, type: stdot}
"""
    found = mistakes(home, text)
    assert found[:6] == [
        "wirewatch.yaml:1:1: unknown key 'wathclists'; did you mean 'watchlists'?",
        "wirewatch.yaml:3:12: 'name' must be 1 to 64 of a-z, 0-9 and -",
        "wirewatch.yaml:3:70: 'interval' must be a time with its unit, such as 30s, 5m, 1h30m or 7d",
        "wirewatch.yaml:4:21: no file matches 'missing/*.yaml'",
        "wirewatch.yaml:6:42: no watchlist 'laks'; did you mean 'lakes'?",
        f"wirewatch.yaml:7:12: another sink is named 'a', at {home}/wirewatch.yaml:6",
    ]
    assert found[6].startswith("wirewatch.yaml:8:21: unknown type 'stdot'; did you mean 'stdout'?")
    assert found[7] == "feeds.yaml:1:53: unknown key 'intervall'; did you mean 'interval'?"
    assert found[-4] == "feeds.yaml:2:3: missing key 'name'"
    assert found[-3].startswith("feeds.yaml:2:10: unknown type 'rsss'; did you mean 'rss'?")
    assert found[-2:] == [
        "watchlists/broken.yaml:1:1: missing key 'title'",
        "watchlists/broken.yaml:2:8: 'match' must be a phrase, "
        "or have one of the keys phrase, regex, place, actor, within, act, group, list, any, all, none, near, sentence, of,"
        " weights, article",
    ]


def test_a_name_is_used_once_over_all_files(home: Path) -> None:
    assert mistakes(home, "sources: [{name: one, type: rss, url: 'https://a.example/'}]\nfeeds: [feeds.yaml]\n") == [
        f"feeds.yaml:1:10: another source is named 'one', at {home}/wirewatch.yaml:1"
    ]


def test_wrong_types_are_refused_in_plain_words(home: Path) -> None:
    text = """\
data: 1
sources: {}
feeds: x
flow: {horizon: 0s}
metrics: {port: 99999}
log: {level: loud}
bus: 3
"""
    assert mistakes(home, text) == [
        "wirewatch.yaml:1:7: 'data' must be text; put it in quotes",
        "wirewatch.yaml:2:10: 'sources' must be a list",
        "wirewatch.yaml:3:8: 'feeds' must be a list",
        "wirewatch.yaml:4:17: 'horizon' must be greater than or equal to 60",
        "wirewatch.yaml:5:17: 'port' must be less than or equal to 65535",
        "wirewatch.yaml:6:14: 'level' must be one of debug, info, warning, error",
        "wirewatch.yaml:7:6: 'bus' must be a mapping of keys to values",
    ]


def test_no_sources_at_all_is_a_mistake(home: Path) -> None:
    assert mistakes(home, "log: {level: info}\n") == [
        "wirewatch.yaml:1:1: no sources: list some under 'sources' or 'feeds'"
    ]


def test_a_feed_file_must_be_a_list(home: Path) -> None:
    (home / "feeds.yaml").write_text("name: one\n")
    assert mistakes(home, GOOD) == ["feeds.yaml:1:1: a feed file must be a list of sources"]


@pytest.mark.slow
def test_one_bad_feed_of_two_thousand_is_found(home: Path) -> None:
    lines = [f"- {{name: f{i}, type: rss, url: 'https://{i}.example/'}}" for i in range(2000)]
    lines[1234] = "- {name: f1234, type: rss}"
    (home / "feeds.yaml").write_text("\n".join(lines))
    assert mistakes(home, GOOD) == ["feeds.yaml:1235:3: missing key 'url'"]


def test_environment_references_are_resolved_and_never_printed(home: Path) -> None:
    text = "sources: [{name: one, type: rss, url: 'https://a.example/?key=${KEY}'}]\n"
    config = loaded(home, text, KEY="hunter2")
    assert config.sources[0].options.url == "https://a.example/?key=hunter2"
    assert "hunter2" not in repr(config)
    assert "hunter2" not in "".join(mistakes(home, text.replace("one", "${KEY}!"), KEY="hunter2"))


@pytest.mark.parametrize("text", ["${A:-${B}}", "${}", "${A B}", "${A", "${9}"])
def test_only_plain_references_are_understood(home: Path, text: str) -> None:
    (mistake, *_) = mistakes(home, f"data: '{text}'\n", A="a", B="b")
    assert mistake == "wirewatch.yaml:1:7: write ${NAME} for the environment variable NAME, nothing more"


def test_a_reference_is_resolved_once(home: Path) -> None:
    assert loaded(home, "data: ${A}\n" + GOOD, A="${B}", B="x").data == home / "${B}"


def test_unset_variables_are_all_named(home: Path) -> None:
    assert mistakes(home, "data: ${NOWHERE}\nwatchlists: ${NOR_HERE}\n") == [
        "wirewatch.yaml:1:7: the environment variable NOWHERE is not set",
        "wirewatch.yaml:2:13: the environment variable NOR_HERE is not set",
    ]


def test_paths_are_relative_to_the_file_that_names_them(home: Path) -> None:
    (home / "sub").mkdir()
    (home / "sub" / "feeds.yaml").write_text("- {name: old, type: replay, path: articles.jsonl}\n")
    config = loaded(home, "feeds: [sub/*.yaml]\nsinks: [{name: f, type: atom, folder: alerts}]\ndata: store\n")
    assert config.sources[0].options.path == home / "sub" / "articles.jsonl"
    assert config.sinks[0].options.folder == home / "alerts"
    assert config.bus.options.path == home / "store"


def test_another_feed_file_and_data_folder_can_be_given(home: Path) -> None:
    (home / "others.yaml").write_text(FEED.replace("one", "two"))
    config = load(home / "wirewatch.yaml", home / "others.yaml", data=home / "elsewhere", env={})
    assert [s.name for s in config.sources] == ["two"]
    assert config.data == config.bus.options.path == home / "elsewhere"


def test_an_interval_belongs_to_the_schedule(home: Path) -> None:
    (home / "feeds.yaml").write_text(FEED.replace("}", ", interval: 1h30m}"))
    (source,) = load(home / "wirewatch.yaml", env={}).sources
    assert source.pace.interval == 5400


def test_a_sink_may_be_limited_to_lists_and_wants_their_topics(home: Path) -> None:
    (home / "watchlists" / "ponds.yaml").write_text(WATCHLIST.replace("lakes", "ponds") + "topic: water\n")
    config = loaded(home, GOOD + "  \n", A="").sinks[0]
    assert config.wants("alerts.anything")
    limited = loaded(home, "feeds: [feeds.yaml]\nsinks: [{name: a, type: stdout, watchlists: [ponds]}]\n").sinks[0]
    assert limited.watchlists == {"ponds"}
    assert limited.wants("alerts.water")
    assert not limited.wants("alerts.lakes")


def test_ids_of_watchlists_are_checked_against_the_gazetteer(home: Path) -> None:
    def known(*folders: Path) -> Collection[str]:
        assert folders == (shipped() / "gazetteer", home / "gazetteer")
        return {"sevan-lake", "sevam"}

    with pytest.raises(ConfigError, match="no place 'sevan' in the gazetteer; did you mean 'sevam'"):
        load(home / "wirewatch.yaml", known=known, env={})


def test_without_a_gazetteer_of_its_own_the_shipped_one_is_used(home: Path) -> None:
    shutil.rmtree(home / "gazetteer")
    assert load(home / "wirewatch.yaml", env={}).gazetteer == (shipped() / "gazetteer",)
    assert mistakes(home, "gazetteer: gone\n" + GOOD) == [f"wirewatch.yaml:1:12: no such folder: {home}/gone"]


def test_a_gazetteer_that_was_built_is_whole_and_laid_over_none(home: Path) -> None:
    (home / "gazetteer/compiled.json.gz").write_bytes(b"")
    assert load(home / "wirewatch.yaml", env={}).gazetteer == (home / "gazetteer",)


def test_a_missing_configuration_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load(tmp_path / "wirewatch.yaml", env={})


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("5m", 300), ("1h30m", 5400), ("7d", 604800), ("2w", 1209600), ("1.5h", 5400)],
)
def test_times_have_units(text: str, seconds: float) -> None:
    assert TypeAdapter(Duration).validate_python(text) == seconds


@pytest.mark.parametrize("value", [5, "5", "", "m", "5 m", "-5m", "5x", "5m!", None, True, "1e3s"])
def test_times_without_units_are_refused(value: object) -> None:
    with pytest.raises(ValidationError, match="a time with its unit"):
        TypeAdapter(Duration).validate_python(value)


def test_sizes_have_units() -> None:
    sizes = TypeAdapter(Size)
    assert [sizes.validate_python(text) for text in ("500 MB", "2GB", "1.5 KB")] == [
        500_000_000,
        2_000_000_000,
        1500,
    ]
    for value in (5, "5", "5 m", "-1 MB", "MB"):
        with pytest.raises(ValidationError, match="a size with its unit"):
            sizes.validate_python(value)


class _Model(BaseModel):
    at: Duration = 1.0


def test_a_default_time_is_given_in_seconds() -> None:
    assert _Model().at == 1.0


def test_a_watchlist_with_a_mistake_does_not_keep_one_from_looking(tmp_path: Path) -> None:
    (tmp_path / "watchlists").mkdir()
    (tmp_path / "watchlists/a.yaml").write_text("id: [")
    (tmp_path / "wirewatch.yaml").write_text(
        "sources: [{name: s, type: replay, path: x}]\nsinks: [{name: t, type: stdout, watchlists: [a]}]\n"
    )
    with pytest.raises(ConfigError):
        load(tmp_path / "wirewatch.yaml")
    (sink,) = load(tmp_path / "wirewatch.yaml", watchlists=False).sinks
    assert sink.wants("alerts.a")
    assert not sink.wants("alerts.b")
