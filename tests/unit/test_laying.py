"""A user's own names laid over the shipped gazetteer: added, changed, silenced, and each mistake at its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from factories import article, tagged

from connectors.errors import ConfigError
from pipelines.config import shipped
from pipelines.knowledge.gazetteer import Gazetteer, ids, inside, load
from pipelines.plan import TaggerAt
from pipelines.taggers import gazetteer

SHIPPED = shipped() / "gazetteer"


def laid(folder: Path, text: str) -> Gazetteer:
    (folder / "mine.yaml").write_text(text, "utf-8")
    return load(SHIPPED, folder)


def read(folder: Path, text: str, body: str, language: str = "en") -> list[tuple[str, str]]:
    """The ids and countries that *body* is tagged with when *text* is laid over the shipped names."""
    laid(folder, text)
    tagger = gazetteer.build(gazetteer.Options(folders=(SHIPPED, folder)))
    ((*tags,),) = tagger.tag([tagged(article("", body, language=language), language=language)])
    return [(tag.id, tag.country) for tag in tags]


def refused(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        laid(folder, text)
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


LEAGUE = """
- id: harbour-league
  kind: actor
  type: armed-group
  country: TR
  names: {en: [Harbour League], ru: [Портовая лига]}
"""


def test_an_actor_of_ones_own_is_read_in_all_its_forms(tmp_path: Path) -> None:
    assert read(tmp_path, LEAGUE, "Fighters of the Harbour League withdrew.") == [("harbour-league", "TR")]
    assert read(tmp_path, LEAGUE, "Бойцы Портовой лиги отошли.", "ru") == [("harbour-league", "TR")]
    assert "harbour-league" in ids(SHIPPED, tmp_path)
    assert "harbour-league" not in ids(SHIPPED)


def test_a_place_of_ones_own_lies_in_what_is_there_already(tmp_path: Path) -> None:
    laid(tmp_path, "- {id: old-mill, kind: place, within: nagorno-karabakh, names: {en: [Old Mill Ridge]}}")
    assert "old-mill" in inside(SHIPPED, tmp_path)["nagorno-karabakh"]


def test_what_is_there_gets_new_names_and_keeps_its_own(tmp_path: Path) -> None:
    own = "- {id: csto, names: {en: [Tashkent Pact Club]}}"
    assert read(tmp_path, own, "The Tashkent Pact Club met; the CSTO agreed.") == [("csto", ""), ("csto", "")]


def test_a_key_that_is_written_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    entity = laid(tmp_path, "- {id: csto, note: ours}").entities["csto"]
    assert (entity.note, entity.kind) == ("ours", "actor")
    assert entity.names == load(SHIPPED).entities["csto"].names


def test_a_name_is_taken_away_in_all_its_forms(tmp_path: Path) -> None:
    body = "The CSTO, or Collective Security Treaty Organisation, met."
    without = "- {id: csto, without: [Collective Security Treaty Organization]}"
    assert [tag for tag, _ in read(tmp_path, "- {id: csto, note: x}", body)] == ["csto", "csto"]
    assert [tag for tag, _ in read(tmp_path, without, body)] == ["csto"]


def test_what_is_silenced_is_read_no_more(tmp_path: Path) -> None:
    assert read(tmp_path, "- {id: csto, silent: true}", "The CSTO met.") == []
    assert "csto" in load(SHIPPED, tmp_path).entities  # watchlists that name it stay valid


def test_a_town_of_the_world_is_silenced_by_its_id(tmp_path: Path) -> None:
    body = "Floods reached the centre of Gloucester in England on Monday."
    towns = [place.id for place in load(SHIPPED).places("gloucester")]
    silenced = "".join(f"- {{id: {town}, silent: true}}\n" for town in towns)
    assert any(tag in towns for tag, _ in read(tmp_path, "- {id: csto, note: x}", body))
    assert not any(tag in towns for tag, _ in read(tmp_path, silenced, body))


def test_a_name_of_another_is_the_users_from_then_on(tmp_path: Path) -> None:
    own = "- {id: shop, kind: decoy, names: {en: [CSTO]}}"
    assert read(tmp_path, own, "The CSTO opened its doors.") == []


def test_mistakes_are_told_at_their_place(tmp_path: Path) -> None:
    assert refused(tmp_path, "- {id: csto, wihtout: [x]}\n- {id: new, kind: plce}\n") == [
        "mine.yaml:1:14: unknown key 'wihtout'; did you mean 'without'?",
        "mine.yaml:2:19: 'kind' must be one of place, actor, decoy",
    ]
    assert refused(tmp_path, "- {id: ridge, kind: place, within: nagorno-karabak, names: {en: [Ridge Nine]}}") == [
        "mine.yaml:1:8: 'ridge' is within no place that is listed: nagorno-karabak; did you mean 'nagorno-karabakh'?"
    ]
    assert refused(tmp_path, "- {id: csto, without: [Collective Treaty]}")[0].startswith(
        "mine.yaml:1:8: 'csto' has no name 'Collective Treaty' to go without"
    )
    assert refused(tmp_path, "- {id: newcomer, names: {en: [Newcomer]}}") == ["mine.yaml:1:3: missing key 'kind'"]


def test_an_edit_is_in_force_with_the_next_batch_and_a_mistake_leaves_the_last_good_one(tmp_path: Path) -> None:
    find = TaggerAt((SHIPPED, tmp_path))
    first = find()
    assert find() is first
    (tmp_path / "mine.yaml").write_text(LEAGUE)
    second = find()
    body = tagged(article("", "The Harbour League withdrew."), language="en")
    assert [[tag.id for tag in tags] for tags in (*first.tag([body]), *second.tag([body]))] == [[], ["harbour-league"]]
    (tmp_path / "mine.yaml").write_text("- {id: csto, wihtout: [x]}")
    assert find() is second


def test_organs_are_inside_their_organisation(tmp_path: Path) -> None:
    laid(tmp_path, "- {id: csto-choir, kind: actor, within: csto, names: {en: [CSTO Choir]}}")
    assert "csto-choir" in inside(SHIPPED, tmp_path)["csto"]


def test_how_small_a_town_may_be_is_said_in_a_file_of_its_own(tmp_path: Path) -> None:
    text = "Farmers of Azatan met in Vanadzor, in the north of Armenia."
    plain = read(tmp_path, LEAGUE, text)
    (tmp_path / "world.yaml").write_text("towns: many\n", "utf-8")
    with pytest.raises(ConfigError, match=r"world\.yaml:1:8: 'towns' must be a whole number"):
        load(SHIPPED, tmp_path)
    (tmp_path / "world.yaml").write_text("towns: 20000\n", "utf-8")
    larger = read(tmp_path, LEAGUE, text)
    assert len(plain) == 3
    assert larger == plain[1:], "a village is read no more, a city still is"
