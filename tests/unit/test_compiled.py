"""What the gazetteer comes to is kept beside its files, and shipped: it is what they come to now."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from connectors.errors import ConfigError
from pipelines.config import shipped
from pipelines.knowledge import compiled, gazetteer, written
from pipelines.knowledge.world import load as load_world

FOLDER = shipped() / "gazetteer"
ONE = "- {id: vale, kind: place, names: {en: [Vale of Oaks]}}\n"


def sources() -> list[Path]:
    paths = sorted(p for p in FOLDER.iterdir() if p.suffix in (".yaml", ".tsv") and p.name != "world.yaml")
    return sorted(paths, key=lambda path: path.suffix, reverse=True)


def test_the_shipped_one_is_made_of_the_shipped_files() -> None:
    assert compiled.read(FOLDER, compiled.digest(sources())), "run: wirewatch knowledge build"


@pytest.mark.slow
def test_the_shipped_forms_are_those_of_the_shipped_names(tmp_path: Path) -> None:
    for path in FOLDER.glob("*.yaml"):
        shutil.copy(path, tmp_path)
    written.write(tmp_path)
    assert (tmp_path / "forms.tsv").read_text("utf-8") == (FOLDER / "forms.tsv").read_text("utf-8")


def test_what_is_kept_reads_as_the_files_do(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(ONE, "utf-8")
    first = gazetteer.load(tmp_path)
    assert not (tmp_path / compiled.FILE).exists()
    gazetteer._load.cache_clear()
    gazetteer.build(tmp_path)
    assert (tmp_path / compiled.FILE).exists()
    again = gazetteer.load(tmp_path)
    assert again.entities == first.entities
    assert again.names == first.names
    assert [*again.scan("In the Vale of Oaks.")] == [*first.scan("In the Vale of Oaks.")] != []


def test_a_file_that_has_changed_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(ONE, "utf-8")
    gazetteer.build(tmp_path)
    (tmp_path / "a.yaml").write_text(ONE.replace("vale", "glen"), "utf-8")
    assert set(gazetteer.load(tmp_path).entities) == {"glen"}
    (tmp_path / "a.yaml").write_text("- {id: glen, kind: plaice}\n", "utf-8")
    with pytest.raises(ConfigError):
        gazetteer.load(tmp_path)


@pytest.mark.parametrize("damage", [b"", b"\x1f\x8b\x08", b"{}"])
def test_a_kept_one_that_is_damaged_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "a.yaml").write_text(ONE, "utf-8")
    (tmp_path / compiled.FILE).write_bytes(damage)
    assert set(gazetteer.load(tmp_path).entities) == {"vale"}


def test_the_shipped_world_knows_towns_of_one_name() -> None:
    world = load_world(FOLDER)
    assert {place.country for place in world.places("paris")} >= {"FR", "US", "CA"}
    assert [(name, start, end) for name, start, end in world.scan("to St. Louis, and paris.")] == [("st  louis", 3, 12)]
    assert world.places("no such town") == ()
