"""No text can leave its literal: arbitrary text goes to real servers of several versions and comes back.

Each example stores texts and near misses of them, then asks for them in every way. The expectation is computed in
Python over all records stored so far, so a filter that a value has rewritten shows at once. The only
other outcome allowed is `InexpressibleText`, for guests and only where no literal exists: superusers send such texts
as parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pbmodels import Filter, FilterError, InexpressibleText, PocketBase, PocketBaseServer
from pbmodels._filter_text import BoundFilter, Grammar
from pbmodels.query import Expr, Kind, Path
from tests.query.versions import thorough

A: Expr[str] = Expr(Path("a"))
B: Expr[str] = Expr(Path("b"))

PAGE = 1000
"""Records that one answer can hold."""

ATTACK = " || id != '' //"

SUPERUSERS_ONLY = ("@request.", "@collection.")
"""The server looks for these words anywhere in the filter of anyone else, literals included, and answers 403."""

FRAGMENTS = (
    *("\\", "\\\\", '"', "'", "%", "_", "\n", "\r", "\t", "\x01", "\x0b", "\x1f", "\x7f", "\x85", " ", "a", "A", "z"),
    *('\\"', "\\'", "\\n", "\\t", "\\r", "\\%", "\\_", "\\0", "\\a", "\\x41", "\\u0041", '\\\\"', "\\\\'", "%%", "__"),
    *("//", ATTACK, ' || id != "" //', ") || (id != ''", ')) || id != "" || ((a = "', "' || '' = '", '" || "" = "'),
    *("{:a}", "{:b}", "{{a}}", "[[id]]", "{:", "&&", "&", "#", "?", "+", ";", "%41", "%00", "/*", "--", "null", "true"),
    *(
        "@now",
        "@request.auth.id",
        "@collection.",
        "1",
        "-0.0",
        "1e5",
        "ü",
        "Ü",
        "ß",
        "İ",
        "ſ",
        "K",
        "e\u0301",
        "é",
        "😀",
        "👩‍👩‍👧",
        "日本",
    ),
    *("\u2028", "\ufeff", "\ufffd", "\u200b", "\u202e", "\U0010ffff", "\ufdd0"),
)

texts = st.lists(
    st.sampled_from(FRAGMENTS) | st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6
).map("".join)

impossible = st.tuples(texts, st.sampled_from(["\0", "\ud800", "\udfff", "\ud83d"]), texts).map("".join)

NEAR_MISSES: tuple[Callable[[str], str], ...] = (
    lambda text: text.replace("\\", "", 1),
    lambda text: text.replace("\\", "\\\\"),
    lambda text: text.replace("\\\\", "\\"),
    lambda text: text.replace("\\n", "\n").replace("\\t", "\t"),
    lambda text: text.replace("\\'", "'").replace('\\"', '"'),
    lambda text: text.replace("_", "x").replace("%", "xy"),
    lambda text: text.replace("%", "").replace("_", ""),
    lambda text: text.strip(),
    str.swapcase,
    lambda text: f"{text}\\",
    lambda text: f"x{text}",
    lambda text: f"{text} x",
    lambda text: text[:-1],
)


class Table:
    """A collection of texts on one server that everyone may list, and what is in it."""

    def __init__(self, server: PocketBaseServer, name: str) -> None:
        self.name = name
        self.rows: dict[str, tuple[str, str]] = {}
        self.known: set[tuple[str, str]] = set()
        self.admin = server.client()
        self.guest = PocketBase(server.url)
        self.admin.send(
            "/api/settings", method="PATCH", body={"batch": {"enabled": True, "maxRequests": 1000, "timeout": 60}}
        )
        fields = [{"name": field, "type": "text"} for field in "ab"]
        self.admin.collections.create({"name": name, "type": "base", "listRule": "", "fields": fields})
        self.path = f"/api/collections/{name}/records"
        self.grammar = self.admin.learn_grammar(self.path)

    def add(self, *pairs: tuple[str, str]) -> None:
        """Store pairs that are not there yet; a table that is full starts anew."""
        if len(self.rows) + len(pairs) > PAGE:
            self.admin.send(f"/api/collections/{self.name}/truncate", method="DELETE")
            self.rows.clear()
            self.known.clear()
        new = [pair for pair in dict.fromkeys(pairs) if pair not in self.known]
        if not new:
            return
        requests = [{"method": "POST", "url": self.path, "body": {"a": a, "b": b}} for a, b in new]
        answers = self.admin.send("/api/batch", method="POST", body={"requests": requests})
        for pair, answer in zip(new, answers, strict=True):
            assert (answer["body"]["a"], answer["body"]["b"]) == pair, "the server stores texts as they are"
            self.rows[answer["body"]["id"]] = pair
            self.known.add(pair)

    def check(self, condition: Filter | BoundFilter, wanted: Callable[[str, str], bool]) -> None:
        """Exactly the records that Python selects come back, to a superuser and to a guest."""
        text = condition.render(self.grammar)
        if any(word in text for word in SUPERUSERS_ONLY):
            with pytest.raises(
                FilterError, match=r"PocketBase takes filters with '@(request|collection).' in them from s"
            ):
                self.guest.collection(self.name).get_list(1, PAGE, filter=condition)
        else:
            self.selects(self.guest, condition, wanted)
        self.selects(self.admin, condition, wanted)

    def selects(self, reader: PocketBase, condition: Filter | BoundFilter, wanted: Callable[[str, str], bool]) -> None:
        expected = {id for id, (a, b) in self.rows.items() if wanted(a, b)}
        page = reader.collection(self.name).get_list(1, PAGE, filter=condition, fields="id", skip_total=True)
        assert {item["id"] for item in page.items} == expected

    def refuses(self, condition: Filter | BoundFilter) -> None:
        """There is no literal: that is said, and nothing is asked."""
        with pytest.raises(InexpressibleText, match="ends in a backslash"):
            self.guest.collection(self.name).get_list(1, PAGE, filter=condition)

    def judge(self, condition: Filter | BoundFilter, wanted: Callable[[str, str], bool], *ends: str) -> None:
        """`check`, or `refuses` to a guest where a literal with one of these ends does not exist."""
        if self.grammar is Grammar.RAW and any(end.endswith("\\") for end in ends):
            self.refuses(condition)
            self.selects(self.admin, condition, wanted)
        else:
            self.check(condition, wanted)

    def close(self) -> None:
        self.admin.close()
        self.guest.close()


names = count(1)


@pytest.fixture(scope="module")
def table(any_server: PocketBaseServer) -> Iterator[Table]:
    made = Table(any_server, f"texts{next(names)}")
    yield made
    made.close()


def lower(text: str) -> str:
    """As SQLite's LIKE sees text: without the case of ASCII letters, and only of those."""
    return "".join(chr(ord(letter) + 32) if "A" <= letter <= "Z" else letter for letter in text)


