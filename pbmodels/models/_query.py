"""What a query set is made of: conditions, order, relations to expand, limits. Immutable, and no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from pbmodels._errors import FilterError
from pbmodels.client._record_calls import list_call, records_path
from pbmodels.client._request import Call
from pbmodels.models._context import Carried
from pbmodels.models._cursor import MAX_BATCH, Cursor
from pbmodels.models._errors import MultipleRecordsFound
from pbmodels.models._explain import Explanation, explanation
from pbmodels.models._keyset import Keyset, keyset_of
from pbmodels.models._paths import RANDOM, refuse_foreign, to_expand, to_fields, to_sort
from pbmodels.models._prefetch import Prefetch, to_prefetch
from pbmodels.models._specs import specs_of
from pbmodels.models._table import ROWS, html_table
from pbmodels.models._trace import is_traced, note
from pbmodels.query import BoundFilter, Condition, Expr, Filter, Kind, Path, Raw, Sort, all_of, split
from pbmodels.query._nodes import And, Comparison, In, paths_of

if TYPE_CHECKING:
    from pbmodels.models._async.query_set import AsyncQuerySet
    from pbmodels.models._collection import Collection

M = TypeVar("M", bound="Collection")

MAX_SORT = 8
"""Terms of a sort that the server accepts."""


def is_count(value: object) -> bool:
    """Whether it is a number of records, 0 or more."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def check_batch(size: object) -> None:
    """Raise `FilterError` where a request cannot ask for so many records."""
    if not isinstance(size, int) or not 1 <= size <= MAX_BATCH:
        raise FilterError(f"a batch of {size!r} records: PocketBase gives 1 to {MAX_BATCH} at a time")


def to_condition(condition: object, params: dict[str, object]) -> Filter:
    """One argument of `where`.

    Raises:
        FilterError: It is no condition.
    """
    if isinstance(condition, Filter):
        return condition
    if isinstance(condition, str):
        if not condition.strip():
            raise FilterError("the filter text is empty; leave it out to ask for all records")
        return Raw(BoundFilter(condition, params))
    if isinstance(condition, BoundFilter):
        return Raw(condition)
    if isinstance(condition, bool):
        raise FilterError(
            f"where() got {condition} instead of a condition: a comparison was made in Python, "
            "perhaps with `not`, `in`, `is` or between values; compare fields, as in Post.views > 3"
        )
    raise FilterError(
        f"where() takes conditions such as Post.views > 3, or filter text, not {type(condition).__name__}"
    )


