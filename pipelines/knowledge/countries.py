"""Write ``configs/gazetteer/countries.tsv``: every country and capital, in the languages the news comes in, inflected.

    python -m pipelines.knowledge.countries > configs/gazetteer/countries.tsv

Countries are CLDR's territories; a capital is the CLDR name of a time zone's city where it is one, else it is named in
`CAPITALS`. Source: Unicode CLDR through babel, a development dependency only: the file ships, babel does not.
"""

from __future__ import annotations

import csv
import re
import sys
import unicodedata
from collections.abc import Iterator

from babel import Locale
from babel.dates import get_timezone_location

from pipelines.knowledge.written import written

LANGUAGES = (
    *("en", "ru", "hy", "az", "fr", "tr", "de", "ka", "uk", "es", "it", "fa", "ar", "pl", "pt", "zh", "el", "he"),
    *("kk", "be", "ja", "ko"),
)

CAPITALS = """
AF Asia/Kabul;AL Europe/Tirane;DZ Africa/Algiers;AD Europe/Andorra;AO Africa/Luanda;AR =Buenos Aires|Буэнос-Айрес
AM Asia/Yerevan;AU =Canberra;AT Europe/Vienna;AZ Asia/Baku;BH Asia/Bahrain=Manama;BD Asia/Dhaka;BY Europe/Minsk
BE Europe/Brussels;BO America/La_Paz;BA Europe/Sarajevo;BR =Brasília|Brasilia;BG Europe/Sofia;KH Asia/Phnom_Penh
CA =Ottawa;CL America/Santiago;CN =Beijing|Пекин|Pékin|Peking|Pekin|北京;CO America/Bogota;HR Europe/Zagreb
CU America/Havana;CY Asia/Nicosia;CZ Europe/Prague;DK Europe/Copenhagen;EC =Quito;EG Africa/Cairo;EE Europe/Tallinn
ET Africa/Addis_Ababa;FI Europe/Helsinki;FR Europe/Paris;GE Asia/Tbilisi;DE Europe/Berlin;GH Africa/Accra
GR Europe/Athens;HU Europe/Budapest;IS Atlantic/Reykjavik;IN =New Delhi|Нью-Дели;ID Asia/Jakarta;IR Asia/Tehran
IQ Asia/Baghdad;IE Europe/Dublin;IL Asia/Jerusalem;IT Europe/Rome;JP Asia/Tokyo;JO Asia/Amman
KZ =Astana|Астана|Աստանա|ასტანა;KE Africa/Nairobi;KP Asia/Pyongyang;KR Asia/Seoul;XK =Pristina|Приштина|Prishtina
KG Asia/Bishkek;LA Asia/Vientiane;LV Europe/Riga;LB Asia/Beirut;LY Africa/Tripoli;LT Europe/Vilnius
LU Europe/Luxembourg=;MY Asia/Kuala_Lumpur;ML Africa/Bamako;MT =Valletta;MX =Mexico City;MD Europe/Chisinau
MN =Ulaanbaatar|Улан-Батор;ME Europe/Podgorica;MA =Rabat|Рабат;MM =Naypyidaw;NP Asia/Katmandu;NL Europe/Amsterdam
NZ =Wellington;NG =Abuja|Абуджа;MK Europe/Skopje;NO Europe/Oslo;OM Asia/Muscat;PK =Islamabad|Исламабад|İslamabad
PS =Ramallah|Рамалла;PY America/Asuncion;PE America/Lima;PH Asia/Manila;PL Europe/Warsaw;PT Europe/Lisbon
QA =Doha|Доха;RO Europe/Bucharest;RU Europe/Moscow;SA Asia/Riyadh;RS Europe/Belgrade;SG Asia/Singapore=
SK Europe/Bratislava;SI Europe/Ljubljana;SO Africa/Mogadishu;ZA =Pretoria|Претория;SS Africa/Juba;ES Europe/Madrid
LK Asia/Colombo;SD Africa/Khartoum;SE Europe/Stockholm;CH =Bern|Берн|Berne;SY Asia/Damascus;TW Asia/Taipei
TJ Asia/Dushanbe;TZ =Dodoma;TH Asia/Bangkok;TN Africa/Tunis;TR =Ankara|Анкара|Անկարա|ანკარა|آنکارا|أنقرة|安卡拉
TM Asia/Ashgabat;UG Africa/Kampala;UA Europe/Kiev;AE =Abu Dhabi|Абу-Даби;GB Europe/London
US =Washington|Вашингтон|Վաշինգտոն|Vaşinqton|ვაშინგტონი;UY America/Montevideo;UZ Asia/Tashkent;VE America/Caracas
VN =Hanoi|Ханой|Hanoï;YE =Sanaa|Sana'a|Сана;ZM Africa/Lusaka;ZW Africa/Harare;VA =
"""
"""Country, then the time zone of its capital, or ``=`` and the capital's names; ``=`` alone: named as the country."""

