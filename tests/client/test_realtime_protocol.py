"""Topics, the event decoder and pauses: the realtime protocol without a connection."""

from __future__ import annotations

import json
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbmodels import BoundFilter, ConnectionFailed, InvalidRequest, RateLimited
from pbmodels._filter_text import Grammar, GrammarNeeded
from pbmodels.client._realtime.pacing import Retries, backoff
from pbmodels.client._realtime.stream import EventDecoder, ServerEvent
from pbmodels.client._realtime.topics import Topic
from tests.blog import Post

lines = st.text(st.characters(blacklist_characters="\r\n", blacklist_categories=["Cs"]), max_size=20)
events = st.lists(
    st.tuples(lines.map(lambda t: "posts/" + t.strip()), st.lists(lines, min_size=1, max_size=3)), max_size=5
)


@given(events, st.data())
def test_the_pieces_of_a_stream_do_not_matter(sent: list[tuple[str, list[str]]], data: st.DataObject) -> None:
    expected = [ServerEvent(topic, "\n".join(text), "ä1") for topic, text in sent if any(text) or len(text) > 1]
    stream = b": a comment\n\n" + b"".join(
        "id: ä1\nevent: {}\n{}\n\n".format(topic, "\n".join(f"data: {line}" for line in text)).encode()
        for topic, text in sent
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]

    decoder = EventDecoder()
    found = [event for piece in pieces for event in decoder.feed(piece)]

    assert [event for event in found if event.data] == [event for event in expected if event.data]


def test_every_single_byte_at_a_time() -> None:
    stream = 'id:c1\nevent:posts/*?options=%7B%7D\ndata:{"title":"日本 ü"}\n\n'.encode()
    decoder = EventDecoder()

    found = [event for byte in stream for event in decoder.feed(bytes([byte]))]

    assert found == [ServerEvent("posts/*?options=%7B%7D", '{"title":"日本 ü"}', "c1")]
    assert list(decoder.feed(b"")) == []


def test_the_text_of_a_topic() -> None:
    assert Topic("posts").text(None) == "posts/*"
    assert Topic("posts", "abc").text(None) == "posts/abc"
    assert Topic("posts").records_path == "/api/collections/posts/records"

    text = Topic(
        "posts", filter="title = 'ä?&'", expand=["author", "reviewers"], fields="id,title", query={"a": 1}
    ).text(None)
    name, _, options = text.partition("?options=")
    assert name == "posts/*"
    assert json.loads(unquote(options)) == {
        "query": {"filter": "title = 'ä?&'", "expand": "author,reviewers", "fields": "id,title", "a": "1"}
    }


@pytest.mark.parametrize("condition", [BoundFilter("title = {:t}", {"t": "\\"}), Post.title == "\\"])
def test_the_grammar_of_a_topic_s_filter(condition: BoundFilter) -> None:
    with pytest.raises(GrammarNeeded):
        Topic("posts", filter=condition).text(None)

    assert unquote(Topic("posts", filter=condition).text(Grammar.ESCAPED)).count("\\") == 6  # JSON doubles \\ and \"


@pytest.mark.parametrize("record_id", ["", "a/b", "a?b"])
def test_what_is_no_record_id(record_id: str) -> None:
    with pytest.raises(InvalidRequest, match="is no record id to watch"):
        Topic("posts", record_id).text(None)


@pytest.mark.parametrize("extra", [0, 1])
def test_a_topic_has_at_most_2500_characters(extra: int) -> None:
    room = 2500 - len(Topic("posts", filter="x").text(None)) + 1
    topic = Topic("posts", filter="x" * (room + extra))

    if extra:
        with pytest.raises(InvalidRequest, match="a topic of 2501 characters, and PocketBase accepts 2500; use fewer"):
            topic.text(None)
    else:
        assert len(topic.text(None)) == 2500


@given(st.integers(1, 10_000))
def test_pauses_grow_and_are_bounded(attempt: int) -> None:
    assert 0.15 <= backoff(attempt) <= 20.0
    assert backoff(attempt) <= 0.25 * 2 ** min(attempt - 1, 10)


def test_a_server_that_only_ends_connections_is_not_rushed_at() -> None:
    retries, pauses = Retries(), []
    for _ in range(12):
        retries.connected()
        pauses.append(retries.pause_after(ConnectionFailed("x")))

    assert pauses[0] == 0.0
    assert all(pause > 0 for pause in pauses[1:])
    assert 10 < pauses[-1] <= 20

    retries.received()
    assert retries.pause_after(ConnectionFailed("x")) == 0.0


def test_a_connection_that_lived_starts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    retries = Retries()
    monkeypatch.setattr(Retries, "GOOD_AFTER", 0.0)

    for _ in range(3):
        retries.connected()
        assert retries.pause_after(ConnectionFailed("x")) == 0.0


def test_a_rate_limit_says_how_long_to_wait() -> None:
    assert Retries().pause_after(RateLimited("x", retry_after=7.0)) == 7.0
    assert Retries().pause_after(RateLimited("x")) >= 1.0
