"""From a configuration to the flow's plan: the look-ups that travel with the graph."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import structlog

from connectors.errors import ConfigError
from pipelines.address import Address
from pipelines.config import Config
from pipelines.flow import Plan
from pipelines.rules import RulesAt
from pipelines.taggers import Tagger, gazetteer

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class TaggerAt:
    """Finds the tagger over the gazetteer in *folders* as its files are now; picklable.

    While an edit has a mistake, the last gazetteer without one stays in force.
    """

    folders: tuple[Path, ...]

    def __call__(self) -> Tagger:
        """The tagger. Cost: a look at the times of some files, unless one changed.

        Raises:
            ConfigError: the gazetteer has mistakes at the start.
        """
        good, told = _in_force.get(self, (None, ""))
        try:
            good, told = gazetteer.build(gazetteer.Options(folders=self.folders)), ""
        except ConfigError as error:
            if good is None:
                raise
            if str(error) != told:
                log.error("gazetteer refused; the version in force stays", error=str(error))  # noqa: TRY400
            told = str(error)
        _in_force[self] = (good, told)
        return good


_in_force: dict[TaggerAt, tuple[Tagger, str]] = {}
"""The last good tagger of each folder in this process, and the mistakes told since."""


def plan_of(config: Config, address: Address) -> Plan:
    """The flow of *config* on the bus at *address*."""
    folders = tuple(folder.absolute() for folder in config.gazetteer)  # workers start elsewhere
    return Plan(
        address=address,
        tagger=TaggerAt(folders),
        rules=RulesAt(address, tuple(sorted(config.spacy.models.items())), folders),
        horizon=config.flow.horizon,
        quiet=config.flow.quiet,
    )
