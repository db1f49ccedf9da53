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

UNREAL = frozenset(("will", "would", "may", "might", "could", "should", "can", "must", "if", "whether", "unless"))
"""Words of a verb for what is not done, or not yet."""

WHILE = ("since", "after", "before", "while", "by")
"""Before a participle whose subject is that of its sentence: since invading Ukraine, Russia."""

RELATIVE = ("WDT", "WP")
"""Tags of which and who."""

WITHIN = frozenset(("compound", "amod", "poss", "nmod", "flat"))
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
    agents = [noun for by in verb.children if by.dep_ == "agent" for noun in by.children if noun.dep_ == "pobj"]
    if any(child.dep_ == "nsubjpass" for child in verb.children):
        return _named(agents, tags), _named(subjects, tags)
    if agents and verb.dep_ == "acl":  # Hezbollah, armed by Iran
        return _named(agents, tags), _named([verb.head], tags)
    objects = _objects(verb)
    # withdraw from, meet with: the preposition is in the form, or a particle of it
    last = [token for token in verb.doc if verb.i < token.i and token.idx < end]
    objects += [noun for token in last for noun in token.children if noun.dep_ in ("pobj", "dobj")]
    if not objects:  # shelled and later occupied
        objects = [noun for other in verb.children if other.dep_ == "conj" for noun in _objects(other)]
    return _named(subjects, tags), _named(objects, tags)


def _objects(verb: Token) -> list[Token]:
    """What *verb* is done to; of a clause (which Israel bombed) its word; blamed on whom."""
    found = [child for child in verb.children if child.dep_ in ("dobj", "dative")]
    if any(token.tag_ in RELATIVE for token in found) and verb.dep_ == "relcl":
        return [verb.head]
    on = [child for child in verb.children if child.dep_ == "prep" and child.lower_ == "on"]
    if verb.lower_.startswith("blam") and on:
        return [noun for noun in on[0].children if noun.dep_ == "pobj"]
    return found


def _subjects(verb: Token) -> list[Token]:
    """The subjects of *verb*: of one joined to another (condemned and urged) the other's, of a clause its word."""
    found = [child for child in verb.children if child.dep_ in ("nsubj", "nsubjpass")]
    if any(token.tag_ in RELATIVE for token in found) and verb.dep_ == "relcl":
        return [verb.head]
    above = verb.head.head if verb.dep_ == "pcomp" and verb.head.lower_ in WHILE else verb.head
    if not found and verb.dep_ in ("conj", "xcomp", "advcl", "pcomp") and above.pos_ in ("VERB", "AUX"):
        return _subjects(above)
    return found


def _denied(verb: Token) -> bool:
    """Whether *verb* is negated, to come, asked, or what another verb denies or only plans."""
    if any(
        child.dep_ == "neg" or child.lower_ in UNREAL for child in verb.children
    ) or verb.sent.text.rstrip().endswith("?"):
        return True
    if verb.dep_ == "xcomp" and any(child.lower_ == "to" for child in verb.children):
        return True
    subjects = [child for child in verb.children if child.dep_ == "nsubj"]
    if any(word.lower_ == "neither" for subject in subjects for word in subject.children):
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
    for child in noun.children:
        if child.dep_ == "appos" and (tag := _tag(child, tags)):  # its president, Ilham Aliyev
            return tag
    inside = [child for child in noun.children if child.dep_ in WITHIN and child.i < noun.i]
    for child in sorted(inside, key=lambda token: -token.i):
        if tag := _tag(child, tags):
            return tag
    return None
