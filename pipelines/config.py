"""The configuration: ``wirewatch.yaml``, its feed files and its watchlists, read and checked as one.

`load` gives a complete `Config` or one `ConfigError` with every mistake of every file. Nothing else reads the
environment: ``${NAME}`` in a value of the configuration or of a feed file stands for the variable NAME, is
resolved here once, and is never printed. Paths are relative to the file that names them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from connectors import plugins
from connectors.errors import ConfigError, Problem
from connectors.schedule import Pace
from pipelines.events import Loc
from pipelines.knowledge import compiled
from pipelines.located import Document, nearest, read_file, validate
from pipelines.sections import File, Flink, Flow, Head, Log, Metrics, Retain, SinkHead, SourceHead, Spacy
from pipelines.watchlists.folder import load_folder
from pipelines.watchlists.watchlist import Watchlist, check_ids

PARTED = ("articles", "tagged", "dead-letters")
"""The topics that may have several partitions; one of state or of a watchlist's alerts has one, in order."""

_REFERENCE = re.compile(r"\$\{([^}]*)\}?")


@dataclass(frozen=True, slots=True)
class Bus:
    """A bus: its *type* and the options of that module."""

    type: str
    options: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class Source:
    """A source, with its schedule."""

    name: str
    type: str
    options: Any = field(repr=False)
    pace: Pace
    country: str = ""
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sink:
    """A sink. *watchlists* are the ids it tells about, empty for all; *topics* those lists'; *level* the least."""

    name: str
    type: str
    options: Any = field(repr=False)
    watchlists: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    level: Literal["alert", "about"] = "alert"

    def wants(self, topic: str) -> bool:
        """Whether *topic* may hold alerts for this sink."""
        return not self.watchlists or topic in self.topics


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that is configured, checked. Folders exist but for *data*, which the bus makes.

    *partitions*: how many a fixed topic has, by name, where it is not one. *gazetteer*: its folder, and one of the
    user's own that is laid over it.
    """

    path: Path
    data: Path
    bus: Bus
    partitions: dict[str, int]
    sources: tuple[Source, ...]
    watchlists: Path
    gazetteer: tuple[Path, ...]
    sinks: tuple[Sink, ...]
    flow: Flow
    flink: Flink
    spacy: Spacy
    log: Log
    metrics: Metrics
    retain: Retain


def shipped() -> Path:
    """The folder of the configuration that comes with wirewatch: in the package, else in the checkout."""
    installed = Path(__file__).parent / "configs"
    return installed if installed.is_dir() else Path(__file__).parents[1] / "configs"


def load(
    path: Path,
    feeds: Path | None = None,
    *,
    data: Path | None = None,
    known: Callable[..., Collection[str]] | None = None,
    watchlists: bool = True,
    env: Mapping[str, str] = os.environ,
) -> Config:
    """Read and check the configuration *path*.

    Args:
        path: ``wirewatch.yaml``.
        feeds: A feed file to use instead of all the sources that the configuration names.
        data: A folder to use instead of its ``data``.
        known: The ids of the places and actors in the folders of a gazetteer, to check the watchlists against.
        watchlists: False leaves the watchlists unread: enough to look at a log while a list is being edited.
        env: What ``${NAME}`` stands for.

    Raises:
        ConfigError: with every mistake of the configuration, its feed files and its watchlists.
    """
    document = _resolved(read_file(path), env)
    return _Loading(document, env, watchlists).config(feeds, data, known)


class _Loading:
    """One load: collects the mistakes of all files."""

    def __init__(self, document: Document, env: Mapping[str, str], watchlists: bool) -> None:
        self.document = document
        self.watchlists = watchlists
        self.env = env
        self.folder = Path(document.path).parent
        self.problems: list[Problem] = []

    def config(
        self,
        feeds: Path | None,
        data: Path | None,
        known: Callable[..., Collection[str]] | None,
    ) -> Config:
        file = self._file()
        data = data or self.folder / file.data
        gazetteer = self._gazetteer(file)
        watchlists, problems = load_folder(self.folder / file.watchlists) if self.watchlists else ([], [])
        lists = [watchlist for watchlist, _ in watchlists]
        sources = tuple(self._sources(file, feeds))
        config = Config(
            path=Path(self.document.path),
            data=data,
            bus=self._bus(file, data),
            partitions=self._partitions(file),
            sources=sources,
            watchlists=self.folder / file.watchlists,
            gazetteer=gazetteer,
            sinks=tuple(self._sinks(file, lists)),
            flow=file.flow,
            flink=file.flink.model_copy(update={"jar": self.folder / file.flink.jar.expanduser()}),
            spacy=file.spacy,
            log=file.log,
            metrics=file.metrics,
            retain=file.retain,
        )
        self.problems += problems
        self._check_sinks(lists, file)
        if known:
            self._check_ids(lists, gazetteer, known)
        if self.problems:
            files = list(dict.fromkeys([self.document.path, *(problem.path for problem in self.problems)]))
            raise ConfigError(
                *sorted(dict.fromkeys(self.problems), key=lambda p: (files.index(p.path), p.line, p.column))
            )
        return config

    def _file(self) -> File:
        """The configuration without the keys that are wrong, so that the rest can be checked as well."""
        if not isinstance(self.document.data, dict):
            return validate(File, self.document)
        right = {}
        for key, value in self.document.data.items():
            if self._valid(File, replace(self.document, data={key: value})):
                right[key] = value
        return File.model_validate(right)

    def _gazetteer(self, file: File) -> tuple[Path, ...]:
        """The folder that is named, else that which ships; over it the one beside the configuration, unless whole."""
        base, own = shipped() / "gazetteer", self.folder / "gazetteer"
        if file.gazetteer is not None:
            base = self.folder / file.gazetteer
            if not base.is_dir():
                self.problems.append(self.document.problem(f"no such folder: {base}", ("gazetteer",)))
        elif (own / compiled.FILE).exists():
            return (own,)
        return (base, own) if own.is_dir() and own.resolve() != base.resolve() else (base,)

    def _check_ids(
        self, lists: list[Watchlist], gazetteer: tuple[Path, ...], known: Callable[..., Collection[str]]
    ) -> None:
        try:
            ids = known(*gazetteer)
        except ConfigError as error:
            self.problems += error.problems
        else:
            self.problems += [problem for watchlist in lists for problem in check_ids(watchlist, ids)]

    def _bus(self, file: File, data: Path) -> Bus:
        given = file.bus
        own = {"local": "path", "kafka": "folder"}.get(str(given.get("type")))
        if own:
            given = {own: str(data.absolute())} | given
        document = replace(self.document, data=self.document.data | {"bus": given})
        head, options = self._component(document, ("bus",), Head, "connectors.buses")
        return Bus(head.type if head else "", options)

    def _partitions(self, file: File) -> dict[str, int]:
        for name in file.partitions:
            if name not in PARTED:
                message = f"no topic '{name}' can be parted{nearest(name, PARTED)}"
                self.problems.append(self.document.problem(message, ("partitions", name)))
        return file.partitions

    def _sources(self, file: File, feeds: Path | None) -> Iterator[Source]:
        if feeds is None:
            places: list[tuple[Document, Loc]] = [(self.document, ("sources", i)) for i in range(len(file.sources))]
            places += self._feed_files(file)
        else:
            places = self._feed_file(feeds)
        names: dict[str, str] = {}
        for document, loc in places:
            head, options = self._component(document, loc, SourceHead, "connectors.sources")
            if head and self._named(document, loc, head.name, names, "source"):
                pace = Pace() if head.interval is None else Pace(interval=head.interval)
                yield Source(head.name, head.type, options, pace, head.country, head.groups)
        if not places and not self.problems:
            self.problems.append(self.document.problem("no sources: list some under 'sources' or 'feeds'"))

    def _feed_files(self, file: File) -> Iterator[tuple[Document, Loc]]:
        for index, pattern in enumerate(file.feeds):
            paths = sorted(self.folder.glob(pattern)) if not Path(pattern).is_absolute() else [Path(pattern)]
            if not paths:
                self.problems.append(self.document.problem(f"no file matches '{pattern}'", ("feeds", index)))
            for path in paths:
                yield from self._feed_file(path)

    def _feed_file(self, path: Path) -> list[tuple[Document, Loc]]:
        try:
            document = _resolved(read_file(path), self.env)
        except ConfigError as error:
            self.problems += error.problems
            return []
        if not isinstance(document.data, list) or not document.data:
            self.problems.append(document.problem("a feed file must be a list of sources"))
            return []
        return [(document, (index,)) for index in range(len(document.data))]

    def _sinks(self, file: File, lists: list[Watchlist]) -> Iterator[Sink]:
        topics = {watchlist.id: watchlist.alerts for watchlist in lists}
        names: dict[str, str] = {}
        for index in range(len(file.sinks)):
            loc: Loc = ("sinks", index)
            head, options = self._component(self.document, loc, SinkHead, "connectors.sinks")
            if head and self._named(self.document, loc, head.name, names, "sink"):
                wanted = head.watchlists or ()
                for i, name in enumerate(wanted):
                    if self.watchlists and name not in topics:
                        message = f"no watchlist '{name}'{nearest(name, topics)}"
                        self.problems.append(self.document.problem(message, (*loc, "watchlists", i)))
                own = frozenset(topics.get(name, f"alerts.{name}") for name in wanted)
                yield Sink(head.name, head.type, options, frozenset(wanted), own, head.level)

    def _check_sinks(self, lists: list[Watchlist], file: File) -> None:
        """The sinks that watchlists name must be there."""
        known = {str(sink.get("name", "")) for sink in file.sinks}
        for watchlist in lists:
            for index, name in enumerate(watchlist.delivery.sinks or ()):
                if name not in known:
                    message = f"no sink '{name}'{nearest(name, known)}"
                    self.problems.append(watchlist.problem(message, ("delivery", "sinks", index)))

    def _named(self, document: Document, loc: Loc, name: str, names: dict[str, str], what: str) -> bool:
        problem = document.problem(f"another {what} is named '{name}'", (*loc, "name"))
        if name in names:
            self.problems.append(replace(problem, message=f"{problem.message}, at {names[name]}"))
            return False
        names[name] = f"{problem.path}:{problem.line}"
        return True

    def _component(self, document: Document, loc: Loc, head: type[Any], folder: str) -> tuple[Any, Any]:
        """The head and the options of the component at *loc*; None for what is wrong, its mistakes noted."""
        given = document.at(loc)
        if not isinstance(given, dict):
            self.problems.append(document.problem("must be a mapping of keys to values", loc))
            return None, None
        own = set(head.model_fields)
        read_head = self._valid(head, document, loc, given.keys() - own)
        kind = given.get("type")
        if not isinstance(kind, str):
            return read_head, None
        try:
            module = plugins.load(folder, kind)
        except (LookupError, ImportError) as error:
            self.problems.append(document.problem(str(error.args[0]), (*loc, "type")))
            return read_head, None
        options = self._valid(module.Options, document, loc, own)
        return read_head, options and _anchored(options, Path(document.path).parent)

    def _valid(self, model: type[Any], document: Document, loc: Loc = (), without: Collection[str] = ()) -> Any:
        try:
            return validate(model, document, loc, without)
        except ConfigError as error:
            self.problems += error.problems
            return None


def _anchored(options: BaseModel, folder: Path) -> BaseModel:
    """*options* with its relative paths taken from *folder*."""
    paths = {name: value for name in type(options).model_fields if isinstance(value := getattr(options, name), Path)}
    return options.model_copy(update={name: folder / path.expanduser() for name, path in paths.items()})


def _resolved(document: Document, env: Mapping[str, str]) -> Document:
    """*document* with its ``${NAME}`` resolved."""
    problems: list[Problem] = []

    def resolve(value: Any, loc: Loc) -> Any:
        if isinstance(value, dict):
            return {key: resolve(inner, (*loc, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [resolve(inner, (*loc, index)) for index, inner in enumerate(value)]
        return _REFERENCE.sub(lambda match: variable(match, loc), value) if isinstance(value, str) else value

    def variable(match: re.Match[str], loc: Loc) -> str:
        if not re.fullmatch(r"\$\{[A-Za-z_]\w*\}", match[0], re.ASCII):
            problems.append(document.problem("write ${NAME} for the environment variable NAME, nothing more", loc))
        elif match[1] not in env:
            problems.append(document.problem(f"the environment variable {match[1]} is not set", loc))
        return env.get(match[1], "")

    resolved = replace(document, data=resolve(document.data, ()))
    if problems:
        raise ConfigError(*problems)
    return resolved
