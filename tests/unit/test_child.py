"""Parsing children: whatever a document does to one, the next document is parsed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from connectors import child as children
from connectors.child import Answer, Child
from connectors.errors import RejectedError

pytestmark = pytest.mark.slow

GOOD = b"<rss version='2.0'><channel><title>Good</title><item><title>news</title></item></channel></rss>"


async def ask(child: Child) -> str:
    return (await child.parse(GOOD)).items[0].title


async def test_a_feed_is_parsed_in_a_child() -> None:
    async with Child(1) as child:
        assert await ask(child) == "news"


async def test_a_refusal_keeps_its_reason() -> None:
    async with Child(1) as child:
        with pytest.raises(RejectedError) as caught:
            await child.parse(b"<html></html>")
        assert caught.value.reason == "html"
        assert await ask(child) == "news"


async def test_a_child_that_hangs_is_ended_at_the_deadline_and_replaced() -> None:
    async with Child(1, deadline=0.5) as child:
        await ask(child)
        os.kill(pid(child), signal.SIGSTOP)
        with pytest.raises(RejectedError) as caught:
            await child.parse(GOOD)
        assert caught.value.reason == "resource_limit"
        assert await ask(child) == "news"


async def test_a_child_that_died_is_replaced_before_it_is_asked() -> None:
    async with Child(1) as child:
        await ask(child)
        before = pid(child)
        os.kill(before, signal.SIGKILL)
        await child._seats[0]._process.wait()  # type: ignore[union-attr]
        assert await ask(child) == "news"
        assert pid(child) != before


async def test_a_document_that_eats_memory_is_refused_and_the_next_is_parsed() -> None:
    text = "<title>" + "&lt;b&gt;x" * 3_000_000 + "</title>"
    huge = f"<rss version='2.0'><channel><item>{text}</item></channel></rss>".encode()
    async with Child(1, deadline=20) as child:
        try:
            await child.parse(huge)
        except RejectedError as error:
            assert error.reason in ("resource_limit", "parser_crashed", "parser_error")
        assert await ask(child) == "news"


async def test_several_feeds_are_parsed_at_once() -> None:
    import asyncio

    async with Child(2) as child:
        assert await asyncio.gather(*(ask(child) for _ in range(6))) == ["news"] * 6


def test_a_child_has_no_environment_and_cannot_write(tmp_path: Path) -> None:
    code = (
        "import os, connectors.child as c; c._confine();"
        "print(sorted(os.environ.keys() - {'LC_CTYPE'}));"
        f"f = open({str(tmp_path / 'x')!r}, 'wb', buffering=0)\n"
        "try: f.write(b'x')\n"
        "except OSError as e: print('refused')"
    )
    found = subprocess.run(
        [sys.executable, "-c", "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n" + code],
        env={}, cwd=Path(children.__file__).parents[1], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.stdout.split("\n")[:2] == ["[]", "refused"], found.stderr


def test_a_child_ends_when_its_parent_does() -> None:
    process = subprocess.Popen(
        [sys.executable, "-I", "-m", "connectors.child"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={}
    )
    assert process.stdin
    assert process.stdout
    assert process.stdout.read(1) == b"+"
    process.stdin.close()
    assert process.wait(5) == 0
    process.stdout.close()


def test_a_bug_in_the_parser_is_the_end_of_one_document_only() -> None:
    def broken(*args: object) -> object:
        raise ZeroDivisionError

    request = children.Request(b"", "", "", None)
    assert children._answer(broken, request) == Answer(None, "parser_error", "ZeroDivisionError: ")


def pid(child: Child) -> int:
    process = child._seats[0]._process
    assert process
    return process.pid