NAMED = {"XK": "kosovo", "TW": "taiwan", "PS": "palestine", "TR": "turkey", "HK": "hong-kong", "MO": "macao"}
"""Slugs that CLDR's English names would not give."""

AMBIGUOUS = {
    "Georgia",
    "Jordan",
    "Chad",
    "Мали",
    "Чад",
    "Гана",
    "Того",
    "Iran's",
    "Niger",
    "Man",
    "Sana",
    "St. Martin",
    "Saint Martin",
    "Rome",
    "Лима",
    "Сана",
}
"""Names that are common words or people's names as often: the country needs a longer one, or the curated files."""


SCRIPTS = {"CYRILLIC": "ru", "ARMENIAN": "hy", "GEORGIAN": "ka"}
"""The language that a script is taken for, of a capital named in `CAPITALS`."""


def rows() -> Iterator[tuple[str, str, str, str, str]]:
    """Every row of the file, countries first."""
    english = {str(code): str(name) for code, name in Locale("en").territories.items()}
    codes = sorted(
        c for c in english if re.fullmatch(r"[A-Z]{2}", c) and c not in ("EU", "EZ", "UN", "QO", "ZZ", "XA", "XB")
    )
    slugs = {c: NAMED.get(c, _slug(english[c])) for c in codes}
    for code in codes:
        for language in LANGUAGES:
            for name in _variants(Locale(language).territories.get(code, "")):
                if name not in AMBIGUOUS:
                    yield slugs[code], "place", code, language, written(name, language)
    for part in re.split(r"[;\n]", CAPITALS.strip()):
        code, _, where = part.strip().partition(" ")
        zone, _, names = where.partition("=")
        for language in LANGUAGES if zone and not where.endswith("=") and not names else ():
            name = get_timezone_location(zone, locale=language, return_city=True)
            if name and name not in AMBIGUOUS and "(" not in name:
                yield _slug(zone.split("/")[-1]), "capital", code, language, written(name, language)
        listed = [n for n in names.split("|") if n]
        for name in listed:
            language = _language(name)
            yield _slug(listed[0]), "capital", code, language, written(name, language)


def _language(name: str) -> str:
    """Which of our languages *name* is of, by its letters; ``mul`` when they do not tell."""
    if re.search("[əğıİş]|q[^u]", name):
        return "az"
    return "en" if name.isascii() else SCRIPTS.get(unicodedata.name(name[0]).split()[0], "mul")


def _variants(name: str) -> list[str]:
    """CLDR's name, without brackets and with "and" for an ampersand."""
    plain = re.sub(r"\s*[(\[（].*?[)\]）]", "", name).strip()
    forms = [plain]
    if " & " in plain:
        forms.append(plain.replace(" & ", " and "))
    if plain.startswith("St. "):
        forms.append(plain.replace("St. ", "Saint "))
    return [f for f in forms if len(f) > 1]


def _slug(name: str) -> str:
    plain = re.sub(r"\s*\(.*?\)", "", name).replace("’", "").replace("'", "")
    table = str.maketrans("çôéíãñåÅÇÉ ", "coeianaACE-")
    return re.sub(r"[^a-z0-9]+", "-", plain.translate(table).lower()).strip("-")


def main() -> None:
    """Write the file to stdout."""
    out = csv.writer(sys.stdout, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None)
    out.writerow(("id", "kind", "country", "language", "name"))
    out.writerows(dict.fromkeys(rows()))


if __name__ == "__main__":
    main()
