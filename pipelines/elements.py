"""What travels between the steps of the flow, and how it is encoded."""

from __future__ import annotations

from typing import Any

import apache_beam as beam
import msgspec
from apache_beam.coders.typecoders import registry

from connectors.buses import Entry, Record
from connectors.records import TaggedArticle
from pipelines.dedup import Remembered
from pipelines.stories.candidate import Candidate
from pipelines.stories.linking import Member


class Records(msgspec.Struct, frozen=True):
    """A micro-batch as read. *remembered* ones only rebuild memory: no effect may follow from them."""

    records: tuple[Record, ...]
    remembered: bool = False


class Microbatch(msgspec.Struct, frozen=True):
    """A micro-batch of articles on the way through the flow; or what is *remembered* of such that went before."""

    articles: tuple[TaggedArticle, ...] = ()
    remembered: tuple[Remembered, ...] = ()


class Candidates(msgspec.Struct, frozen=True):
    """A micro-batch of alerts of one watchlist on the way to their stories; or what is *remembered* of its stories."""

    candidates: tuple[Candidate, ...] = ()
    remembered: tuple[Member, ...] = ()


class Entries(msgspec.Struct, frozen=True):
    """A micro-batch of entries to append in one transaction."""

    entries: tuple[Entry, ...]


class MessagePack(beam.coders.Coder):
    """Encodes one of them as MessagePack, never as pickle: a pickle must not outlive a release."""

    kind: type[msgspec.Struct]

    def encode(self, value: Any) -> bytes:
        return msgspec.msgpack.encode(value)

    def decode(self, encoded: bytes) -> Any:
        return msgspec.msgpack.decode(encoded, type=self.kind)

    def is_deterministic(self) -> bool:
        return True


for _kind in (Records, Microbatch, Candidates, Entries):
    _coder = type(f"{_kind.__name__}Coder", (MessagePack,), {"kind": _kind, "__module__": __name__})
    globals()[_coder.__name__] = _coder  # workers find it by name
    registry.register_coder(_kind, _coder)
