"""From a configuration to the flow's plan: the look-ups that travel with the graph."""

from __future__ import annotations

from functools import partial

from pipelines.config import Config
from pipelines.flow import Plan
from pipelines.rules import RulesAt
from pipelines.taggers import gazetteer
from pipelines.topics import Address


def plan_of(config: Config, address: Address) -> Plan:
    """The flow of *config* on the bus at *address*."""
    return Plan(
        address=address,
        tagger=partial(gazetteer.build, gazetteer.Options(folder=config.gazetteer)),
        rules=RulesAt(address, tuple(sorted(config.spacy.models.items()))),
        horizon=config.flow.horizon,
    )
