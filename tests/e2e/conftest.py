"""The command line as a person types it, in a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import Answer, Wirewatch

from pipelines.cli import main


@pytest.fixture
def files() -> dict[str, str]:
    """The configuration of a test; each module has its own."""
    return {}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path


@pytest.fixture
def wirewatch(home: Path, capsys: pytest.CaptureFixture[str]) -> Wirewatch:
    def run(*arguments: str) -> Answer:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        return Answer(ended.value.code, *capsys.readouterr())

    return run