def test_the_grammars(any_server: PocketBaseServer, table: Table) -> None:
    newer = tuple(map(int, any_server.version.split("."))) >= (0, 39, 9)

    assert table.grammar is (Grammar.ESCAPED if newer else Grammar.RAW)
    with PocketBase(any_server.url) as guest:
        assert guest.learn_grammar(table.path) is table.grammar


@thorough(150)
@given(text=texts, miss=st.sampled_from(NEAR_MISSES))
@example(text="a\\", miss=NEAR_MISSES[0])
@example(text="\\_", miss=NEAR_MISSES[0])
@example(text="__", miss=NEAR_MISSES[5])
@example(text="\\\\", miss=NEAR_MISSES[2])
@example(text="\\%", miss=NEAR_MISSES[0])
@example(text="x" * 1600, miss=NEAR_MISSES[8])
def test_one_text_in_every_operator(table: Table, text: str, miss: Callable[[str], str]) -> None:
    table.add((text, ""), (miss(text), ""), (f"<{text}>", ""))
    small = lower(text)

    table.judge(A == text, lambda a, _: a == text, text)
    table.judge(A != text, lambda a, _: a != text, text)
    table.judge(A.in_([text, "other"]), lambda a, _: a in (text, "other"), text)
    table.judge(A.not_in([text, ""]), lambda a, _: a not in (text, ""), text)
    table.check(A.contains(text), lambda a, _: small in lower(a))
    table.check(A.not_contains(text), lambda a, _: small not in lower(a))
    table.check(A.startswith(text), lambda a, _: lower(a).startswith(small))
    table.judge(A.endswith(text), lambda a, _: lower(a).endswith(small), text)


