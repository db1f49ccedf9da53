"""Near-copies: what is one text under other words, what is another text, and how they are found again."""

import random

import msgspec
import numpy as np
import pytest
from factories import article, tagged
from hypothesis import given
from hypothesis import strategies as st

from connectors.records import Likeness, TaggedArticle
from pipelines.copies.index import WAYS, Index
from pipelines.copies.signing import Signature, sign
from pipelines.copies.verifying import likeness
from pipelines.dedup import Seen, fingerprints

HEADLINE = "Foreign ministers agree on a date for talks in Geneva"


def prose(count: int, seed: int = 1) -> str:
    """*count* made-up words, others for another seed; one in twelve begins a sentence."""
    rng = random.Random(seed)
    words = ["".join(rng.choice("kgtdbprsmnlvz") + rng.choice("aeiou") for _ in range(rng.randint(1, 4))) for _ in range(count)]  # fmt: skip
    return " ".join(word + ("." if n % 12 == 11 else "") for n, word in enumerate(words))


def cut(text: str, count: int) -> str:
    return " ".join(text.split()[:count])


def alike(one: tuple[str, str], other: tuple[str, str]) -> Likeness | None:
    return likeness(*(Signature.unpack(sign(article(title, body))) for title, body in (one, other)))


def arrived(title: str, body: str, source: str = "a", **fields: object) -> TaggedArticle:
    url = f"https://{source}.example/{fields.get('entry', title)}"
    made = article(title, body, source=source, url=url, **fields)  # type: ignore[arg-type]
    return tagged(made, fingerprints=fingerprints(made), signature=sign(made))


def edited(text: str, share: float, seed: int = 5) -> str:
    """*text* with a share of its words replaced."""
    rng = random.Random(seed)
    return " ".join(prose(1, seed=rng.randrange(10**6)) if rng.random() < share else word for word in text.split())


TEXT = prose(400)

COPIES = {
    "cut to sixty words": cut(TEXT, 60),
    "cut to sixty words under another headline": cut(TEXT, 60),
    "one word in twenty replaced": edited(TEXT, 0.05),
    "a caption of forty words before it": f"{prose(40, 7)} {TEXT}",
    "a caption before it, and cut": f"{prose(30, 7)} {cut(TEXT, 120)}",
    "a disclaimer of a hundred words behind it": f"{TEXT} {prose(100, 8)}",
}


@pytest.mark.parametrize("how", COPIES)
def test_a_copy_is_known_however_it_was_dressed(how: str) -> None:
    title = "Another headline altogether" if "headline" in how else HEADLINE
    assert alike((HEADLINE, TEXT), (title, COPIES[how]))
    assert alike((title, COPIES[how]), (HEADLINE, TEXT)), "whichever came first"


OTHERS = {
    "a new lead of two hundred words before the old text": f"{prose(200, 9)} {TEXT}",
    "another text": prose(400, 10),
    "the old text as background behind another": f"{prose(500, 11)} {cut(TEXT, 150)}",
    "half of the words replaced": edited(TEXT, 0.5),
}


@pytest.mark.parametrize("how", OTHERS)
def test_what_tells_something_else_is_no_copy(how: str) -> None:
    assert not alike((HEADLINE, TEXT), ("Talks in Geneva are called off", OTHERS[how]))


PACKAGE = "EU adopts its {} package of sanctions, diplomats said on Friday after a meeting in Brussels. " + prose(
    20, 12
)


def test_short_texts_that_differ_in_a_number_stay_apart() -> None:
    assert not alike(("New sanctions", PACKAGE.format("12th")), ("New sanctions", PACKAGE.format("13th")))
    assert alike(("New sanctions", PACKAGE.format("12th")), ("More sanctions", PACKAGE.format("12th")))


def test_headlines_that_differ_in_a_number_tell_two_texts_apart() -> None:
    assert not alike(("EU adopts 12th package", TEXT), ("EU adopts 13th package", TEXT))


def test_a_number_corrected_in_a_long_text_leaves_it_the_same() -> None:
    assert alike((HEADLINE, f"At least 14 people met. {TEXT}"), (HEADLINE, f"At least 15 people met. {TEXT}"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "Turkey raises its key rate to a new level on Thursday",
            "Argentina raises its key rate to a new level on Thursday",
        ),
        ("Премьер-министр прибыл в Ереван", "Премьер-министр прибыл в Тбилиси"),
    ],
)
def test_a_few_words_must_all_be_the_same(one: str, other: str) -> None:
    assert not alike(("Brief", one), ("Brief", other))
    assert alike(("Brief", one), ("Brief", one))


def test_scripts_without_spaces_are_compared_letter_by_letter() -> None:
    text = "两国外长周五在日内瓦举行会谈，双方同意在下个月再次会面，讨论边界划定和交通线路的开放问题，并交换被拘押人员名单。"
    assert alike(("会谈", text), ("外长会谈", text[:40]))
    assert not alike(
        ("会谈", text),
        ("会谈", "总统周一前往巴黎参加气候会议，预计将与多国领导人举行双边会晤并发表讲话，随后返回首都。"),
    )


