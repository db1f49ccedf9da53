"""Other spellings: those that are written are made, words that only look respelt are not."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.folding import fold
from pipelines.knowledge.spelling import VARIANTS, variants

ATLANTIC = """
    organisation organization, demilitarisation demilitarization, recognised recognized, prioritising prioritizing
    analyse analyze, paralysed paralyzed, labour labor, neighbouring neighboring, behaviour behavior, favourite favorite
    honourable honorable, armoured armored, centre center, theatres theaters, kilometre kilometer, defence defense
    offences offenses, programme program, cancelled canceled, traveller traveler, counsellor counselor, judgement judgment
    grey gray, tsar czar, enquiry inquiry, artefact artifact, Co-operation Cooperation, Security Organisation Security Organization
    Ministry of Defence Ministry of Defense, LABOUR PARTY LABOR PARTY, Labour Party Labor Party, Enquiry Inquiry
"""

ALONE = """
    surprise uprising promise exercise advise advertising enterprise compromise franchise merchandise supervised
    improvisation expertise practise precise crises praise noise otherwise seized prizes capsized size denize
    laboratory honorary vigorous author hour tours four doctor errors scarlet member letters fired cantered
    called rolled filled polled shelled Nagorno-Karabakh Berg-Karabach Bosnia-Herzegovina 44-day up-to-date T-72 F-16
    Baku's Armenia's l'Arménie d'Ivoire O'Brien dell'Artsakh CSTO OSCE Karabakh Карабах Արցախ Qarabağ organisationen
"""
"""Words that have no other spelling, though they look like some that have."""


def pairs() -> list[tuple[str, str]]:
    """Each British spelling with the American one, of as many words."""
    found = []
    for entry in ATLANTIC.replace("\n", ",").split(","):
        words = entry.split()
        if words:
            found.append((" ".join(words[: len(words) // 2]), " ".join(words[len(words) // 2 :])))
    return found


def key(text: str) -> str:
    return " ".join(fold(text).text.split())


@pytest.mark.parametrize(("british", "american"), pairs())
def test_british_and_american_spellings_lead_to_each_other(british: str, american: str) -> None:
    assert american in variants(british)
    assert british in variants(american)


@pytest.mark.parametrize(
    ("phrase", "variant"),
    [
        ("cease-fire", "ceasefire"),
        ("peace-keepers", "peacekeepers"),
        ("non‑proliferation", "nonproliferation"),
        ("нагорно-карабахский", "нагорнокарабахский"),
        ("self-defence", "self-defense"),
        ("self-defence", "selfdefense"),
        ("Sana'a", "Sanaa"),
        ("Ma’rib", "Marib"),
        ("Qurʼan", "Quran"),
        ("labour programme", "labor program"),
    ],
)
def test_compounds_and_names_are_also_written_as_one(phrase: str, variant: str) -> None:
    assert variant in variants(phrase)


@pytest.mark.parametrize("phrase", ALONE.split())
def test_what_has_one_spelling_has_no_other(phrase: str) -> None:
    assert variants(phrase) == frozenset()


WORDS = st.sampled_from(
    ["defence", "Labour", "organise", "cease-fire", "Sana'a", "grey", "of", "co-operation", "defence-defence"]
)
PHRASES = st.lists(WORDS, max_size=12).map(" ".join) | st.text("aeilorsz'-’ ", max_size=20) | st.text()


@given(PHRASES)
@example("defence-" * 40)
@example("a'a-" * 75)
def test_every_variant_is_another_text_and_there_are_few(phrase: str) -> None:
    keys = [key(variant) for variant in variants(phrase)]
    assert len(keys) <= VARIANTS
    assert len(set(keys)) == len(keys)
    assert not {"", key(phrase)} & set(keys)


@given(PHRASES)
def test_the_same_phrase_has_the_same_variants(phrase: str) -> None:
    assert variants.__wrapped__(phrase) == variants(phrase)
