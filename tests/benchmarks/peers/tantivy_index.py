"""tantivy, a search engine: documents are indexed in memory, then each query is searched in them.

It has no near for phrases: there it is asked for both, which is less work, and what it finds more is not held against
it. Queries are made before the clock runs.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from tests.benchmarks.peers import Document, NotRunError, Query, Result


def run(queries: Sequence[Query], documents: Sequence[Document], together: int, rounds: int) -> Result:
    """*together* documents an index. Processor time of all its threads.

    Raises:
        NotRunError: it is not installed.
    """
    try:
        import tantivy
    except ImportError:
        raise NotRunError("not installed (pip install tantivy)") from None
    schema = tantivy.SchemaBuilder().add_text_field("text", tokenizer_name="whitespace").build()
    ready = [tantivy.Query.const_score_query(_query(q, schema, tantivy), 1.0) for q in queries]
    times = []
    for _ in range(rounds):
        found: list[list[int]] = [[] for _ in documents]
        started = time.process_time()
        for first in range(0, len(documents), together):
            searcher = _indexed(documents[first : first + together], schema, tantivy)
            for number, asked in enumerate(ready):
                for _, address in searcher.search(asked, together, count=False).hits:
                    found[first + address.doc].append(number)
        times.append((time.process_time() - started) / len(documents) * 1e6)
    return Result(f"tantivy, {together:,} an index", found, times)


def _indexed(documents: Sequence[Document], schema: Any, tantivy: Any) -> Any:
    """A searcher of one segment, in which documents are numbered as they come."""
    index = tantivy.Index(schema)
    writer = index.writer(heap_size=15_000_000 + 20_000 * len(documents), num_threads=1)
    for zones in documents:
        document = tantivy.Document()
        for zone in zones:
            document.add_text("text", zone)
        writer.add_document(document)
    writer.commit()
    index.reload()
    searcher = index.searcher()
    assert (searcher.num_segments, searcher.num_docs) == (1, len(documents))
    return searcher


def _query(said: Query, schema: Any, tantivy: Any) -> Any:
    def made(parts: Sequence[Query], occur: Any) -> list[Any]:
        return [(occur, _query(part, schema, tantivy)) for part in parts]

    must, should, must_not = tantivy.Occur.Must, tantivy.Occur.Should, tantivy.Occur.MustNot
    if words := said.get("phrase"):
        one = len(words) == 1
        return (
            tantivy.Query.term_query(schema, "text", words[0])
            if one
            else tantivy.Query.phrase_query(schema, "text", words)
        )
    if "near" in said:
        return tantivy.Query.boolean_query(made(said["near"], must))
    clauses = made(said["all"], must) + made(said["none"], must_not)
    if said["any"]:
        some = tantivy.Query.boolean_query(made(said["any"], should))
        if not clauses:
            return some
        clauses.append((must, some))
    return tantivy.Query.boolean_query(clauses)