@thorough(150)
@given(a=texts, b=texts, miss=st.sampled_from(NEAR_MISSES))
@example(a="a\\", b=ATTACK, miss=NEAR_MISSES[0])
@example(a="a\\", b=' || id != "" //', miss=NEAR_MISSES[0])
@example(a='\\"', b=ATTACK, miss=NEAR_MISSES[1])
@example(a="\\'", b='\\"', miss=NEAR_MISSES[1])
def test_two_texts_in_one_filter(table: Table, a: str, b: str, miss: Callable[[str], str]) -> None:
    table.add((a, b), (b, a), (miss(a), b), (a, miss(b)))
    bind = table.admin.filter

    table.judge(bind("a = {:a} && b = {:b}", a=a, b=b), lambda x, y: (x, y) == (a, b), a, b)
    table.judge(bind("(a = {:a} || (b = {:b}))", a=a, b=b), lambda x, y: x == a or y == b, a, b)
    table.judge(((A == a) & (B == b)) | ((A == b) & (B == a)), lambda x, y: (x, y) in ((a, b), (b, a)), a, b)
    table.judge(A.in_([a, b]) & ~(B != b), lambda x, y: x in (a, b) and y == b, a, b)
    table.judge(~(A.in_([a, b]) | (B == a)), lambda x, y: x not in (a, b) and y != a, a, b)
    table.check(
        A.contains(a) & ~B.startswith(b), lambda x, y: lower(a) in lower(x) and not lower(y).startswith(lower(b))
    )


@thorough(40)
@given(text=impossible, other=texts)
def test_text_that_is_no_text_is_refused_before_anything_is_sent(table: Table, text: str, other: str) -> None:
    for refused in (
        lambda: A == text,
        lambda: A != text,
        lambda: A.contains(text),
        lambda: A.startswith(text),
        lambda: A.endswith(text),
        lambda: A.in_([other, text]),
        lambda: A.not_in([text]),
        lambda: table.admin.filter("a = {:a} && b = {:b}", a=other, b=text),
    ):
        with pytest.raises(InexpressibleText, match=r"U\+0000|surrogate"):
            refused()


@thorough(12)
@given(text=texts, miss=st.sampled_from(NEAR_MISSES))
@example(text="%", miss=NEAR_MISSES[5])
@example(text="\\", miss=NEAR_MISSES[2])
def test_a_text_too_long_for_a_filter_goes_beside_it(table: Table, text: str, miss: Callable[[str], str]) -> None:
    long = text + "x" * 4000 + text
    table.add((long, ""), (miss(long), ""))
    small = lower(long)

    for condition, wanted in (
        (A == long, lambda a, _: a == long),
        (A != long, lambda a, _: a != long),
        (A.contains(long), lambda a, _: small in lower(a)),
        (~A.startswith(long), lambda a, _: not lower(a).startswith(small)),
        (A.endswith(long) | (A == text), lambda a, _: lower(a).endswith(small) or a == text),
        (table.admin.filter("a = {:a} && b = {:b}", a=long, b=""), lambda a, b: a == long and b == ""),
    ):
        table.selects(table.admin, condition, wanted)  # type: ignore[arg-type]


def test_every_ascii_character_alone_and_after_a_backslash(table: Table) -> None:
    singles = [chr(code) for code in range(1, 128)]
    table.add(*((text, "ascii") for one in singles for text in (one, f"\\{one}", f"{one}\\")))

    for one in singles:
        for text in (one, f"\\{one}", f"{one}\\"):
            bound = table.admin.filter("b = 'ascii' && a = {:a}", a=text)
            table.judge(bound, lambda a, b, text=text: b == "ascii" and a == text, text)  # type: ignore[misc]


def test_lists_with_dangerous_items(any_server: PocketBaseServer) -> None:
    """Two conditions on one list look into its text, where the server keeps items as JSON."""
    items = ['a"b', "a\\b", "<b>&", "100%", "a_b", "axb", "ü", "it's", "x, y", "\u2028", "[]", "\\n", "end\\"]
    name = f"lists{next(names)}"
    field = {"name": "tags", "type": "select", "values": items, "maxSelect": len(items)}
    path = Path("tags", Kind.SELECT, multiple=True)
    tags: Expr[list[str]] = Expr(path)
    with any_server.client() as pb:
        pb.collections.create({"name": name, "type": "base", "fields": [field]})
        records = pb.collection(name)
        stored = {}
        for index, item in enumerate(items):
            wanted = [item, items[index - 1]]
            stored[records.create({"tags": wanted})["id"]] = wanted

        for index, item in enumerate(items):
            before = items[index - 1]
            both = records.get_full_list(filter=tags.contains(item) & tags.contains(before))
            without = records.get_full_list(filter=tags.contains(item) & tags.not_contains(before))

            assert {record["id"] for record in both} == {id for id, has in stored.items() if {item, before} <= {*has}}
            assert {record["id"] for record in without} == {
                id for id, has in stored.items() if item in has and before not in has
            }
