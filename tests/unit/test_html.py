"""HTML to text: words stay whole, captions stand apart."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.html import clean, origin_of, text_of


def test_a_word_with_markup_in_it_stays_one_word() -> None:
    assert text_of("<p>The <b>Nagorno</b>-Karabakh <i>re</i>gion</p>") == ("The Nagorno-Karabakh region", "")


def test_blocks_become_lines() -> None:
    assert text_of("<h2>Head</h2><p>One</p><ul><li>a</li><li>b</li></ul>x<br>y")[0].splitlines() == [
        "Head", "One", "a", "b", "x", "y",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "markup",
    [
        "<figure><img><figcaption>A photo [Reuters]</figcaption></figure>",
        "<div class='wp-caption'><img><p class='wp-caption-text'>A photo [Reuters]</p></div>",
        "<span class='credit'>A photo [Reuters]</span>",
    ],
)
def test_captions_and_credits_stand_apart(markup: str) -> None:
    assert text_of(f"<p>Before.</p>{markup}<p>After.</p>") == ("Before.\nAfter.", "A photo [Reuters]")


def test_scripts_styles_and_menus_are_no_text() -> None:
    assert text_of("<nav>Home</nav><script>x()</script><style>p{}</style><p>Text</p>") == ("Text", "")


def test_plain_text_is_left_as_it_is() -> None:
    assert text_of("5 > 4,  no markup\nsecond line") == ("5 > 4, no markup\nsecond line", "")


@pytest.mark.parametrize(
    "markup", ["<div>" * 100_000, "<i><b>" * 30_000, "<!--" * 100_000, "<p style='" + "a" * 100_000]
)
def test_markup_built_to_take_time_takes_little(markup: str) -> None:
    started = time.process_time()
    text_of(markup + "x")
    assert time.process_time() - started < 2


@given(st.text())
def test_any_text_comes_out_clean(text: str) -> None:
    body, captions = text_of(text)
    for found in (body, captions, clean(text)):
        found.encode("utf-8")
        assert not any(c in found for c in "\x00\x0b\x1b\x7f\ufffe\uffff")


@pytest.mark.parametrize(
    ("text", "origin", "rest"),
    [
        ("First.\nSource: News Agencies", "News Agencies", "First."),
        ("Первый.\nИсточник: ТАСС", "ТАСС", "Первый."),
        ("PARIS (Reuters) - It rained.", "Reuters", "PARIS (Reuters) - It rained."),
        ("GYUMRI, January 12. /ARKA/. It rained.", "ARKA", "GYUMRI, January 12. /ARKA/. It rained."),
        ("Ganja, March 3, AZERTAC\nIt rained.", "AZERTAC", "Ganja, March 3, AZERTAC\nIt rained."),
        ("ПСКОВ, 12 янв — РИА Новости. Дождь.", "РИА Новости", "ПСКОВ, 12 янв — РИА Новости. Дождь."),
        ("On 3 May, Xinhua said it rained.", "", "On 3 May, Xinhua said it rained."),
        ("Five died on 12 May. AP said so.", "", "Five died on 12 May. AP said so."),
        (
            "The source: a spring in the hills, he said. It flows.",
            "",
            "The source: a spring in the hills, he said. It flows.",
        ),
        ("", "", ""),
    ],
)
def test_the_origin_is_what_the_text_says_it_is(text: str, origin: str, rest: str) -> None:
    assert origin_of(text) == (origin, rest)
