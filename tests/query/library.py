"""Models and records for the meaning of expressions, with everything that can be unset also unset somewhere."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from pbmodels import (
    BackRelation,
    Collection,
    Field,
    PocketBase,
    Relation,
    Relations,
    back_relation,
    field,
    using,
)
from pbmodels.schema import push


class Person(Collection, collection="people"):
    name: Field[str] = field(default="")
    age: Field[int] = field(default=0)
    active: Field[bool] = field(default=False)
    born: Field[datetime | None] = field(default=None)
    skills: Field[list[Literal["news", "tech", "art"]]] = field(default_factory=list)
    mentor: Relation[Person | None] = field(default=None)
    books: BackRelation[Book] = back_relation("owner")


class Book(Collection, collection="books"):
    title: Field[str] = field(default="")
    subtitle: Field[str] = field(default="")
    pages: Field[int] = field(default=0)
    price: Field[float] = field(default=0.0)
    lent: Field[bool] = field(default=False)
    due: Field[datetime | None] = field(default=None)
    genre: Field[Literal["home", "world"] | None] = field(default=None)
    tags: Field[list[Literal["news", "tech", "art"]]] = field(default_factory=list)
    notes: Field[Any] = field(default=None)
    owner: Relation[Person | None] = field(default=None)
    readers: Relations[Person] = field(default_factory=list)


MODELS = (Person, Book)

MAY, JUNE = datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 6, 1, 12, 30, 0, 123000, UTC)


class Row(NamedTuple):
    """What one row of a filter's joins is about."""

    reader: Person | None = None
    tag: str | None = None
    book: Book | None = None


class Shelf:
    """The records of one server, in Python and in PocketBase."""

    def __init__(self, pb: PocketBase, version: str) -> None:
        push(pb, *MODELS)
        for model in MODELS:
            pb.collections.truncate(model.__collection__)
        self.pb = pb
        self.version = tuple(int(part) for part in version.split(".")[:2])
        self.people = _people()
        self.books = _books(self.people)
        by_id = {person.id: person for person in self.people}
        self._by_id = by_id
        with using(pb):
            for record in (*self.people, *self.books):
                record.save()

    def person(self, ref: Any) -> Person | None:
        """The person that a relation leads to."""
        return None if ref is None else self._by_id[ref.id]

    def rows(self, record: Book | Person) -> list[Row]:
        """What a filter's joins see of a record: each of its readers, tags or books with each other, None for none."""
        if isinstance(record, Person):
            owned = [book for book in self.books if book.owner is not None and book.owner.id == record.id]
            return [Row(book=book) for book in owned or [None]]
        readers = [self._by_id[ref.id] for ref in record.readers]
        return [Row(reader, tag) for reader in readers or [None] for tag in record.tags or [None]]

    def people_ids(self, *conditions: Any) -> set[str]:
        """The people that the server selects."""
        with using(self.pb):
            return {person.id for person in Person.where(*conditions).all()}

    def ids(self, *conditions: Any) -> set[str]:
        """The books that the server selects."""
        with using(self.pb):
            return {book.id for book in Book.where(*conditions).all()}


def _people() -> list[Person]:
    ann = Person(name="Ann", age=30, active=True, born=MAY, skills=["news", "tech"])
    bob = Person(name="bob", age=0, skills=["tech"], mentor=ann)
    cem = Person(name="", age=61, born=JUNE, mentor=bob)
    dee = Person(name="Déé", age=-5, active=True, skills=["art", "news", "tech"], mentor=ann)
    return [ann, bob, cem, dee]


def _books(people: list[Person]) -> list[Book]:
    ann, bob, cem, dee = people
    return [
        Book(),
        Book(title="Ann", pages=30, price=0.5, lent=True, due=MAY, genre="home", tags=["news"], notes=5, owner=ann),
        Book(title="ANN B", subtitle="ann b", pages=-3, due=JUNE, tags=["news", "tech"], notes="x", owner=bob),
        Book(
            title="50%_\\",
            subtitle="50%_\\",
            pages=61,
            price=-1.25,
            genre="world",
            notes=True,
            owner=cem,
            readers=[ann],
        ),
        Book(title="ann", lent=True, tags=["art"], notes={"a": 1}, owner=dee, readers=[bob, ann]),
        Book(title="Ünal", subtitle="Z", pages=7, tags=["tech", "art"], notes="", owner=ann, readers=[cem]),
        Book(title="ünal", pages=30, price=30, due=JUNE, genre="home", notes=0, readers=[dee, cem, bob, ann]),
        Book(title="bob", subtitle="bob", pages=2**53, tags=["news", "tech", "art"], notes=[1], readers=[dee]),
        Book(title='say "x"', subtitle="it's", pages=1, price=1e-7, lent=True, due=MAY, owner=cem, readers=[dee, ann]),
        Book(title="line\nbreak", pages=6, genre="world", tags=["tech"], owner=dee, readers=[bob]),
        Book(title="nobody's", price=1e15, lent=True, due=JUNE, notes=None, readers=[cem, bob]),
        Book(title="B", subtitle="a", pages=5, notes=-1.5, owner=bob, readers=[ann, dee]),
    ]
