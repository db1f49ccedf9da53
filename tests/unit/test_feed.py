"""Feed documents to values: what real feeds do, and what hostile ones try."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.dates import when
from connectors.errors import RejectedError
from connectors.feed import ENTRIES, Feed, parse

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp()


def rss(*items: str, head: str = "", prolog: str = "<?xml version='1.0' encoding='UTF-8'?>") -> bytes:
    spaces = "xmlns:content='http://purl.org/rss/1.0/modules/content/' xmlns:media='http://search.yahoo.com/mrss/'"
    body = "".join(f"<item>{item}</item>" for item in items)
    channel = f"<channel><title>Feed</title><link>https://example.org/</link>{body}</channel>"
    return f"{prolog}{head}<rss version='2.0' {spaces}>{channel}</rss>".encode()


def only(body: bytes, url: str = "https://example.org/feed") -> Feed:
    return parse(body, url, "application/rss+xml", NOW)


def test_an_entry_is_read_into_zones() -> None:
    (item,) = only(
        rss(
            "<title>A &amp; B</title><guid>g1</guid><link>/a</link><description>The gist.</description>"
            "<content:encoded><![CDATA[<p>First <b>para</b>-graph.</p><figure><img/><figcaption>A photo [AP]</figcaption>"
            "</figure><p>Second.</p><p>Source: News Agencies</p>]]></content:encoded>"
            "<media:credit>Kremlin pool</media:credit><pubDate>Tue, 24 Nov 2026 10:00:00 +0400</pubDate>"
        )
    ).items
    assert (item.title, item.id, item.link) == ("A & B", "g1", "https://example.org/a")
    assert (item.lead, item.body) == ("The gist.", "First para-graph.\nSecond.")
    assert item.captions.splitlines() == ["A photo [AP]", "Kremlin pool"]
    assert item.origin == "News Agencies"
    assert item.published == datetime(2026, 11, 24, 6, tzinfo=UTC).timestamp()


def test_a_summary_that_the_body_holds_is_not_kept_twice() -> None:
    (item,) = only(
        rss("<title>T</title><description>The gist …</description><content:encoded>The gist of it.</content:encoded>")
    ).items
    assert (item.lead, item.body) == ("", "The gist of it.")


def test_atom_is_read_too() -> None:
    body = (
        b"<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='hy'><title>F</title><id>urn:f</id><entry><id>urn:1</id>"
        b"<title type='text'>5 &lt; 6</title><link href='https://example.org/1'/><updated>2026-11-24T10:00:00Z</updated>"
        b"<author><name>Ann</name></author><content type='html'>&lt;p>Text&lt;/p></content></entry></feed>"
    )
    feed = only(body)
    (item,) = feed.items
    assert (item.title, item.body, item.authors, item.language) == ("5 < 6", "Text", ("Ann",), "hy")


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("Tue, 24 Nov 2026 10:00:00 MSK", 7),
        ("Tue, 24 Nov 2026 10:00:00 AZT", 6),
        ("Tue, 24 Nov 2026 10:00:00 +0400", 6),
        ("Tue, 24 Nov 2026 10:00:00 GMT", 10),
        ("2026-11-24T10:00:00+04:00", 6),
        ("2026-11-24T10:00:00Z", 10),
    ],
)
def test_zone_names_of_the_region_are_known(text: str, hour: int) -> None:
    assert when(text, None, NOW) == datetime(2026, 11, 24, hour, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "text", ["", "yesterday", "Fri, 31 Dec 9999 23:59:59 -2359", "9999-12-31", "1970-01-01", "2029-01-01", "2006/99/15"]
)
def test_a_date_that_cannot_be_is_none(text: str) -> None:
    assert when(text, None, NOW) is None


@given(st.text(max_size=60))
def test_any_text_can_be_asked_for_its_date(text: str) -> None:
    found = when(text, None, NOW)
    assert found is None or found <= NOW + 86400


def test_an_entry_without_guid_and_date_is_read() -> None:
    (item,) = only(rss("<title>Only a title</title>")).items
    assert (item.id, item.published, item.title) == ("", None, "Only a title")


def test_a_link_that_is_no_web_address_is_left_out() -> None:
    links = ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "http://["]
    items = only(rss(*(f"<title>t</title><link>{link}</link>" for link in links))).items
    assert [i.link for i in items] == ["", "", "", ""]


BOMBS = {
    "newlines before the root": (b"\n" * 100_000 + rss("<title>t</title>"), None),
    "style attribute": (
        rss(f"<title>t</title><description>&lt;p style='{'a' * 50_000}'&gt;x&lt;/p&gt;</description>"),
        None,
    ),
    "unclosed comments": (rss("<title>t</title><description>" + "&lt;!--" * 100_000 + "</description>"), None),
    "nested markup": (rss("<title>t</title><description>" + "&lt;div&gt;" * 50_000 + "</description>"), None),
    "attributes": (rss("<title " + " ".join(f"a{n}='x'" for n in range(60_000)) + ">t</title>"), "too_many_attributes"),
    "elements": (b"<rss><channel>" + b"<a>" * 100_000, "too_deep"),
    "billion laughs": (
        b"<!DOCTYPE x [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>]>" + rss("<title>&b;</title>", prolog=""),
        "doctype",
    ),
    "one large entity many times": (
        b"<!DOCTYPE x [<!ENTITY a '" + b"x" * 1000 + b"'>]>" + rss("<title>" + "&a;" * 2000 + "</title>", prolog=""),
        "doctype",
    ),
    "a file as an entity": (
        b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>" + rss("<title>&a;</title>", prolog=""),
        "doctype",
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_read_or_refused_quickly(name: str) -> None:
    body, reason = BOMBS[name]
    started = time.process_time()
    try:
        found = only(body).items[0].title
        assert (found, reason) == ("t", None)
    except RejectedError as error:
        assert error.reason == reason
    assert time.process_time() - started < 2


def test_small_entities_of_its_own_are_written_out() -> None:
    body = b"<!DOCTYPE x [<!ENTITY co 'Company'>]>" + rss("<title>The &co;&nbsp;Ltd</title>", prolog="")
    assert only(body).items[0].title == "The Company Ltd"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b" \n\t ", "empty"),
        (b"<!DOCTYPE html><html><head><title>Log in</title></head></html>", "html"),
        (b"<html><body>parked</body></html>", "html"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "not_a_feed"),
        (b"%PDF-1.7", "not_a_feed"),
        (b"{}", "not_a_feed"),
        (b"<nothing/>", "not_a_feed"),
    ],
)
def test_what_is_no_feed_is_refused_with_a_reason(body: bytes, reason: str) -> None:
    with pytest.raises(RejectedError) as caught:
        only(body)
    assert caught.value.reason == reason


@pytest.mark.parametrize("reference", ["&#99999999999;", "&#xD800;", "&#x110000;", "&#0;", "&#" + "9" * 5000 + ";"])
def test_one_impossible_character_does_not_lose_the_feed(reference: str) -> None:
    items = only(rss(f"<title>bad {reference}</title>", "<title>good</title>")).items
    assert [i.title for i in items] == ["bad \ufffd", "good"]


def test_an_entry_that_breaks_the_parser_is_set_aside_alone() -> None:
    broken = "<title>b</title><pubDate>Fri, 2006/99/15 08:19:53 EDT</pubDate>"
    feed = only(rss("<title>a</title>", broken, "<title>c</title>"))
    titles = [i.title for i in feed.items]
    assert [t for t in titles if t != "b"] == ["a", "c"]
    assert len(feed.items) + len(feed.bad) == 3
    assert all(b"2006/99/15" in bad.raw for bad in feed.bad)


def test_a_document_cut_off_keeps_its_whole_entries_and_says_so() -> None:
    whole = rss("<title>a</title>", "<title>b</title>", "<title>c</title><description>half of it</description>")
    feed = only(whole[: whole.index(b"half") + 4])
    assert [i.title for i in feed.items] == ["a", "b"]
    assert feed.partial
    assert [b.reason for b in feed.bad] == ["truncated"]


@pytest.mark.parametrize("encoding", ["windows-1251", "koi8-r", "utf-8", "utf-16"])
def test_declared_encodings_are_read(encoding: str) -> None:
    prolog = f"<?xml version='1.0' encoding='{encoding}'?>"
    body = rss("<title>Переговоры</title>", prolog=prolog).decode().encode(encoding)
    assert only(body).items[0].title == "Переговоры"


@pytest.mark.parametrize("encoding", ["punycode", "utf-7", "unicode_escape", "undefined", "idna"])
def test_an_encoding_that_no_feed_has_is_taken_for_utf8(encoding: str) -> None:
    body = rss("<title>Переговоры</title>", prolog=f"<?xml version='1.0' encoding='{encoding}'?>")
    assert only(body).items[0].title == "Переговоры"


def test_a_wrong_charset_in_the_header_yields_to_the_document() -> None:
    body = rss("<title>Перемирие</title>", prolog="<?xml version='1.0' encoding='windows-1251'?>")
    body = body.decode().encode("windows-1251")
    assert parse(body, "", "application/rss+xml", NOW).items[0].title == "Перемирие"


def test_more_entries_than_a_feed_has_are_left_out_and_counted() -> None:
    feed = only(rss(*(f"<title>{n}</title>" for n in range(ENTRIES + 5))))
    assert (len(feed.items), feed.left_out, feed.partial) == (ENTRIES, 5, True)


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_changed_byte_gives_a_feed_or_a_reason(place: int, byte: int) -> None:
    body = bytearray(rss("<title>a &amp; b</title><guid>1</guid><pubDate>Tue, 24 Nov 2026 10:00:00 GMT</pubDate>"))
    body[place % len(body)] = byte
    try:
        only(bytes(body))
    except RejectedError as error:
        assert error.reason
