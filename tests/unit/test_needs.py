"""Names that count only beside words which tell that they are meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from factories import article, tagged

from pipelines.taggers import gazetteer

NAMES = """\
- id: harbour-court
  kind: actor
  within: harbour-league
  names: {en: [Harbour Criminal Court, HCC]}
  needs: {HCC: [prosecutor*, war crime*, суд]}
- id: harbour-league
  kind: actor
  names: {en: [Harbour League, Harpol]}
  unless: {Harpol: [album, guitar*]}
"""


@pytest.fixture
def read(tmp_path: Path):
    (tmp_path / "names.yaml").write_text(NAMES, "utf-8")
    tagger = gazetteer.build(gazetteer.Options(folders=(tmp_path,)))

    def ids(body: str, title: str = "") -> list[str]:
        ((*tags,),) = tagger.tag([tagged(article(title, body), language="en")])
        return [tag.id for tag in tags]

    return ids


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The HCC sat on Monday.", []),
        ("Prosecutors at the HCC sat on Monday.", ["harbour-court"]),
        ("The HCC will hear of war crimes.", ["harbour-court"]),
        ("The HCC (суд) sat on Monday.", ["harbour-court"]),
        ("A prosecutorless HCC.", ["harbour-court"]),
        ("The Harbour Criminal Court sat. The HCC adjourned.", ["harbour-court", "harbour-court"]),
        ("Harpol arrested two men.", ["harbour-league"]),
        ("Harpol played their second album.", []),
        ("The Harbour League, or Harpol, seized guitars.", ["harbour-league", "harbour-league"]),
    ],
)
def test_a_name_counts_beside_what_it_needs_and_not_beside_what_speaks_against_it(read, text, found) -> None:
    assert read(text) == found


def test_what_a_name_needs_may_stand_in_the_title(read) -> None:
    assert read("The HCC sat on Monday.", "Prosecutor resigns") == ["harbour-court"]