class Query(Generic[M]):
    """Records of one model that meet conditions, in an order. Every method gives a new query."""

    def __init__(self, model: type[M]) -> None:
        self._model = model
        self._conditions: tuple[Filter, ...] = ()
        self._order: tuple[Sort, ...] = ()
        self._expand: tuple[str, ...] = ()
        self._prefetch: tuple[Prefetch, ...] = ()
        self._only: tuple[str, ...] | None = None
        self._limit: int | None = None
        self._offset = 0
        self._carried: Carried | None = None
        self._known: tuple[M, ...] | None = None
        self._via: str | None = None

    @property
    def aio(self) -> AsyncQuerySet[M]:
        """The same query for async code: `await post.comments.aio.all()`."""
        from pbmodels.models._async.query_set import AsyncQuerySet

        twin = AsyncQuerySet(self._model)
        twin.__dict__.update(self.__dict__)
        return twin

    def where(self, *conditions: Condition, **params: object) -> Self:
        """Only records that meet these conditions too.

        Args:
            conditions: Conditions such as `Post.views > 3`, or text of PocketBase's filter language.
            params: The values of the `{:name}` placeholders in the text.

        Raises:
            FilterError: A condition is none, or a placeholder and a value do not pair up.

        Example:
            >>> str(Post.where(Post.status == True, "views > {:n}", n=1))
            '(status = true && (views > 1))'
        """
        texts = [condition for condition in conditions if isinstance(condition, str)]
        named = [name for name in params if name in specs_of(self._model)]
        if named and not texts:
            name, model = named[0], self._model.__name__
            raise FilterError(f"where() takes conditions: write {model}.{name} == ... instead of {name}=...")
        if params and len(texts) != 1:
            raise FilterError(
                f"where() got values for {', '.join(params)}, which need exactly one filter text with placeholders"
            )
        made = tuple(to_condition(item, params) for item in conditions)
        for condition in made:
            for path in paths_of(condition._node()):
                if path.owner and path.owner != self._model.__collection__:
                    refuse_foreign(self._model, path.owner, path.name)
        return self._with(_conditions=self._conditions + made)

    def order_by(self, *terms: Expr[Any] | Sort | type[Collection] | str) -> Self:
        """In this order, instead of any before; without one, records come by id.

        A condition with a list of values that takes several requests can be in any order that iteration has a key for.

        Args:
            terms: Fields, with a minus sign before those that go downwards: `-Post.created, Post.title`. `"@random"`
                goes with a limit.

        Raises:
            FilterError: A term is no field, or there are more than the 8 that the server accepts.

        Example:
            >>> query = Post.where().order_by(-Post.created, Post.title)
        """
        order = tuple(to_sort(self._model, term) for term in terms)
        if len(order) > MAX_SORT:
            raise FilterError(f"order_by() got {len(order)} terms, and PocketBase sorts by at most {MAX_SORT}")
        return self._with(_order=order)

    def expand(self, *relations: type[Collection] | str) -> Self:
        """Bring related records along: `post.author.record` is there then, with no further request.

        Args:
            relations: Relations such as `Post.author`, or nested `Comment.post.author`.

        Raises:
            FilterError: One of them is no relation.

        Example:
            >>> query = Post.where().expand(Post.author)
        """
        paths = (to_expand(self._model, relation) for relation in relations)
        return self._with(_expand=tuple(dict.fromkeys((*self._expand, *paths))))

    def prefetch(self, relation: type[Collection] | str, records: Query[Any] | None = None) -> Self:
        """Bring related records along in requests of their own, for what `expand` cannot do: more than 1000 of one
        back-relation, or only some of them, in an order.

        It takes one request for a hundred records or so, and one more for each thousand that they bring. What a
        back-relation gives is then what `records` asks for: `post.comments` sends nothing any more, and queries made
        from it, such as `post.comments.where(...)`, have the same conditions and order.

        Args:
            relation: A relation such as `Post.comments` or `Post.author`.
            records: A query for the related records: which, in what order, with `expand` and `prefetch` of its own.

        Raises:
            FilterError: It is no relation of this model, or the query is not one for it.

        Example:
            >>> query = Post.where().prefetch(Post.author, User.where(User.verified == True))
        """
        found = to_prefetch(self._model, relation, records)
        others = tuple(asked for asked in self._prefetch if asked.name != found.name)
        return self._with(_prefetch=(*others, found))

    def only(self, *fields: type[Collection] | Expr[Any] | str) -> Self:
        """Ask for these fields only, and the id; touching another one raises `FieldNotLoaded`.

        Saving such a record sends what changed, as ever, and brings the other fields along.

        Args:
            fields: Fields of the model's own, such as `Post.title`.

        Raises:
            FilterError: One of them is no field.

        Example:
            >>> posts = Post.where().only(Post.title).all()
        """
        return self._with(_only=to_fields(self._model, fields, ()))

    def defer(self, *fields: type[Collection] | Expr[Any] | str) -> Self:
        """Ask for all fields but these; touching one of them raises `FieldNotLoaded`.

        Args:
            fields: Fields of the model's own, such as a long text.

        Raises:
            FilterError: One of them is no field.

        Example:
            >>> posts = Post.where().defer(Post.body).all()
        """
        without = set(to_fields(self._model, fields, ())) - {"id", "collectionId"}
        names = self._only or ("collectionId", *(spec.server_name for spec in specs_of(self._model).values()))
        return self._with(_only=tuple(name for name in names if name not in without))

    def explain(self) -> Explanation:
        """The first request as iteration would send it, without sending it; `print` shows it.

        Returns:
            `method`, `url`, `filter`, `sort`, `expand`, `fields`, `per_page`, `paging`, `parts`; no token, no header.

        Example:
            >>> print(Post.where(Post.views > 3).order_by(-Post.created).explain())
            GET http://127.0.0.1:.../api/collections/posts/records?page=1&perPage=1000&sort=-created%2Cid&...
              filter views > 3
              sort   -created,id
              fields all
              pages  1000 records each, each by the key that the last one ended with
        """
        return explanation(self, list(self._cursors(MAX_BATCH)))

    def _repr_html_(self) -> str | None:
        """What a notebook shows: the first records, which are fetched for it; nothing special for async queries."""
        if not isinstance(self, Iterable):
            return None
        found: list[M] = list(self[: ROWS + 1])
        return html_table(self._model, found)

    def _only_names(self) -> tuple[str, ...]:
        """The fields that `only` and `defer` leave, by their names on the server; none for all."""
        return tuple(name for name in self._only or () if name != "collectionId")

    def _between(self, starts: list[str]) -> list[Self]:
        """The query for each range of ids: up to the first start, from each to the next, and from the last on."""
        path = Path("id")
        bounds = [None, *starts, None]
        return [
            self.where(
                *([Comparison(path, ">=", low)] if low is not None else []),
                *([Comparison(path, "<", high)] if high is not None else []),
            )
            for low, high in pairwise(bounds)
        ]

    def _nth_call(self, part: Filter | None, number: int) -> Call:
        """The request for the id of one record by its place, from 0."""
        return self._page_call(part, number + 1, 1, totals=False, fields="id", sort=True)

    def _valued(self, names: tuple[str, ...], *, all_fields: bool) -> Self:
        """The query for the values of these fields alone."""
        specs = specs_of(self._model)
        only = None if all_fields else tuple(dict.fromkeys(("id", *(specs[name].server_name for name in names))))
        return self._with(_expand=(), _only=only)

    def limit(self, count: int) -> Self:
        """At most this many records."""
        if not is_count(count):
            raise FilterError(f"limit({count!r}): it takes a number of records, 0 or more")
        known = None if self._known is None else self._known[:count]
        return self._with(_limit=count if self._limit is None else min(count, self._limit), _known=known)

    def __getitem__(self, index: slice) -> Self:
        """A slice, as of a list: `query[10:20]`.

        Raises:
            FilterError: It is an index, or a slice that counts from the end or has a step.
        """
        if (
            not isinstance(index, slice)
            or index.step not in (None, 1)
            or not all(end is None or is_count(end) for end in (index.start, index.stop))
        ):
            raise FilterError("a query takes slices such as [:10] and [10:20]; for one record use first() or one()")
        start, stop = index.start or 0, index.stop
        if self._limit is not None:
            stop = self._limit if stop is None else min(stop, self._limit)
        known = None if self._known is None else self._known[start:stop]
        limit = None if stop is None else max(0, stop - start)
        return self._with(_offset=self._offset + start, _limit=limit, _known=known)

    @property
    def filter(self) -> Filter | None:
        """All conditions as one, None when there are none."""
        return all_of(self._conditions)

    def __str__(self) -> str:
        """The filter text that is sent."""
        condition = self.filter
        return "" if condition is None else str(condition)

    def __repr__(self) -> str:
        parts = [repr(str(self))] if self._conditions else []
        parts += [f"order_by={','.join(map(str, self._order))!r}"] if self._order else []
        parts += [f"expand={','.join(self._expand)!r}"] if self._expand else []
        parts += [f"limit={self._limit}"] if self._limit is not None else []
        return f"<{type(self).__name__} of {self._model.__name__}{': ' if parts else ''}{', '.join(parts)}>"

    def __bool__(self) -> bool:
        raise FilterError("a query has no truth value before it is run: use exists(), count() or all()")

    def __len__(self) -> int:
        raise TypeError("a query has no length before it is run: use count(), or len(query.all())")

    def _with(self, **changes: Any) -> Self:
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin._known = None
        twin.__dict__.update(changes)
        return twin

    def _full_order(self) -> tuple[Sort, ...]:
        """The order with the id at its end, which decides between equals, where there is room for it."""
        if len(self._order) == MAX_SORT or any(term.path == "id" for term in self._order):
            return self._order
        return (*self._order, Sort("id"))

    def _sort_text(self) -> str:
        return ",".join(map(str, self._full_order()))

    def _parts(self) -> list[Filter | None]:
        """The condition, in as many parts as requests are needed for it; no record is found by two of them."""
        condition = self.filter
        return [None] if condition is None else list(split(condition))

    def _one_part(self, what: str) -> Filter | None:
        parts = self._parts()
        if len(parts) > 1:
            raise FilterError(
                f"the conditions on {self._model.__name__} need {len(parts)} requests, which {what} "
                "cannot join: ask for less at once"
            )
        return parts[0]

    def _cursors(self, batch: int) -> list[Cursor]:
        """The walks that the query takes; those of several parts begin at their first records.

        Raises:
            FilterError: There are several, and the order is one that only the server can make.
        """
        check_batch(batch)
        self._refuse_random(batch)
        parts, keyset = self._parts(), keyset_of(self._model, self._full_order())
        if len(parts) == 1:
            return [Cursor(self, parts[0], self._page_size(batch), keyset, offset=self._offset)]
        if keyset is None:
            raise FilterError(
                f"the conditions on {self._model.__name__} need {len(parts)} requests, and only the server itself "
                f"knows the order {self._sort_text()!r}: leave order_by() out and sort in Python, or ask for less"
            )
        size = batch
        if self._sorted:  # a page of each part is held, whatever the size of the batches that are made of them
            size = MAX_BATCH if self._limit is None else min(MAX_BATCH, max(1, self._offset + self._limit))
        return [Cursor(self, part, size, keyset) for part in parts]

    @property
    def _sorted(self) -> bool:
        """Whether it matters in what order the records of several parts come."""
        return bool(self._order or self._offset) or self._limit is not None

    def _refuse_random(self, most: int) -> None:
        """Raise `FilterError` where a random order would take several pages, each in an order of its own."""
        if any(term.path == RANDOM for term in self._order) and (self._limit is None or self._limit > most):
            raise FilterError(
                f"a random order has no second page, for each is in another order: take at most {most} records with "
                "limit(), or leave the order out and shuffle them in Python"
            )

    def _page_size(self, batch: int) -> int:
        """Records on a page: those of a limit or slice at once where they lie on one page of some size."""
        limit, offset = self._limit, self._offset
        if limit is None or limit >= batch:
            return batch
        first = max(1, limit)
        return next(
            (size for size in range(first, batch) if offset // size == (offset + first - 1) // size),
            batch,
        )

    def _page_call(
        self, part: Filter | None, page: int, size: int, *, totals: bool, fields: str | None = None, sort: bool = False
    ) -> Call:
        return list_call(
            records_path(self._model.__collection__),
            page=page,
            per_page=size,
            filter=part,
            sort=self._sort_text() if fields is None or sort else None,
            expand=self._expand if fields is None else None,
            fields=fields or self._field_names(),
            skip_total=not totals,
        )

    def _field_names(self, keyset: Keyset | None = None) -> tuple[str, ...]:
        """The `fields` of a request, none for all."""
        if self._only is None:
            return ()
        order = keyset.fields if keyset is not None else ()
        expand = to_fields(self._model, (), self._expand) if self._expand else ()
        fetched = (name for asked in self._prefetch for name in asked.field_names)
        return tuple(dict.fromkeys((*self._only, *expand, *fetched, *order)))

    def _reversed(self) -> Self:
        """The same records from the other end.

        Raises:
            FilterError: It is a slice, whose other end depends on how many records there are.
        """
        if self._limit is not None or self._offset:
            raise FilterError("last() cannot be asked of a slice or a limited query: reverse its order and use first()")
        known = None if self._known is None else self._known[::-1]
        return self._with(_order=tuple(-term for term in self._full_order()), _known=known)

    def _note(self) -> None:
        """Tell who traces requests that this is about what belongs to one record alone, if it is."""
        if self._via is not None:
            if self._via:
                note(self._via, f"write .expand({self._via}) or .prefetch({self._via}, ...) in the query")
        elif is_traced() and (field := self._of_one()):
            name = self._model.__name__
            note(
                f"{name}.where({field} of one record)",
                f"collect the records or their ids, and write {name}.where({field}.in_(ids)).all()",
            )

    def _of_one(self) -> str:
        """The id or relation that the records must hold, "" where neither must be a certain one."""
        condition = self.filter
        for node in condition.items if isinstance(condition, And) else (condition,):
            match node:
                case Comparison(path, "=", str(value)) | In(path, (str(value),)):
                    own = path.owner == self._model.__collection__ and not path.through
                    if value and own and (path.text == "id" or path.kind is Kind.RELATION):
                        every = ".any" if path.multiple else ""
                        return f"{self._model.__name__}.{path.name.partition('.')[2]}{every}"
                case _:
                    pass
        return ""

    def _only_one(self, found: list[M]) -> M | None:
        if len(found) > 1:
            raise MultipleRecordsFound(
                f"more than one record of {self._model.__collection__!r} matches {str(self) or 'no condition'!r}; "
                "narrow it, or use first()"
            )
        return found[0] if found else None

    def _none_found(self) -> Exception:
        return self._model.NotFound(
            f"no record of {self._model.__collection__!r} matches {str(self) or 'no condition'!r}, "
            "or the list rule hides it from who is signed in"
        )
