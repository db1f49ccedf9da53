"""Azerbaijani, Turkish and Kazakh: their sounds and endings, as templates of `pipelines.knowledge.harmony`.

Written for this project from the regular grammar of each language. In Turkish an apostrophe parts the cases of a name
from it (Bakü'de), so that the name is met as it stands; only what is written without one is made (Bakülü, and the cases
of titles: Güvenlik Konseyine).
"""

from __future__ import annotations

from pipelines.knowledge.harmony import Harmony, Sounds

_LATIN = "aıoueəiöüâîû"

_HARMONY: Sounds = {
    "I": (("aıâ", "ı"), ("ouû", "u"), ("öü", "ü"), ("eəiî", "i")),
    "Y": ((_LATIN, "y"), ("", "")),
    "N": ((_LATIN, "n"), ("", "")),
    "S": ((_LATIN, "s"), ("", "")),
}
"""High vowels of four kinds, and what stands between two vowels."""

_AZERBAIJANI_CASES = ("NIn", "YA", "NI", "dA", "dAn", "YlA", "dAkI")

AZERBAIJANI = Harmony(
    sounds={**_HARMONY, "A": (("aıou", "a"), ("eəiöü", "ə"))},
    vowels=_LATIN,
    cases=_AZERBAIJANI_CASES,
    possessed=("nIn", "nA", "nI", "ndA", "ndAn", "YlA", "ndAkI"),
    derived=(*_AZERBAIJANI_CASES, "lI", "lIlAr", "lIlArIn", "lIlArA", "lIlArI", "lIlArdAn"),
    softens=f"[{_LATIN}].*[{_LATIN}][kq]$",
    soft={"k": "y", "q": "ğ"},
    stems={word: word for word in ("hüquq", "ittifaq", "əxlaq", "iştirak", "idrak")}
    | {"fikir": "fikr", "isim": "ism", "oğul": "oğl"},
    possessive="[ıiuü]$",
    plural="lAr",
)

TURKISH = Harmony(
    sounds={**_HARMONY, "A": (("aıouâû", "a"), ("eiöüî", "e")), "D": (("fstkçşhp", "t"), ("", "d"))},
    vowels=_LATIN,
    cases=("NIn", "YA", "YI", "DA", "DAn", "YlA", "DAki"),
    possessed=("nIn", "nA", "nI", "ndA", "ndAn", "YlA", "ndAki"),
    derived=(
        "lI",
        *(f"{number}{case}" for number in ("lAr", "lIlAr") for case in ("", "In", "A", "I", "DA", "DAn", "lA")),
    ),
    softens=f"[{_LATIN}].*[{_LATIN}][kçp]$",
    soft={"k": "ğ", "ç": "c", "p": "b"},
    stems={word: word for word in ("hukuk", "ittifak", "iştirak", "ahlak", "evrak", "infak", "idrak", "merak")}
    | {"grup": "grub", "harp": "harb", "güç": "güc", "uç": "uc", "genç": "genc", "borç": "borc", "renk": "reng"}
    | {"kurt": "kurd", "yurt": "yurd", "kanat": "kanad", "umut": "umud", "hak": "hakk", "hat": "hatt", "üs": "üss"}
    | {"şehir": "şehr", "emir": "emr", "hüküm": "hükm", "nehir": "nehr", "isim": "ism", "fikir": "fikr"}
    | {"keşif": "keşf", "kısım": "kısm", "resim": "resm"},
    heard={"saat": ("saet",), "hal": ("hel",), "lal": ("lel",), "işgal": ("işgel",), "eral": ("erel",)}
    | {"mareşal": ("mareşel",), "inal": ("inel",), "ival": ("ivel",), "rol": ("röl",), "gol": ("göl",)}
    | {"kabul": ("kabül",), "okol": ("oköl",), "dikkat": ("dikket",), "seyahat": ("seyahet",)},
    possessive="[ıiuü]$",
    plural="lAr",
)
"""Loans that do not soften or whose last vowel sounds clearer are those of war and politics, not all there are."""

_CYRILLIC = "аәеоөұүыіэяюё"
_VOICELESS = "пткқсшщчцхфһбвгд"

_KAZAKH_CASES = ("NIң", "GA", "HI", "DA", "BAн", "Mен", "DARI")

KAZAKH = Harmony(
    sounds={
        "A": (("аоұыяюё", "а"), ("әеөүіэь", "е")),
        "I": (("аоұыяюё", "ы"), ("әеөүіэь", "і")),
        "K": (("аоұыяюё", "қ"), ("әеөүіэь", "к")),
        "R": (("аоұыяюё", "ғ"), ("әеөүіэь", "г")),
        "G": ((_VOICELESS, "K"), ("", "R")),
        "N": ((f"{_CYRILLIC}мнң", "н"), (_VOICELESS, "т"), ("", "д")),
        "H": ((_CYRILLIC, "н"), (_VOICELESS, "т"), ("", "д")),
        "D": ((_VOICELESS, "т"), ("", "д")),
        "B": (("мнң", "н"), (_VOICELESS, "т"), ("", "д")),
        "M": ((_VOICELESS, "п"), ("зж", "б"), ("", "м")),
        "L": ((f"{_CYRILLIC}руий", "л"), (_VOICELESS, "т"), ("", "д")),
        "S": ((_CYRILLIC, "с"), ("", "")),
    },
    vowels=_CYRILLIC + "уи",
    cases=_KAZAKH_CASES,
    possessed=("нIң", "нA", "н", "ндA", "нAн", "мен", "ндARI"),
    derived=(*_KAZAKH_CASES, "LIK", "LIKтAр", "LIKтAрдIң", "LIKтAрRA", "LIKтAрдI", "LIKтAрдAн"),
    softens="[^н][кқп]$",
    soft={"к": "г", "қ": "ғ", "п": "б"},
    stems={"халық": "халқ", "орын": "орн"},
    heard={"баку": ("баку", "беку"), "ев": ("ев", "ав")},
    possessive="[ыі]$",
    plural="LAр",
)
"""у and и are heard as half a consonant, and harmony passes over them. Баку and surnames in -ев are said both ways."""
