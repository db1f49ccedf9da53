"""Endings by which words decline without a dictionary: Ukrainian, Polish, Greek.

In the form of `pipelines.knowledge.agreement.table`. The first ending of a table that a word has counts, so the longer
stand first. Written for this project from the regular paradigms of each language. Where a case has two endings that no
rule tells apart (Ukrainian Єревана, Азербайджану) both stand: the wrong one is no word. Not here: words whose stem
changes without a rule (бій, дім), and the vocative, which the news does not use.
"""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Callable

from pipelines.knowledge.agreement import Reader, Row, Slots, declined, table

_UKRAINIAN = table("""
(війська) p війська військ військам військами військах
[сц]ьк(ий) M ий ого ому ого им ому
[сц]ьк(а) F а ої ій у ою ій
(?<![сц]ь)(ка) f ка ки ці ку кою ці ки ок/к кам ками ках
(га) f га ги зі гу гою зі ги г гам гами гах
(ха) f ха хи сі ху хою сі хи х хам хами хах
[оеє]в(а) F а ої/и ій/і у ою ій/і
[жчшщ](а) f а і і у ею і і 0 ам ами ах
(?<!ськ|цьк)(а) f а и і у ою і и 0 ам ами ах
[иі](я) f я ї ї ю єю ї ї й ям ями ях
'(я) n я я ю я ям ї я їв/ь ям ями ях
(ння) n ння ння нню ння нням нні ння нь нням ннями ннях
(ття) n ття ття ттю ття ттям тті ття ть ттям ттями ттях
(лля) n лля лля ллю лля ллям ллі лля ль ллям ллями ллях
(ця) f ця ці ці цю цею ці ці ць цям цями цях
(я) f я і і ю ею і і ь ям ями ях
к(о) M о а у/ові а ом у/ові
к(о) n о а у о ом у а 0 ам ами ах
щ(е) n е а у е ем і а 0 ам ами ах
(о) n о а у о ом і а 0 ам ами ах
(ість) f ість ості ості ість істю ості ості остей остям остями остях
(ець) m ець ця цю/цеві ця цем ці/цеві ці ців цям цями цях
(ь) m ь я ю/еві я ем і/ю і ів ям ями ях
(ь) f ь і і ь ю і і ей ям ями ях
і(й) m й я/ю ю/єві я єм ї/єві ї їв ям ями ях
[аеєоуюяї](й) m й ю/я ю/єві я єм ї/ю ї їв ям ями ях
(їв) M їв єва єву/єву їв євом єві
(ів) M ів ова/єва ову/єву ів/ова овом/овим ові
[оеє]в() M 0 а у/ові а им/ом і/у
[ая]н(ин) m ин ина ину/инові ина ином ині/инові и 0 ам ами ах
[іїи]н() M 0 а у/ові а им/ом і/у
тар() m 0 я ю/еві я ем і/еві і ів ям ями ях
[жчшщ]() m 0 у/а у/еві а ем і/у і ів ам ами ах
(г) m г гу/га гу/гові га гом зі/гу ги гів гам гами гах
(х) m х ху/ха ху/хові ха хом сі/ху хи хів хам хами хах
к() m 0 у/а у/ові а ом у/ові и ів ам ами ах
[бвгґдзклмнпрстфц]() m 0 у/а у/ові а ом і/ові и ів ам ами ах
(ії) p ії ій іям іями іях
(ці) p ці ців цям цями цях
[жчшщ](і) p і ів/0 ам ами ах
(і) p і ів/ей ям ями ях
(и) p и ів/0 ам ами ах
""")