def test_what_a_source_says_in_every_text_makes_no_copy() -> None:
    standing = prose(120, 20)
    seen = Seen()
    for n in range(6):
        seen.judge([arrived(f"Story number {n} of the day", f"{prose(14, 30 + n)} {standing}", entry=str(n))])
    late = [arrived(f"Quite another story, {n}", f"{prose(14, 50 + n)} {standing}", entry=f"late{n}") for n in range(4)]
    assert [t.duplicate_of for t in seen.judge(late)[0]] == [""] * 4
    copy = arrived("Taken over", cut(late[0].article.body, 14), source="b")
    assert seen.judge([copy])[0][0].duplicate_of == late[0].article.id


def test_a_near_copy_says_how_alike_it_is_and_names_the_first_of_all() -> None:
    first, second, third = (
        arrived(HEADLINE, TEXT),
        arrived(HEADLINE, cut(TEXT, 200), "b"),
        arrived("Ministers to meet", cut(TEXT, 90), "c"),
    )
    judged, _ = Seen().judge([first, second, third])
    assert [t.duplicate_of for t in judged] == ["", first.article.id, first.article.id]
    assert judged[1].likeness == Likeness(shared=1.0, lead=1.0, title=1.0)
    assert judged[0].likeness is None


def test_of_a_storm_of_copies_one_is_new() -> None:
    rng = random.Random(3)
    storm = [arrived(HEADLINE, TEXT, "wire")]
    for n in range(200):
        body = edited(cut(TEXT, rng.randint(40, 400)), rng.choice((0, 0, 0.03)), n)
        storm.append(arrived(HEADLINE if n % 2 else f"Headline of outlet {prose(3, n)}", body, f"outlet-{n}"))
    judged, _ = Seen().judge(storm)
    assert sum(not t.duplicate_of for t in judged) == 1


def test_an_update_stays_the_update_of_its_own_source() -> None:
    first = arrived(HEADLINE, TEXT, entry="1")
    other = arrived("Another story", prose(300, 40), "b")
    revised = arrived(HEADLINE, f"{other.article.body} {cut(TEXT, 10)}", entry="1")
    judged, _ = Seen().judge([first, other, revised])
    assert judged[2].duplicate_of == "", "a revision of an original is none of another"


def test_a_revision_says_how_much_of_it_is_new_and_nothing_of_a_slip_mended() -> None:
    first = arrived(HEADLINE, f"At least 14 people met. {TEXT}", entry="1")

    def revised(body: str, revision: int, title: str = HEADLINE) -> TaggedArticle:
        one = msgspec.structs.replace(first.article, revision=revision, body=body, title=title)
        return tagged(one, fingerprints=fingerprints(one), signature=sign(one))

    slip = first.article.body.replace(TEXT.split()[40], "mended", 1)
    more = f"{slip} {prose(100, 60)}"
    seen = Seen()
    judged = [
        seen.judge([one])[0][0]
        for one in (
            first,
            revised(slip, 2),
            revised(more, 3),
            revised(more, 4),
            revised(more.replace("14", "15"), 5),
            revised(more.replace("14", "15"), 6, "Talks are off"),
        )
    ]
    assert [t.duplicate_of for t in judged] == [""] * 6
    assert [t.changed > 0 for t in judged] == [False, False, True, False, True, True]
    assert judged[2].changed == pytest.approx(0.2, abs=0.04)


@given(st.text(max_size=400), st.text(max_size=60))
def test_a_signature_is_read_as_it_was_packed(text: str, title: str) -> None:
    text, title = (part.encode("utf-8", "ignore").decode() for part in (text, title))
    packed = sign(article(title, text))
    assert Signature.unpack(packed).pack() == packed
    assert len(packed) < 1_000


@pytest.mark.parametrize("packed", [b"", b"\x00" * 7, b"\x01\x00" * 9, sign(article("T", TEXT))[:-2]])
def test_what_is_no_signature_is_refused(packed: bytes) -> None:
    with pytest.raises(ValueError, match="no signature"):
        Signature.unpack(packed)


@given(st.lists(st.sets(st.integers(0, 2**32 - 1), min_size=2, max_size=12), min_size=1, max_size=40))
def test_an_index_finds_what_shares_two_keys_while_rows_have_room(texts: list[set[int]]) -> None:
    index = Index()
    for number, keys in enumerate(texts):
        index.add(np.array(sorted(keys), np.uint32), number)
    for number, keys in enumerate(texts):
        assert number in index.find(np.array(sorted(keys), np.uint32)) or _crowded(texts, keys)


def _crowded(texts: list[set[int]], keys: set[int]) -> bool:
    rows = [key % 256 for text in texts for key in text]
    return any(rows.count(key % 256) > WAYS for key in keys) or sum(len(keys & text) > 1 for text in texts) > WAYS


def test_an_index_that_grows_loses_nothing_it_had_room_for() -> None:
    rng = np.random.default_rng(1)
    keys = rng.integers(0, 2**32, (5_000, 20), np.uint32)
    index = Index()
    for number, own in enumerate(keys):
        index.add(np.unique(own), number)
    assert all(number in index.find(np.unique(own)) for number, own in enumerate(keys))
