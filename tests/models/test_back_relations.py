"""The other side of a relation: in conditions, expanded, and as a query set of a record."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import httpx
import pytest

from pbmodels import (
    AsyncPocketBase,
    BackRelation,
    Collection,
    Field,
    InvalidRecord,
    ModelError,
    PocketBase,
    Relation,
    Relations,
    back_relation,
    field,
)
from pbmodels.models._specs import specs_of
from pbmodels.schema import push


class Author(Collection, collection="authors"):
    name: Field[str]
    books: BackRelation[Book] = back_relation("author")
    edited: BackRelation[Book] = back_relation("editors")
    badge: BackRelation[Badge] = back_relation("owner")


class Book(Collection, collection="books"):
    title: Field[str]
    author: Relation[Author | None] = field(default=None)
    editors: Relations[Author] = field(default_factory=list)


class Badge(Collection, collection="badges"):
    number: Field[int]
    owner: Relation[Author] = field(unique=True)


@pytest.fixture(scope="module")
def shelves(superuser: PocketBase) -> Iterator[PocketBase]:
    push(superuser, Author, Book, Badge)
    yield superuser
    for model in (Badge, Book, Author):
        superuser.collections.delete(model.__collection__)


@pytest.fixture
def library(shelves: PocketBase, blog: PocketBase) -> PocketBase:
    for model in (Badge, Book, Author):
        blog.collections.truncate(model.__collection__)
    return blog


@pytest.fixture
def sent(library: PocketBase) -> list[httpx.Request]:
    """The requests that go out from here on."""
    requests: list[httpx.Request] = []
    library.before_send = requests.append
    return requests


@pytest.fixture
def jane(library: PocketBase) -> Author:
    jane = Author(name="Jane").save()
    Author(name="Mary").save()
    Book(title="Emma", author=jane).save()
    Book(title="Persuasion", author=jane, editors=[jane]).save()
    return jane


def titles(books: list[Book]) -> list[str]:
    return sorted(book.title for book in books)


@pytest.mark.parametrize(
    ("condition", "text", "names"),
    [
        (lambda: Author.books.title == "Emma", 'books_via_author.title ?= "Emma"', ["Jane"]),
        (lambda: Author.edited.title == "Persuasion", 'books_via_editors.title ?= "Persuasion"', ["Jane"]),
        (
            lambda: ~(Author.books.title == "Emma"),
            '(books_via_author.title != "Emma" || books_via_author.id = null)',
            ["Mary"],
        ),
        (lambda: Author.books.is_empty(), "books_via_author.id = null", ["Mary"]),
        (lambda: ~Author.books.is_empty(), "books_via_author.id != null", ["Jane"]),
        (lambda: Author.books.author.name == "Jane", 'books_via_author.author.name ?= "Jane"', ["Jane"]),
    ],
)
def test_conditions_on_the_other_side(jane: Author, condition, text: str, names: list[str]) -> None:  # type: ignore[no-untyped-def]
    query = Author.where(condition())

    assert str(query) == text
    assert [author.name for author in query] == names


def test_whether_a_record_is_among_those_of_the_other_side(jane: Author) -> None:
    emma = Book.where(Book.title == "Emma").one()

    query = Author.where(Author.books.contains(emma))

    assert str(query) == f'books_via_author.id ?= "{emma.id}"'
    assert query.all() == [jane]
    assert [author.name for author in Author.where(Author.books.not_contains(emma))] == ["Mary"]
    assert Author.where(Author.books.in_([emma, "nothing00000000"])).all() == [jane]
    assert Author.where("books_via_author.title ?= {:t}", t="Emma").all() == [jane]


def test_a_record_leads_to_the_records_that_name_it(jane: Author) -> None:
    assert titles(jane.books.all()) == ["Emma", "Persuasion"]
    assert titles(jane.edited.all()) == ["Persuasion"]
    assert jane.books.where(Book.title == "Emma").count() == 1
    assert jane.badge.first() is None
    assert Author(name="New").books.all() == []


def test_expand_brings_them_and_nothing_is_asked_again(jane: Author, sent: list[httpx.Request]) -> None:
    authors = Author.where().order_by(Author.name).expand(Author.books).all()

    assert [titles(author.books.all()) for author in authors] == [["Emma", "Persuasion"], []]
    assert [author.books.count() for author in authors] == [2, 0]
    assert [author.books.exists() for author in authors] == [True, False]
    assert len(authors[0].books[:1].all()) == 1
    assert all(isinstance(book, Book) and not book.changed_fields for book in authors[0].books)
    assert len(sent) == 1
    assert authors[0].books.where(Book.title == "Emma").count() == 1  # another question
    assert len(sent) == 2


def test_expand_in_both_directions_and_back(jane: Author, sent: list[httpx.Request]) -> None:
    book = Book.where(Book.title == "Emma").expand(Book.author.books.author).one()

    assert book.author is not None
    assert book.author.record is not None
    others = book.author.record.books.all()
    assert titles(others) == ["Emma", "Persuasion"]
    assert [other.author.record for other in others if other.author] == [jane, jane]
    assert len(sent) == 1


def test_where_the_relation_is_unique_there_is_one(jane: Author, sent: list[httpx.Request]) -> None:
    badge = Badge(number=7, owner=jane).save()
    sent.clear()

    author = Author.get(jane.id, expand=[Author.badge])

    assert author.badge.one() == badge
    assert len(sent) == 1
    assert Author.where(Author.badge.number == 7).all() == [jane]


def test_more_than_expand_brings_are_asked_for(library: PocketBase) -> None:
    library.settings.update({"batch": {"enabled": True, "maxRequests": 1001, "timeout": 60}})
    jane = Author(name="Jane").save()
    try:
        with library.batch() as batch:
            for number in range(1001):
                batch.collection("books").create({"title": f"{number}", "author": jane.id})
    finally:
        library.settings.update({"batch": {"enabled": False}})

    author = Author.get(jane.id, expand=[Author.books])

    assert len(author.books.all()) == 1001


async def test_the_other_side_awaited(jane: Author, aio: AsyncPocketBase) -> None:
    assert titles(await jane.books.aio.all()) == ["Emma", "Persuasion"]
    assert [book.title async for book in jane.books.where(Book.title == "Emma").aio] == ["Emma"]
    author = await Author.aio.where(Author.books.title == "Emma").expand(Author.books).one()
    assert titles(await author.books.aio.all()) == ["Emma", "Persuasion"]


def test_it_is_no_field(jane: Author) -> None:
    assert "books" not in specs_of(Author)
    assert "books" not in Author.model_json_schema()["properties"]
    assert jane.model_dump() == {"id": jane.id, "name": "Jane"}
    assert pickle.loads(pickle.dumps(jane)) == jane
    with pytest.raises(InvalidRecord, match="authors.books is a back-relation: set books.author instead"):
        jane.books = []  # type: ignore[assignment]
    with pytest.raises(InvalidRecord, match="authors.books is a back-relation: set books.author instead"):
        Author(name="x", books=[])


def test_it_is_inherited() -> None:
    class Writer(Author, collection="authors"):
        pen_name: Field[str] = field(default="")

    assert str(Writer.books.title == "x") == 'books_via_author.title ?= "x"'


def test_what_it_is_the_other_side_of_must_be_there() -> None:
    class Lost(Collection):
        nowhere: BackRelation[Nowhere] = back_relation("lost")  # type: ignore[name-defined]  # noqa: F821
        title: BackRelation[Book] = back_relation("title")
        wrong: BackRelation[Book] = back_relation("author")

    with pytest.raises(ModelError, match="losts.nowhere names a type that is not defined yet: name 'Nowhere'"):
        _ = Lost.nowhere
    with pytest.raises(ModelError, match="losts.title is the other side of Book.title, which is no relation"):
        _ = Lost.title
    with pytest.raises(ModelError, match=r"other side of books.author, which relates to 'authors', not to 'losts'"):
        _ = Lost.wrong
    with pytest.raises(ModelError, match="must be declared as BackRelation"):

        class Bare(Collection):
            books = back_relation("author")

    with pytest.raises(ModelError, match=r"needs the relation that it is the other side of"):

        class Unsaid(Collection):
            books: BackRelation[Book]

    with pytest.raises(ModelError, match="would hide a method of Collection"):

        class Hiding(Collection):
            delete: BackRelation[Book] = back_relation("author")  # type: ignore[assignment]