_POLISH = table("""
[sc]k(i) M i iego iemu iego im im
[sc]k(a) F a iej iej ą ą iej
(?<![sc]k)(ka) f ka ki ce kę ką ce ki ek/k kom kami kach
(ga) f ga gi dze gę gą dze gi g gom gami gach
[ijel](a) f a i i ę ą i e 0 om ami ach
ż(a) f a y y ę ą y e 0 om ami ach
(ś) f ś si si ś sią si sie si siom siami siach
w(o) n o a u o em ie a 0 om ami ach
k(o) n o a u o iem u a 0 om ami ach
(ta) f ta ty cie tę tą cie ty t tom tami tach
(da) f da dy dzie dę dą dzie dy d dom dami dach
(ra) f ra ry rze rę rą rze ry r rom rami rach
(ła) f ła ły le łę łą le ły ł łom łami łach
[cdrs]z(a) f a y y ę ą y e 0 om ami ach
[bfmnpsvwz](a) f a y ie ę ą ie y 0 om ami ach
(?<=[^aeiouyąęó])(ść) f ść ści ści ść ścią ści ści ści ściom ściami ściach
o(ść) f ść ści ści ść ścią ści ści ści ściom ściami ściach
(nie) n nie nia niu nie niem niu nia ń niom niami niach
(cie) n cie cia ciu cie ciem ciu cia ć ciom ciami ciach
(ń) m ń nia/niu niowi nia niem niu nie ni niom niami niach
j() m 0 u/a owi a em u e ów om ami ach
ch() m 0 u/a owi a em u y ów om ami ach
[cdrs]z() m 0 u/a owi a em u e y/ów om ami ach
[clż]() m 0 u/a owi a em u e y/i/ów om ami ach
[kg]() m 0 u/a owi a iem u i ów om ami ach
(t) m t tu/ta towi ta tem cie ty tów tom tami tach
(d) m d du/da dowi da dem dzie dy dów dom dami dach
(r) m r ru/ra rowi ra rem rze ry rów rom rami rach
(ł) m ł łu/ła łowi ła łem le ły łów łom łami łach
[bfmnpsvwz]() m 0 u/a owi a em ie y ów om ami ach
[kg](i) p i ów/0 om ami ach
(y) p y ów/0 om ami ach
""")

_GREEK = table("""
(α) F α ας
(ά) F ά άς
(η) F η ης
(ή) F ή ής
(ης) M ης η
(ής) M ής ή
(ας) M ας α
(άς) M άς ά
""")
"""Of names what never moves the accent."""

_UKRAINIAN_ADJECTIVES = """
@ m ий ого ому ого им ому
@ f а ої ій у ою ій
@ n е ого ому е им ому
@ p і их им ими их
""".replace(
    "@", "(ий|(?<=[сцз]ьк)[аеі]|(?<=[бвгджлмнрстчщья]н)[аеі]|(?<=[оеє]в)[аеі]|(?<=[ое]йн)[аеі]|(?<=[цс]ійн)[аеі])"
)

_POLISH_ADJECTIVES = """
@ki m i iego iemu iego im im
@ki f a iej iej ą ą iej
@ki n ie iego iemu ie im im
@ki p ie ich im imi ich
@y m y ego emu ego ym ym
@y f a ej ej ą ą ej
@y n e ego emu e ym ym
@y p e ych ym ymi ych
""".replace("@ki", "[sczń]k(i|a|ie)").replace("@y", "(y|(?<=[bcdłmnrstwż]n)[ae]|(?<=ow)[ae])")
"""An adjective is known by a masculine's ending; otherwise only by what ends a stem of adjectives: війна is none."""


def adjective(adjectives: str) -> Callable[[str], Slots]:
    """How a word is read as one of *adjectives*, a table with all genders of each kind."""
    rows = table(adjectives)
    return lambda word: functools.reduce(operator.or_, declined(word.lower(), rows), {})


def _reader(nouns: list[Row], adjectives: str, surnames: str) -> Reader:
    """Of a language without a dictionary: the word after a given name is a name when it ends as *surnames* do."""
    follows = re.compile(f"({surnames})$")

    def names(word: str, _: str) -> list[Slots]:
        return declined(word, nouns) if word[:1].isupper() and follows.search(word.lower()) else []

    return Reader(lambda word: declined(word, nouns), adjective(adjectives), names)


UKRAINIAN = _reader(_UKRAINIAN, _UKRAINIAN_ADJECTIVES, "ян|[оеєиії]в|[іїи]н|[сц]ьк(ий|а)|[оеє]ва|ко|ук|юк|ич")
POLISH = _reader(_POLISH, _POLISH_ADJECTIVES, "ian|jan|[oe]w|[iy]n|[sc]k(i|a)|icz|uk|ak")
GREEK = Reader(lambda word: declined(word, _GREEK), lambda _: {}, lambda *_: ())
