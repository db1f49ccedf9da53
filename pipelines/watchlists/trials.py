"""The examples of a watchlist one by one: whether each does as it says, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Literal

import msgspec
from msgspec import Struct

from connectors.errors import ConfigError, Problem
from connectors.records import Article, Evidence, TaggedArticle
from pipelines.language import language_of
from pipelines.watchlists.explaining import Explanation, missing
from pipelines.watchlists.finding import NOTHING, Inside
from pipelines.watchlists.matching import Ready, admits
from pipelines.watchlists.watchlist import Example, Watchlist

Tag = Callable[[Sequence[TaggedArticle]], Sequence[TaggedArticle]]
"""Gives articles their tags, as the flow does."""

Read = Callable[[str], Article]
"""Gives the article in a file that an example names."""


def _unread(file: str) -> Article:
    raise ConfigError(Problem(file, 0, 0, "an example in a file is tried where the watchlist is a file, too"))


class Trial(Struct, frozen=True, kw_only=True):
    """One example at its line of the file. *expected* is what it must do, *alerts* what it does.

    Of one that alerts *evidence* says why; of one that does not *missing* names the fewest conditions it would have
    had to meet, and *explanation* tells all.
    """

    watchlist: str
    path: str
    line: int
    column: int
    expected: Literal["alert", "quiet"]
    alerts: bool
    tagged: TaggedArticle
    evidence: tuple[Evidence, ...] = ()
    missing: tuple[str, ...] = ()
    explanation: Explanation | None = None

    @property
    def right(self) -> bool:
        """Whether it does as it must."""
        return self.alerts == (self.expected == "alert")


def trials(
    watchlist: Watchlist, tag: Tag, inside: Inside = NOTHING, read: Read = _unread, *, briefly: bool = False
) -> Iterator[Trial]:
    """Try the examples of *watchlist*, tagged by *tag*, in the order of the file; *read* gives those in files.

    *briefly* leaves out why an example stays quiet that should.

    Raises:
        ConfigError: a file cannot be read.
    """
    ready = Ready(watchlist, inside)
    expected: Literal["alert", "quiet"]
    for expected, examples in (("alert", watchlist.examples.alert), ("quiet", watchlist.examples.quiet)):
        for index, example in enumerate(examples):
            place = watchlist.problem("", ("examples", expected, index))
            article = _article(watchlist, example, read)
            (tagged,) = tag([TaggedArticle(article=article, language=article.language)])
            match = ready.match(tagged) if admits(watchlist, tagged) else None
            why = None if match or (briefly and expected == "quiet") else ready.explain(tagged)
            yield Trial(
                watchlist=watchlist.id,
                path=place.path,
                line=place.line,
                column=place.column,
                expected=expected,
                alerts=match is not None,
                tagged=tagged,
                evidence=match.evidence if match else (),
                missing=missing(why) if why else (),
                explanation=why,
            )


def mistakes(watchlist: Watchlist, tag: Tag, inside: Inside = NOTHING, read: Read = _unread) -> list[Problem]:
    """A mistake for each example of *watchlist* that does not do as it says, as `trials` finds."""
    try:
        wrong = [trial for trial in trials(watchlist, tag, inside, read, briefly=True) if not trial.right]
        return [Problem(trial.path, trial.line, trial.column, _said(trial)) for trial in wrong]
    except ConfigError as error:
        return list(error.problems)


def _said(trial: Trial) -> str:
    if trial.alerts:
        reasons = dict.fromkeys(f"'{e.surface}' ({e.rule})" for e in trial.evidence)
        return f"this example must stay quiet and alerts, for {', '.join(reasons)}"
    return f"this example must alert and does not, for want of {' and '.join(trial.missing)}"


def _article(watchlist: Watchlist, example: Example, read: Read) -> Article:
    """*example* as an article; when it says no language or source, of one that the list looks at."""
    if example.file:
        article = read(example.file)
        return msgspec.structs.replace(article, language=example.language or language_of(article))
    language = example.language or (watchlist.languages[0] if watchlist.languages else "und")
    source = example.source or (watchlist.sources.only[0] if watchlist.sources.only else "example")
    return Article(
        id="example",
        source=source,
        country=example.country,
        origin=example.agency,
        url=example.url,
        title=example.title,
        lead=example.lead,
        body=example.body,
        captions=example.captions,
        language=language,
        fetched=datetime.fromtimestamp(0, UTC),
    )
