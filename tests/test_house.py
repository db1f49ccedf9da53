"""The rules of the house that no linter knows."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CODE = sorted([*(ROOT / "connectors").rglob("*.py"), *(ROOT / "pipelines").rglob("*.py")])


@pytest.mark.parametrize("name", ["connectors", "pipelines"])
def test_nobody_else_provides_our_names(name: str) -> None:
    assert set(packages_distributions().get(name, [])) <= {"wirewatch"}  # an editable install is not listed


def test_a_feed_parser_is_only_ever_given_bytes_in_memory() -> None:
    """``feedparser.parse(b"/etc/passwd")`` opens that file, and of a text it fetches the address."""
    users = [path for path in CODE if "feedparser" in path.read_text("utf-8")]
    calls = [
        call
        for path in users
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "feedparser.parse"
    ]
    assert calls
    assert all(ast.unparse(call.args[0]).startswith("io.BytesIO(") for call in calls)


def test_there_is_one_client_for_the_web() -> None:
    """Every hole in the address policy of others was a second client that nobody guarded."""
    allowed = {"connectors/fetch.py", "connectors/resolver.py", "connectors/sinks/webhook.py", "pipelines/demo.py"}
    allowed |= {"connectors/flink.py"}  # speaks to the configured cluster only
    clients = ("aiohttp", "requests", "httpx", "urllib.request", "http.client")
    users = {
        str(path.relative_to(ROOT))
        for path in CODE
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names])
        if name.split(".")[0] in clients or name in clients
    }
    assert users <= allowed, users - allowed


def test_nothing_is_pickled_or_evaluated() -> None:
    words = ("pickle", "marshal", "eval(", "exec(", "yaml.load(")
    found = [(path.name, word) for path in CODE for word in words if f" {word}" in _code_of(path)]
    assert found == []


def _code_of(path: Path) -> str:
    """The source without its texts: a word in a docstring is no use of it."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return " " + ast.unparse(tree)


def test_every_module_says_what_it_holds() -> None:
    silent = [str(path) for path in CODE if not ast.get_docstring(ast.parse(path.read_text("utf-8")))]
    assert silent == []


def test_only_the_beam_modules_know_beam() -> None:
    users = {path.stem for path in CODE if "import apache_beam" in path.read_text("utf-8")}
    assert users <= {"elements", "splittable", "topics", "transforms", "local_runner", "flow", "flink", "pool"}


def test_pure_modules_import_nothing_heavy() -> None:
    pure = (
        "connectors.records, connectors.errors, pipelines.folding, pipelines.scanning, pipelines.watchlists.watchlist"
    )
    code = f"import sys, {pure}, pipelines.watchlists.matching; print(sorted({{m.split('.')[0] for m in sys.modules}}))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert not {"apache_beam", "spacy", "aiohttp", "sqlite3", "feedparser"} & set(ast.literal_eval(found))
