"""HTML of a feed to plain text: the body, and apart from it captions and credits.

Runs in the parsing child. Does not sanitise for display: nothing of the markup is kept.
"""

from __future__ import annotations

import re
import unicodedata

from selectolax.lexbor import LexborHTMLParser, LexborNode

BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "br",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
"""Elements that end a line of text. Source: HTML Living Standard §15.3, ``display: block`` and tables."""

DROPPED = "script, style, noscript, template, iframe, object, svg, math, nav, form, button, select, textarea"

CAPTIONS = (
    "figcaption, .wp-caption-text, .caption, .image-caption, .photo-caption, .credit, .media-credit, .wp-caption-dd"
)
"""Where captions and credits stand: HTML's own element, WordPress's class, and the classes news sites use."""

LIMIT = 2_000_000
"""Characters of markup that are read; what follows is cut. An article of 20,000 words has some 200,000."""

NESTED = 2_000
"""Tags opened in a row without one closed above which markup is stripped by pattern: deep trees take square time."""

CUT = re.compile(r"<[^>]{0,4000}>")
_DEEP = re.compile(rf"(?:<(?!/)[a-zA-Z][^>]*>\s*){{{NESTED}}}")
_INVISIBLE = dict.fromkeys(
    [*range(0x00, 0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0), 0xFEFF, 0xFFFE, 0xFFFF]
)
_SURROGATES = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """*text* as one line: no control characters, non-characters or lone surrogates; blanks as single spaces."""
    return " ".join(_SURROGATES.sub("\ufffd", text).translate(_INVISIBLE).split())


def text_of(markup: str) -> tuple[str, str]:
    """The body and the captions of *markup*, each a line a block.

    A word with markup in it stays one word (``<b>Nagorno</b>-Karabakh``). Cost: some 0.3 ms for 6 KB.
    """
    markup = _SURROGATES.sub("\ufffd", markup[:LIMIT])
    if "<" not in markup and "&" not in markup:
        return _lines(markup), ""
    if _DEEP.search(markup):
        markup = CUT.sub(" ", markup)
    tree = LexborHTMLParser(markup)
    root = tree.body
    if root is None:
        return "", ""
    for node in root.css(DROPPED):
        node.decompose()
    captions = []
    for node in root.css(CAPTIONS):
        if caption := clean(node.text()):
            captions.append(caption)
        node.decompose()
    for node in root.css(", ".join(sorted(BLOCKS))):
        _set_apart(node)
    return _lines(root.text()), "\n".join(dict.fromkeys(captions))


def _set_apart(node: LexborNode) -> None:
    node.insert_before("\n")
    node.insert_after("\n")


def _lines(text: str) -> str:
    return "\n".join(line for raw in text.splitlines() if (line := clean(raw)))


ORIGIN = re.compile(
    r"^\s*(?:source|sources|agencies|источник|աղբյուր|mənbə|kaynak)\s*[:։]\s*(?P<name>[^\n.]{2,80})\.?\s*$",
    re.IGNORECASE,
)
_AGENCIES = (
    "AP|AFP|Reuters|TASS|dpa|EFE|ANSA|UPI|Interfax|Sputnik|Xinhua|IRNA|Tasnim|Anadolu|AA|AZERTAC|APA|Trend News|Trend"
    "|ARMENPRESS|Armenpress|ARKA|RIA Novosti|BelTA|Kazinform|Ukrinform|InterPressNews|ТАСС|РИА Новости|Интерфакс"
    "|АРМЕНПРЕСС|Арменпресс|АРКА|АЗЕРТАДЖ|БЕЛТА|Казинформ|Укринформ|Спутник|ԱՐՄԵՆՊՐԵՍ|Արմենպրես"
)
DATELINE = re.compile(
    rf"^[^\n]{{0,60}}?(?:\((?P<name>{_AGENCIES})\)\s*[-–—]|/(?P<slashed>{_AGENCIES})/)"
    rf"|^[^\W\d_a-zа-яա-ֆ]\w{{2,}}[,.]?\s+(?:[^\W\d_a-zа-яա-ֆ][\w.]*[,.]?\s+){{0,3}}\d[^\n]{{0,12}}?[,.–—-]\s+"
    rf"(?P<dated>{_AGENCIES})(?=[\s.,:/–—-])"
)
"""As agencies begin: ``PARIS (Reuters) -``, ``YEREVAN, January 12. /ARMENPRESS/``, ``МОСКВА, 12 янв — РИА Новости.``"""


def origin_of(body: str) -> tuple[str, str]:
    """Who the text says it comes from, and the text without the line that says it.

    Read are a last line ``Source: …`` and a dateline such as ``PARIS (Reuters) -``, which stays in the text, of some
    forty agencies.
    """
    head, _, last = body.rstrip().rpartition("\n")
    if found := ORIGIN.match(last):
        return clean(found["name"]), head.rstrip()
    if found := DATELINE.match(body):
        return found[found.lastgroup or 0], body
    return "", body


def same_words(text: str) -> str:
    """*text* reduced to its letters and digits, to tell whether one text holds another."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())
