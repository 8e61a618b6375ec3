"""`diff` and `push` on collections that are there: what changes, what is refused, and that it is all or nothing."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest

from pbmodels import (
    AuthCollection,
    AuthOptions,
    Collection,
    Field,
    FileField,
    Index,
    ModelError,
    NotFound,
    PocketBase,
    Relation,
    Rules,
    ValidationFailed,
    ViewCollection,
    autodate,
    field,
)
from pbmodels.schema import DataLoss, SchemaConflict, describe, diff, push


def named(pb: PocketBase, collection: str) -> list[str]:
    """The names of a collection's own fields, in the server's order."""
    return [found["name"] for found in pb.collections.get_one(collection).fields if not found["system"]]


def options(pb: PocketBase, collection: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(f for f in pb.collections.get_one(collection).fields if f["name"] == name)
    return found


class Article(Collection, collection="articles"):
    title: Field[str] = field(default="", max_length=50)
    body: Field[str] = field(default="")
    views: Field[int] = field(default=0)


@pytest.fixture
def articles(spare: PocketBase) -> PocketBase:
    """Three articles on the server."""
    push(spare, Article)
    for number, title in enumerate(["", "short", "a rather long title"]):
        Article.create(title=title, body="b" * number, views=number)
    return spare


def test_a_new_field_is_added_and_the_rest_stays(articles: PocketBase) -> None:
    class Article(Collection, collection="articles"):
        subtitle: Field[str] = field(default="", max_length=20)

    assert str(diff(articles, Article)) == "~ articles\n    + subtitle  text max=20"
    assert push(articles, Article) == ["articles"]
    assert named(articles, "articles") == ["title", "body", "views", "subtitle"]
    assert not diff(articles, Article)


def test_what_a_model_does_not_say_stays_unless_it_is_exact(articles: PocketBase) -> None:
    class Article(Collection, collection="articles"):
        title: Field[str] = field(default="")
        body: Field[str] = field(default="")
        views: Field[int] = field(default=0)

    class User(AuthCollection, collection="users"):
        name: Field[str] = field(default="", max_length=255)
        avatar: FileField = field(default=None)
        created: Field[datetime] = autodate()
        updated: Field[datetime] = autodate(on_update=True)

    assert not diff(articles, Article)
    found = diff(articles, Article, User, exact=True)
    assert [(change.name, change.before, change.after) for change in found if change.collection == "articles"] == [
        ("articles.title.max", 50, 0)
    ]
    push(articles, Article, exact=True, allow_data_loss=True)
    assert options(articles, "articles", "title")["max"] == 0
    assert "users" not in [body.name for body in articles.collections.get_full_list()]


def test_a_dropped_field_is_refused_with_the_records_that_hold_a_value(articles: PocketBase) -> None:
    class Article(Collection, collection="articles"):
        title: Field[str] = field(default="", max_length=50)
        views: Field[int] = field(default=0)

    class User(AuthCollection, collection="users"):
        pass

    with pytest.raises(DataLoss, match=r"articles\.body: - body  text  \(values lost: 2 records\)") as caught:
        push(articles, Article, User, exact=True)
    assert [change.name for change in caught.value.diff.losses] == ["articles.body"]
    assert named(articles, "articles") == ["title", "body", "views"]

    push(articles, Article, User, exact=True, allow_data_loss=True)
    assert named(articles, "articles") == ["title", "views"]
    assert [article.title for article in Article.where().order_by(Article.views).all()] == [
        "",
        "short",
        "a rather long title",
    ]


def test_a_field_that_no_record_uses_may_go(articles: PocketBase) -> None:
    for article in Article.all():
        article.body = ""
        article.save()

    class Slim(Collection, collection="articles"):
        title: Field[str] = field(default="", max_length=50)
        views: Field[int] = field(default=0)

    class User(AuthCollection, collection="users"):
        pass

    push(articles, Slim, User, exact=True)

    assert named(articles, "articles") == ["title", "views"]


def test_a_collection_without_a_model_goes_only_when_it_is_exact(articles: PocketBase) -> None:
    class User(AuthCollection, collection="users"):
        pass

    assert push(articles, User) == []
    with pytest.raises(DataLoss, match=r"articles: - articles  base collection  \(deleted: 3 records\)"):
        push(articles, User, exact=True)
    push(articles, User, exact=True, allow_data_loss=True)
    assert [body.name for body in articles.collections.get_full_list() if not body.system] == ["users"]


def test_widening_is_not_refused(articles: PocketBase) -> None:
    class Article(Collection, collection="articles"):
        title: Field[str] = field(default="", max_length=500)
        views: Field[float] = field(default=0.0)

    assert push(articles, Article) == ["articles"]
    assert options(articles, "articles", "title")["max"] == 500
    assert options(articles, "articles", "views")["onlyInt"] is False


def test_a_new_kind_makes_a_new_field(articles: PocketBase) -> None:
    class Article(Collection, collection="articles"):
        views: Field[str] = field(default="")

    assert str(diff(articles, Article)).splitlines() == [
        "~ articles",
        "    + views  text",
        "    - views  number onlyInt=true  (values lost: 2 records)",
    ]
    push(articles, Article, allow_data_loss=True)
    assert options(articles, "articles", "views")["type"] == "text"
    assert [article.views for article in Article.all()] == ["", "", ""]


def test_a_relation_to_another_collection_makes_a_new_field(articles: PocketBase) -> None:
    class Note(Collection, collection="notes"):
        about: Relation[Article | None] = field(default=None)

    push(articles, Note)
    Note.create(about=Article.where().first())

    class User(AuthCollection, collection="users"):
        pass

    class Other(Collection, collection="notes"):
        about: Relation[User | None] = field(default=None)

    with pytest.raises(DataLoss, match=r"notes\.about: - about  relation to articles  \(values lost: 1 record\)"):
        push(articles, Other)
    push(articles, Other, allow_data_loss=True)
    assert options(articles, "notes", "about")["collectionId"] == "_pb_users_auth_"


def test_renamed_with_was(articles: PocketBase) -> None:
    class Post(Collection, collection="posts", was="articles"):
        headline: Field[str] = field(default="", max_length=50, was="title")

    found = diff(articles, Post)

    assert str(found).splitlines() == ["~ posts  was articles", "    ~ headline  was title"]
    assert push(articles, Post) == ["posts"]
    assert sorted(post.headline for post in Post.all()) == ["", "a rather long title", "short"]
    assert push(articles, Post) == [], "was= may stay"


def test_renamed_when_told(articles: PocketBase) -> None:
    class Post(Collection, collection="posts"):
        headline: Field[str] = field(default="", max_length=50)

    push(articles, Post, renames={"articles": "posts", "posts.title": "headline"})

    assert sorted(post.headline for post in Post.all()) == ["", "a rather long title", "short"]
    assert named(articles, "posts") == ["headline", "body", "views"]


def test_renamed_by_id(articles: PocketBase) -> None:
    title_id = options(articles, "articles", "title")["id"]
    article_id = articles.collections.get_one("articles").id

    class Post(Collection, collection="posts", collection_id=article_id):
        headline: Field[str] = field(default="", max_length=50, id=title_id)

    push(articles, Post)

    assert sorted(post.headline for post in Post.all()) == ["", "a rather long title", "short"]


def test_names_that_are_swapped(articles: PocketBase) -> None:
    class Article(Collection, collection="articles"):
        title: Field[str] = field(default="")
        heading: Field[str] = field(default="", max_length=50, was="title")

    push(articles, Article)

    assert sorted(article.heading for article in Article.all()) == ["", "a rather long title", "short"]
    assert {article.title for article in Article.all()} == {""}


@pytest.mark.parametrize(
    ("renames", "message"),
    [
        ({"articles.nothing": "body"}, r"articles\.nothing cannot become 'body': the server has a field 'body'"),
        ({"articles.nothing": "headline"}, r"no model of 'articles' among those given has a field 'headline'"),
        ({"articles": "posts"}, "'articles' cannot become 'posts': no model among those given is called so"),
    ],
    ids=["taken", "no field", "no model"],
)
def test_renames_that_cannot_be(renames: dict[str, str], message: str, articles: PocketBase) -> None:
    with pytest.raises(ModelError, match=message):
        push(articles, Article, renames=renames)


def test_an_index_follows_its_field_to_the_new_name(spare: PocketBase) -> None:
    class Before(Collection, collection="indexed", indexes=[Index("title DESC", "rank")]):
        title: Field[str] = field(default="", unique=True)
        rank: Field[int] = field(default=0)

    class After(Collection, collection="indexed"):
        headline: Field[str] = field(default="", was="title")

    push(spare, Before)
    push(spare, After)

    assert spare.collections.get_one("indexed").indexes == [
        "CREATE UNIQUE INDEX `idx_indexed_title` ON `indexed` (`headline`)",
        "CREATE INDEX `idx_indexed_title_rank` ON `indexed` (\n  `headline` DESC,\n  `rank`\n)",
    ]


def test_indexes_come_change_and_go(spare: PocketBase) -> None:
    class Before(Collection, collection="indexed"):
        title: Field[str] = field(default="", index=True)
        rank: Field[int] = field(default=0, index=True)

    class After(Collection, collection="indexed", indexes=[Index("rank", "title")]):
        title: Field[str] = field(default="", index=True)
        rank: Field[int] = field(default=0)

    class User(AuthCollection, collection="users"):
        pass

    push(spare, Before)
    found = diff(spare, After, User, exact=True)

    assert [(change.action, change.option) for change in found if change.collection == "indexed"] == [
        ("create", "index"),
        ("drop", "index"),
    ]
    push(spare, After, User, exact=True)
    assert spare.collections.get_one("indexed").indexes == [
        "CREATE INDEX `idx_indexed_title` ON `indexed` (`title`)",
        "CREATE INDEX `idx_indexed_rank_title` ON `indexed` (\n  `rank`,\n  `title`\n)",
    ]


def test_an_empty_collection_goes_only_when_told(spare: PocketBase) -> None:
    push(spare, Article)

    class Note(Collection, collection="notes"):
        pass

    with pytest.raises(DataLoss, match=r"(?s)users  auth collection  \(deleted: 0 records\).*articles  base"):
        push(spare, Note, exact=True)
    push(spare, Note, exact=True, allow_data_loss=True)

    assert [body.name for body in spare.collections.get_full_list() if not body.system] == ["notes"]


def test_another_order(articles: PocketBase) -> None:
    class Article(Collection, collection="articles"):
        views: Field[int] = field(default=0)
        title: Field[str] = field(default="", max_length=50)
        body: Field[str] = field(default="")

    assert str(diff(articles, Article)) == "~ articles\n    ~ views  another place"
    push(articles, Article)
    assert named(articles, "articles") == ["views", "title", "body"]
    assert sorted(article.views for article in Article.all()) == [0, 1, 2]


def test_an_order_with_the_fields_that_the_server_gives(spare: PocketBase) -> None:
    class Person(AuthCollection, collection="people"):
        nick: Field[str] = field(default="")
        rank: Field[int] = field(default=0)

    class Sorted(AuthCollection, collection="people", field_order=["id", "nick", "email", "rank"]):
        nick: Field[str] = field(default="")
        rank: Field[int] = field(default=0)

    class Wrong(AuthCollection, collection="people", field_order=["id", "nik"]):
        nick: Field[str] = field(default="")

    push(spare, Person)
    assert push(spare, Sorted) == ["people"]
    order = [found["name"] for found in spare.collections.get_one("people").fields]
    assert order == ["id", "nick", "email", "rank", "password", "tokenKey", "emailVisibility", "verified"]
    assert push(spare, Sorted) == []
    assert [found["name"] for found in describe(Sorted)["fields"]] == order
    with pytest.raises(ModelError, match="Wrong has 'nik' in its field_order, and no such field"):
        push(spare, Wrong)


def test_rules_and_sign_in_options(spare: PocketBase) -> None:
    class User(
        AuthCollection, collection="users", rules=Rules(list="", create=None), auth=AuthOptions(auth_token=3600)
    ):
        pass

    usual = spare.collections.get_one("users").authToken["duration"]

    assert str(diff(spare, User)).splitlines() == [
        "~ users",
        '    ~ listRule  "id = @request.auth.id" -> ""',
        '    ~ viewRule  "id = @request.auth.id" -> null',
        '    ~ createRule  "" -> null',
        '    ~ updateRule  "id = @request.auth.id" -> null',
        '    ~ deleteRule  "id = @request.auth.id" -> null',
        f"    ~ authToken.duration  {usual} -> 3600",
    ]
    push(spare, User)
    kept = spare.collections.get_one("users")
    assert (kept.listRule, kept.createRule, kept.authToken["duration"]) == ("", None, 3600)
    ann = {"email": "ann@example.com", "password": "12345678", "passwordConfirm": "12345678"}
    spare.collection("users").create(ann)
    with PocketBase(spare.url) as guest:
        assert guest.collection("users").auth_with_password(ann["email"], ann["password"]).token, "secrets are kept"


def test_new_collections_that_relate_in_a_circle(spare: PocketBase) -> None:
    class Left(Collection, collection="lefts", rules=Rules(list="right.left.id != ''")):
        right: Relation[Right | None] = field(default=None)

    class Right(Collection, collection="rights"):
        left: Relation[Left] = field()

    assert push(spare, Left, Right) == ["lefts", "rights"]
    left = Left.create()
    left.right = Right.create(left=left)
    assert left.save().right == Right.where().one()


def test_all_or_nothing(articles: PocketBase) -> None:
    class Article(Collection, collection="articles", rules=Rules(list="nothing.here = 1")):
        subtitle: Field[str] = field(default="")

    class Fresh(Collection, collection="fresh"):
        name: Field[str] = field(default="")

    before = articles.collections.get_full_list()

    with pytest.raises(ValidationFailed, match="articles"):
        push(articles, Fresh, Article)

    assert articles.collections.get_full_list() == before


def test_records_are_served_as_before_after_a_failure_in_the_database(spare: PocketBase) -> None:
    class Thing(Collection, collection="things"):
        name: Field[str] = field(default="")

    class Inner(ViewCollection, collection="inner_things", query="SELECT id, name FROM things"):
        name: Field[str]

    class Outer(ViewCollection, collection="outer_things", query="SELECT id, name FROM inner_things"):
        name: Field[str]

    class Renamed(Collection, collection="things"):
        title: Field[str] = field(default="", was="name")

    class Fresh(Collection, collection="fresh", indexes=["CREATE INDEX `idx_fresh` ON `fresh` (`nothing`)"]):
        name: Field[str] = field(default="")

    push(spare, Thing, Inner, Outer)
    Thing.create(name="one")
    before = spare.collections.get_full_list()

    with pytest.raises(ValidationFailed, match="view outer_things"):
        push(spare, Renamed)
    with pytest.raises(ValidationFailed, match="idx_fresh"):
        push(spare, Fresh)

    assert spare.collections.get_full_list() == before
    assert spare.collection("things").get_full_list(filter="name = 'one'")[0].name == "one"
    with pytest.raises(NotFound):
        spare.collection("fresh").get_list()


def test_dry_run_changes_nothing(articles: PocketBase) -> None:
    class Article(Collection, collection="articles"):
        subtitle: Field[str] = field(default="")

    before = articles.collections.get_full_list()

    assert push(articles, Article, dry_run=True) == ["articles"]
    assert articles.collections.get_full_list() == before


def test_someone_else_changes_the_collections_meanwhile(articles: PocketBase) -> None:
    class User(AuthCollection, collection="users"):
        pass

    seen: list[str] = []

    def meddle(request: Any) -> None:
        if request.method == "GET" and request.url.path == "/api/collections/articles/records":
            seen.append(request.url.path)
            with PocketBase(articles.url) as other:
                other.auth_store.save(articles.auth_store.token, articles.auth_store.record)
                other.collections.create({"name": "theirs", "fields": []})

    with PocketBase(articles.url, before_send=meddle) as pb:
        pb.auth_store.save(articles.auth_store.token, articles.auth_store.record)
        with pytest.raises(SchemaConflict, match="nothing was changed, push again"):
            push(pb, User, exact=True, allow_data_loss=True)

    assert seen
    assert {"articles", "theirs"} <= {body.name for body in articles.collections.get_full_list()}


@pytest.mark.parametrize(
    ("moment", "pushed"),
    [(("GET", "/api/collections", 2), []), (("PUT", "/api/collections/import", 1), ["articles", "totals"])],
    ids=["before the comparison", "before the change"],
)
def test_workers_that_start_together_may_all_push(
    spare: PocketBase, moment: tuple[str, str, int], pushed: list[str]
) -> None:
    class Article(Collection, collection="articles"):
        title: Field[str] = field(default="", unique=True)

    class Total(ViewCollection, collection="totals", query="SELECT id, title FROM articles"):
        title: Field[str]

    seen: list[tuple[str, str]] = []

    def other_worker(request: Any) -> None:
        seen.append((request.method, request.url.path))
        if seen[-1] == moment[:2] and seen.count(moment[:2]) == moment[2]:
            assert push(spare, Article, Total) == ["articles", "totals"]

    with PocketBase(spare.url, before_send=other_worker) as pb:
        pb.auth_store.save(spare.auth_store.token, spare.auth_store.record)
        assert push(pb, Article, Total) == pushed

    assert moment[:2] in seen
    assert not diff(spare, Article, Total)


def test_what_someone_makes_at_the_same_moment_is_taken_as_it_is(spare: PocketBase) -> None:
    theirs: list[str] = []

    def make(request: Any) -> None:
        if request.method == "PUT" and not theirs:
            theirs.append(spare.collections.create({"id": "of_someone_else", "name": "articles", "fields": []}).id)

    with PocketBase(spare.url, before_send=make) as pb:
        pb.auth_store.save(spare.auth_store.token, spare.auth_store.record)
        assert push(pb, Article) == ["articles"]

    assert spare.collections.get_one("articles").id == "of_someone_else"
    assert named(spare, "articles") == ["title", "body", "views"]


async def test_the_same_from_async_code(articles: PocketBase) -> None:
    class Article(Collection, collection="articles"):
        title: Field[str] = field(default="", max_length=3)
        subtitle: Field[str] = field(default="")

    async with articles.aio as pb:
        found = await diff(pb, Article)
        assert [(change.name, change.at_stake) for change in found.losses] == [("articles.title.max", 2)]
        with pytest.raises(DataLoss):
            await push(pb, Article)
        assert await push(pb, Article, allow_data_loss=True) == ["articles"]
        assert not await diff(pb, Article)


def test_a_type_that_cannot_change(articles: PocketBase) -> None:
    class Article(AuthCollection, collection="articles"):
        pass

    with pytest.raises(
        ModelError, match="of the type 'auth' and the server's collection 'articles' of the type 'base'"
    ):
        push(articles, Article)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("articles", "'articles' is no model: give classes"),
        ([Article], "give them one by one, as in push(pb, *models)"),
        (AuthCollection, "AuthCollection is abstract and has no collection"),
    ],
    ids=["a name", "a list", "an abstract class"],
)
def test_what_is_no_model(spare: PocketBase, given: Any, message: str) -> None:
    with pytest.raises(ModelError, match=re.escape(message)):
        push(spare, given)
    with pytest.raises(ModelError, match="must be a client, not"):
        push(given, Article)


def test_two_models_of_one_collection(spare: PocketBase) -> None:
    class Other(Collection, collection="articles"):
        pass

    with pytest.raises(ModelError, match="Article and Other both stand for the collection 'articles'"):
        push(spare, Article, Other)


def test_a_rule_with_a_backslash_is_written_for_this_server(spare: PocketBase) -> None:
    class Path(Collection, collection="paths"):
        name: Field[str] = field(default="")

        @classmethod
        def rules(cls) -> Rules:
            return Rules(list=cls.name == "a\\b", view="")

    push(spare, Path)
    Path.create(name="a\\b")
    Path.create(name="ab")

    with PocketBase(spare.url) as guest:
        assert [record.name for record in guest.collection("paths").get_full_list()] == ["a\\b"]


def test_the_diff_as_plain_data(articles: PocketBase) -> None:
    class Article(Collection, collection="articles"):
        title: Field[str] = field(default="", max_length=3)

    assert diff(articles, Article).as_dicts() == [
        {
            "action": "change",
            "collection": "articles",
            "field": "title",
            "option": "max",
            "before": 50,
            "after": 3,
            "reason": "values that do not fit",
            "at_stake": 2,
        }
    ]


def test_a_view_is_made_after_what_it_shows_and_changes_with_it(spare: PocketBase) -> None:
    class Total(ViewCollection, collection="totals", query="SELECT id, title FROM articles", rules=Rules(list="")):
        title: Field[str]

    assert push(spare, Total, Article) == ["totals", "articles"]
    Article.create(title="one")
    assert [total.title for total in Total.all()] == ["one"]
    assert push(spare, Total, Article) == []

    class Slim(Collection, collection="articles"):
        headline: Field[str] = field(default="", was="title")

    class Changed(ViewCollection, collection="totals", query="SELECT id, headline AS title FROM articles"):
        title: Field[str]

    class User(AuthCollection, collection="users"):
        pass

    push(spare, Changed, Slim, User, exact=True, allow_data_loss=True)
    assert named(spare, "articles") == ["headline"]
    assert [total.title for total in Total.all()] == ["one"]


def test_a_view_does_not_go_without_a_question(spare: PocketBase) -> None:
    class Total(ViewCollection, collection="totals", query="SELECT id FROM articles", rules=Rules(list="")):
        pass

    class User(AuthCollection, collection="users"):
        name: Field[str] = field(default="", max_length=255)

    push(spare, Total, Article, User, exact=True, allow_data_loss=True)

    with pytest.raises(DataLoss, match=r"totals: - totals  view collection  \(deleted\)\nTo do it"):
        push(spare, Article, User, exact=True)
    assert Total.count() == 0
    assert push(spare, Article, User, exact=True, allow_data_loss=True) == ["totals"]


class Shelves:
    """A view, and a view of it, before and after the column that they show has gone."""

    class Book(Collection, collection="books"):
        title: Field[str] = field(default="")
        shelf: Field[str] = field(default="")

    class Short(ViewCollection, collection="short_books", query="SELECT id, title, shelf FROM books"):
        title: Field[str]

    class Shorter(ViewCollection, collection="shorter_books", query="SELECT id, title FROM short_books"):
        title: Field[str]

    class LaterBook(Collection, collection="books"):
        title: Field[str] = field(default="")
        pages: Field[int] = field(default=3)

    class LaterShort(ViewCollection, collection="short_books", query="SELECT id, title, pages FROM books"):
        title: Field[str]
        pages: Field[int]


def test_a_column_goes_together_with_the_views_that_show_it(spare: PocketBase) -> None:
    class User(AuthCollection, collection="users"):
        pass

    later = (Shelves.LaterBook, Shelves.LaterShort, Shelves.Shorter, User)
    push(spare, Shelves.Book, Shelves.Short, Shelves.Shorter)
    Shelves.Book.create(title="Emma", shelf="a")

    push(spare, *later, exact=True, allow_data_loss=True)

    assert [(book.title, book.pages) for book in Shelves.LaterShort.all()] == [("Emma", 0)]
    assert [book.title for book in Shelves.Shorter.all()] == ["Emma"]
    assert named(spare, "books") == ["title", "pages"]
    assert push(spare, *later, exact=True) == []


def test_a_name_that_another_gives_up_is_taken_in_a_second_push(spare: PocketBase) -> None:
    class Old(Collection, collection="notes"):
        text: Field[str] = field(default="")

    class Renamed(Collection, collection="old_notes", was="notes"):
        text: Field[str] = field(default="")

    class New(Collection, collection="notes"):
        title: Field[str] = field(default="")

    push(spare, Old)
    Old.create(text="kept")

    with pytest.raises(ModelError, match="Renamed was 'notes', and New is called so now: push Renamed alone first"):
        push(spare, Renamed, New)
    assert push(spare, Renamed) == ["old_notes"]
    assert push(spare, Renamed, New) == ["notes"]
    assert [note.text for note in Renamed.all()] == ["kept"]
    assert New.count() == 0


def test_a_table_goes_together_with_the_views_that_show_it(spare: PocketBase) -> None:
    class Total(ViewCollection, collection="short_books", query="SELECT id, name AS title FROM users"):
        title: Field[str]

    class User(AuthCollection, collection="users"):
        name: Field[str] = field(default="", max_length=255)

    push(spare, Shelves.Book, Shelves.Short, Shelves.Shorter)

    push(spare, Total, Shelves.Shorter, User, exact=True, allow_data_loss=True)

    assert Shelves.Shorter.count() == Total.count() == 0
    assert "books" not in {body.name for body in spare.collections.get_full_list()}


def test_a_column_that_a_view_goes_on_showing_is_refused(spare: PocketBase) -> None:
    push(spare, Shelves.Book, Shelves.Short)

    with pytest.raises(ValidationFailed, match="short_books.*no such column"):
        push(spare, Shelves.LaterBook, Shelves.Short, exact=True, allow_data_loss=True)

    assert named(spare, "books") == ["title", "shelf"]
    assert Shelves.Short.count() == 0


def test_views_of_views_in_any_order(spare: PocketBase) -> None:
    class Outer(ViewCollection, collection="a_totals", query="SELECT id, title FROM z_totals"):
        title: Field[str]

    class Inner(ViewCollection, collection="z_totals", query="SELECT id, title FROM articles"):
        title: Field[str]

    push(spare, Outer, Inner, Article)

    Article.create(title="one")
    assert [total.title for total in Outer.all()] == ["one"]


def test_a_new_name_that_a_view_does_not_know_is_refused(articles: PocketBase) -> None:
    class Total(ViewCollection, collection="totals", query="SELECT id, title FROM articles"):
        title: Field[str]

    class Renamed(Collection, collection="articles"):
        headline: Field[str] = field(default="", was="title")

    push(articles, Total)

    with pytest.raises(ValidationFailed, match=r'"totals".*no such column: title'):
        push(articles, Renamed)

    assert sorted(total.title for total in Total.all()) == ["", "a rather long title", "short"]


def test_views_that_cannot_be(spare: PocketBase) -> None:
    class NoQuery(ViewCollection, collection="totals"):
        title: Field[str]

    class Indexed(ViewCollection, query="SELECT id FROM users"):
        title: Field[str] = field(index=True)

    class Written(ViewCollection, query="SELECT id FROM users", rules=Rules(create="")):
        pass

    with pytest.raises(ModelError, match="NoQuery is a view and the server has no collection 'totals'"):
        push(spare, NoQuery)
    with pytest.raises(ModelError, match="Indexed is a view, which has no indexes"):
        push(spare, Indexed)
    with pytest.raises(ModelError, match="Written is a view, which nobody writes"):
        push(spare, Written)
