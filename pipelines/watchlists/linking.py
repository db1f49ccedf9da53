"""Watchlists that name others: ``list: csto`` stands for what the other list looks for, in the articles it looks at."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.errors import Problem
from connectors.records import digest
from pipelines.events import Loc
from pipelines.located import nearest
from pipelines.watchlists.conditions import Condition, Group, Listed
from pipelines.watchlists.facts import Asked, Facts
from pipelines.watchlists.walking import anchors, changed, lists, size
from pipelines.watchlists.watchlist import GROUNDLESS, MOST, Watchlist


def dependents(watchlists: Iterable[Watchlist], changed: Iterable[str]) -> set[str]:
    """The ids of those of *watchlists* that name one of *changed*, themselves or through others."""
    users: dict[str, set[str]] = {}
    for watchlist in watchlists:
        for name in watchlist.names:
            users.setdefault(name, set()).add(watchlist.id)
    found: set[str] = set()
    todo = list(changed)
    while todo:
        new = users.get(todo.pop(), set()) - found
        found |= new
        todo += new
    return found


def linked(
    watchlists: Mapping[str, Watchlist], only: Collection[str] | None = None
) -> tuple[list[Watchlist], list[Problem]]:
    """Each of *watchlists* (by id), or *only* some, with what those it names stand for; what cannot be is a mistake.

    The version of a list that names others changes with theirs. Cost: nothing for a list that names none.
    """
    linking = _Linking(watchlists)
    wanted = watchlists.values() if only is None else [watchlists[name] for name in only if name in watchlists]
    done = [found for watchlist in wanted if (found := linking.link(watchlist, ())) is not None]
    return done, linking.problems


@dataclass
class _Linking:
    lists: Mapping[str, Watchlist]
    done: dict[str, Watchlist | None] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def link(self, watchlist: Watchlist, above: Sequence[str]) -> Watchlist | None:
        """*watchlist* with others put in; None when it or one of them cannot be. *above* are those that led here."""
        if not watchlist.names:
            return watchlist
        if watchlist.id not in self.done:
            self.done[watchlist.id] = self._link(watchlist, (*above, watchlist.id))
        return self.done[watchlist.id]

    def _link(self, watchlist: Watchlist, above: Sequence[str]) -> Watchlist | None:
        others: dict[str, Watchlist] = {}
        wrong: list[Problem] = []
        for loc, listed in _places(watchlist):
            name = listed.list_
            if name in above:
                ring = " → ".join([*above[above.index(name) :], name])
                wrong.append(watchlist.problem(f"the lists name each other in a ring: {ring}", loc))
            elif name not in self.lists:
                wrong.append(watchlist.problem(f"no watchlist '{name}'{nearest(name, self.lists)}", loc))
            elif (other := self.link(self.lists[name], above)) is None:
                wrong.append(watchlist.problem(f"the watchlist '{name}' has mistakes", loc))
            else:
                others[name] = other
        condition = None if wrong else _filled(watchlist.condition, others)
        if condition is not None and size(condition, {}) > MOST:
            wrong.append(watchlist.problem(f"comes to more than {MOST:,} conditions when its lists are put in"))
        elif condition is not None and anchors(condition) is None:
            wrong.append(watchlist.problem(GROUNDLESS, (watchlist.says,)))
        self.problems += wrong
        if wrong or condition is None:
            return None
        version = digest(watchlist.version, *(other.version for other in others.values()))[:12]
        return watchlist.linked(condition, version)


def _places(watchlist: Watchlist) -> Iterator[tuple[Loc, Listed]]:
    for condition, loc in watchlist.written():
        for inner, listed in lists(condition, loc):
            yield (*inner, "list"), listed


def _filled(condition: Condition, others: dict[str, Watchlist]) -> Condition:
    if isinstance(condition, Listed):
        return _whole(others[condition.list_])
    return changed(condition, lambda part: _filled(part, others))


def _whole(watchlist: Watchlist) -> Condition:
    """What *watchlist* looks for, in the languages and sources that it looks at."""
    sources = watchlist.sources
    asked = Asked(languages=watchlist.languages, sources=sources.only) if watchlist.languages or sources.only else None
    group = Group(all=(watchlist.condition, *([Facts(article=asked)] if asked else [])))
    if sources.not_:
        group = Group(all=group.all, none=(Facts(article=Asked(sources=sources.not_)),))
    return group.model_copy(update={"label": f"list: {watchlist.id}"})
