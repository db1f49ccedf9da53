"""How an explanation looks: the verdict, then the conditions as a tree, each with the words that met it."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text
from rich.tree import Tree

from connectors.records import Article, Evidence, TaggedArticle
from connectors.sinks.stdout import fold, visible
from pipelines.watchlists.explaining import Explanation, missing
from pipelines.watchlists.matching import snippet

NAMED = 6
"""Conditions that were not met which are named in one line; the rest is a count."""


def verdict(explanation: Explanation, tagged: TaggedArticle, everything: bool) -> Iterator[RenderableType]:
    """The lines to show. Without *everything*, conditions that were not met are drawn together."""
    fires = "fires" if explanation.held else "does not fire"
    yield Text.assemble(
        (visible(explanation.rule), "bold"), " ", (fires, "bold green" if explanation.held else "bold red"),
        " on ", visible(tagged.article.title or "(no title)"),
    )  # fmt: skip
    if tagged.duplicate_of:
        yield Text(f"It is a copy of article {tagged.duplicate_of}, so it raises no alert of its own.", "yellow")
    tree = Tree(Text("because" if explanation.held else "although"), guide_style="dim", hide_root=True)
    for part in explanation.parts:
        _grow(tree, part, tagged.article, everything)
    yield tree
    if lacking := missing(explanation):
        yield Text.assemble("The least that is missing: ", (visible("; ".join(lacking)), "bold"))


def _grow(tree: Tree, explanation: Explanation, article: Article, everything: bool) -> None:
    mark = Text("✔ ", "green") if explanation.held else Text("✘ ", "red")
    branch = tree.add(Text.assemble(mark, visible(explanation.rule)))
    shown, more = fold(explanation.evidence)
    for piece in shown:
        branch.add(_words(piece, article.text(piece.zone)))
    if more:
        branch.add(Text(f"+ {more} more", "dim italic"))
    unmet = [part for part in explanation.parts if not everything and _dull(part, explanation)]
    for part in explanation.parts:
        if part not in unmet:
            _grow(branch, part, article, everything)
    if unmet:
        branch.add(Text(_together(unmet), "dim"))


def _dull(part: Explanation, parent: Explanation) -> bool:
    """Whether *part* needs no branch of its own: a word that is not there, or a group that could not matter."""
    one_is_enough = parent.rule in ("any", "none") or parent.rule.startswith(("group: ", "score of "))
    return not part.held and (not part.parts or (parent.held and one_is_enough))


def _together(unmet: list[Explanation]) -> str:
    """What was not met, in one line."""
    leaves = [part for part in unmet if not part.parts]
    named = [visible(part.rule, 40) for part in leaves[:NAMED]]
    named += [f"{len(leaves) - NAMED} more"] if len(leaves) > NAMED else []
    groups = len(unmet) - len(leaves)
    named += [f"{groups} group{'s' if groups > 1 else ''} of conditions"] if groups else []
    return "not in the article: " + ", ".join(named)


def _words(piece: Evidence, text: str) -> Text:
    how = "" if piece.how == "exact" else f" ({piece.how})"
    around = visible(snippet(text, piece.start, piece.end), 400)
    return Text.assemble((f"{piece.zone} {piece.start}-{piece.end}", "dim"), how, "  ", around)
