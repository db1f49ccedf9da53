"""Who does what to whom by spaCy's dependency parse, where a model of the language is installed: clauses and all.

The labels are those of ClearNLP, as spaCy's English models give them (nsubj, dobj, agent …).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from spacy.tokens import Doc, Token

from connectors.records import Act, Tag, Zone
from pipelines.places.acts import Verbs, made

DENYING = frozenset(
    ("deny", "denies", "denied", "denying", "refuse", "refuses", "refused", "avoid", "avoided", "stop", "stopped")
)
"""Verbs whose complement is not done; of "refused to attack" the attack."""

WITHIN = frozenset(("compound", "amod", "poss", "nmod", "appos", "flat", "nummod"))
"""What a name may be to the word that acts: Russian troops, Russia's army."""


def acts(doc: Doc, zone: Zone, tags: Sequence[Tag], verbs: Verbs) -> Iterator[Act]:
    """The acts in *doc*, the parsed text of *zone*, between its *tags*.

    Cost: a scan, and some 10 µs a verb. Does not: read who is meant by "it" or "the country".
    """
    own = [tag for tag in tags if tag.zone == zone and tag.kind != "name"]
    starts = {token.idx: token for token in doc}
    reached = 0
    for hit in verbs.scanner.scan(doc.text) if len(own) > 1 else ():
        head = starts.get(hit.start)
        if head is None or hit.start < reached or head.pos_ not in ("VERB", "AUX") or _denied(head):
            continue
        reached = hit.end
        form = verbs.forms[hit.pattern]
        sources, targets = _sides(head, hit.end, own)
        for source in sources:
            for target in targets:
                if source.id != target.id:
                    yield from made(form, source, target, zone, hit.start, hit.end)


def _sides(verb: Token, end: int, tags: Sequence[Tag]) -> tuple[list[Tag], list[Tag]]:
    subjects = _subjects(verb)
    if any(child.dep_ == "nsubjpass" for child in verb.children):
        agents = [noun for by in verb.children if by.dep_ == "agent" for noun in by.children if noun.dep_ == "pobj"]
        return _named(agents, tags), _named(subjects, tags)
    if verb.tag_ == "VBN" and not subjects:  # shelled by: who is shelled is the word before
        return [], []
    objects = [child for child in verb.children if child.dep_ in ("dobj", "dative")]
    # withdraw from, meet with: the preposition is in the form, or a particle of it
    last = [token for token in verb.doc if verb.i < token.i and token.idx < end]
    objects += [noun for token in last for noun in token.children if noun.dep_ in ("pobj", "dobj")]
    return _named(subjects, tags), _named(objects, tags)


def _subjects(verb: Token) -> list[Token]:
    """The subjects of *verb*: of one joined to another (condemned and urged) the other's, of a clause its word."""
    found = [child for child in verb.children if child.dep_ in ("nsubj", "nsubjpass")]
    relative = [token for token in found if token.tag_ in ("WDT", "WP")]
    if relative and verb.dep_ == "relcl":
        return [verb.head]
    if not found and verb.dep_ in ("conj", "xcomp") and verb.head.pos_ in ("VERB", "AUX"):
        return _subjects(verb.head)
    return found


def _denied(verb: Token) -> bool:
    """Whether *verb* is negated, only wished, or what another verb denies."""
    if any(child.dep_ == "neg" for child in verb.children):
        return True
    return verb.dep_ in ("xcomp", "ccomp", "pcomp") and verb.head.lower_ in DENYING


def _named(nouns: Iterable[Token], tags: Sequence[Tag]) -> list[Tag]:
    """The tags that *nouns*, and those joined to them, bear or are named by."""
    found: list[Tag] = []
    for noun in nouns:
        for one in (noun, *noun.conjuncts):
            if tag := _tag(one, tags):
                found.append(tag)
    return list({tag.id: tag for tag in found}.values())


def _tag(noun: Token, tags: Sequence[Tag]) -> Tag | None:
    """The tag at *noun*, else at the nearest word that names it."""
    covering = [tag for tag in tags if tag.start <= noun.idx < tag.end]
    if covering:
        return covering[-1]
    inside = [child for child in noun.children if child.dep_ in WITHIN and child.i < noun.i]
    for child in sorted(inside, key=lambda token: -token.i):
        if tag := _tag(child, tags):
            return tag
    return None
