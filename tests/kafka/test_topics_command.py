"""``wirewatch topics`` where the topics are a broker's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli import main


@pytest.fixture
def home(tmp_path: Path, address: str, prefix: str) -> Path:
    (tmp_path / "watchlists").mkdir()
    (tmp_path / "watchlists" / "strikes.yaml").write_text("id: strikes\ntitle: Strikes\nmatch: strike\n")
    (tmp_path / "wirewatch.yaml").write_text(
        f"bus: {{type: kafka, bootstrap: '{address}', prefix: {prefix}}}\n"
        "partitions: {articles: 2}\nretain: {time: 2h, size: 10MB}\n"
        "sources: [{name: wire, type: rss, url: 'https://wire.example/feed'}]\n"
    )
    return tmp_path


def answer(capsys: pytest.CaptureFixture[str], home: Path, command: str, *more: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["topics", command, "--config", str(home / "wirewatch.yaml"), *more])
    return ended.value.code, *capsys.readouterr()  # type: ignore[return-value]


def test_topics_of_a_broker_are_made_compared_and_told_apart(
    home: Path, capsys: pytest.CaptureFixture[str], admin: Any, prefix: str
) -> None:
    code, out, _ = answer(capsys, home, "check")
    assert (code, out.count("MISSING")) == (1, 8)
    code, out, _ = answer(capsys, home, "create")
    assert (code, out.count("  made: ")) == (0, 8)
    assert "alerts.strikes  made: 1 partition, unique" in out
    assert len([name for name in admin.list_topics() if name.startswith(prefix)]) == 8 + 1
    assert answer(capsys, home, "check")[0] == 0
    admin.create_partitions({f"{prefix}tagged": 5})
    admin.delete_topics([f"{prefix}cursors"])
    code, out, _ = answer(capsys, home, "check")
    assert (code, out.count("right: ")) == (1, 6)
    assert "tagged  DIFFERS: 5 partitions" in out
    assert "cursors  MISSING" in out
    code, out, _ = answer(capsys, home, "check", "--json")
    assert {t["wanted"]["name"]: t["found"] and t["found"]["partitions"] for t in json.loads(out)}["tagged"] == 5
    code, out, err = answer(capsys, home, "create")
    assert code == 2
    assert "'tagged' exists with 5 partitions of unique records and cannot become one with 1 partitions" in err
    assert "cursors  made" in out


def test_topics_are_told_of_a_broker_that_is_away(home: Path, capsys: pytest.CaptureFixture[str], address: str) -> None:
    file = home / "wirewatch.yaml"
    file.write_text(file.read_text().replace(address, "127.0.0.1:1"))
    for command in ("check", "create"):
        code, out, err = answer(capsys, home, command)
        assert (code, out) == (75, "")
        assert "127.0.0.1:1 cannot tell its topics now" in err
