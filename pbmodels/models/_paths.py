"""From a field of a model to the path that a query names it by."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pbmodels._errors import FilterError
from pbmodels.models._specs import Back, Spec, backs_of, specs_of
from pbmodels.query import Expr, Filter, Kind, Path, Sort, at
from pbmodels.query._nodes import Comparison

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection

RANDOM = "@random"
"""The order that is another one each time."""

MAX_DEPTH = 6
"""How many relations deep PocketBase follows a path."""


QUERY_VERBS = frozenset(
    {
        "order_by",
        "expand",
        "limit",
        "page",
        "first",
        "one",
        "last",
        "one_or_none",
        "exists",
        "in_batches",
        "only",
        "defer",
        "values",
        "values_list",
        "explain",
        "partitions",
        "to_arrow",
        "to_polars",
        "to_pandas",
        "prefetch",
    }
)
_ELSEWHERE = frozenset({"filter", "objects", "query", "select", "find", "find_many", "get_list"})
"""What queries begin with in other libraries."""


class RelationExpr(Expr[Any]):
    """A relation in a query: compared with a record, and a way to the related record's own fields.

    | you write | it sends |
    |---|---|
    | `Post.author == user` | `author = "USER_ID"` |
    | `Post.author.name == "Ann"` | `author.name = "Ann"` |
    """

    __slots__ = ("_made", "_related")

    def __init__(self, path: Path, related: Callable[[], type[Collection]]) -> None:
        super().__init__(path)
        self._related = related
        self._made: dict[str, Expr[Any]] = {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = self._made.get(name)
        if found is None:
            found = self._made[name] = _expression(self._related(), name, self)
        return found

    @property
    def length(self) -> Any:
        """How many related records there are, unless the related model has a field of this name."""
        return self.__getattr__("length") if self._leads_to("length") else super().length

    @property
    def any(self) -> Any:
        """The related records, of which one shall fit, unless the related model has a field of this name."""
        return self.__getattr__("any") if self._leads_to("any") else super().any

    @property
    def each(self) -> Any:
        """The related records, of which each shall fit, unless the related model has a field of this name."""
        return self.__getattr__("each") if self._leads_to("each") else super().each

    def _leads_to(self, name: str) -> bool:
        return name in specs_of(self._related())

    def _at(self, path: Path) -> Expr[Any]:
        return type(self)(path, self._related)

    def _operand(self, value: object) -> object:
        other, related = getattr(type(value), "__collection__", None), self._related()
        if other is not None and other != related.__collection__:
            raise FilterError(
                f"{self._path.name} relates to {related.__collection__!r} and can never equal a record of {other!r}: "
                f"use a {related.__name__}, its Ref or its id"
            )
        return super()._operand(value)


class RecordsExpr(RelationExpr):
    """Records of a model that a path leads to without a field that holds them.

    | you write | it sends |
    |---|---|
    | `back(Comment, "post").text == "x"` | `comments_via_post.text ?= "x"` |
    | `back(Comment, "post").contains("ID")` | `comments_via_post.id ?= "ID"` |
    | `back(Comment, "post").is_empty()` | `comments_via_post.id = null` |
    """

    __slots__ = ()

    @property
    def length(self) -> Any:
        """No such thing: PocketBase counts the items of fields only."""
        if self._leads_to("length"):
            return super().length
        raise FilterError(f"{self._path.name}: PocketBase cannot count related records in a filter")

    def contains(self, value: object) -> Filter:
        """The records have this one among them."""
        return self._ids(every=False) == self._operand(value)

    def in_(self, values: Iterable[Any]) -> Filter:
        """The records have one of these among them."""
        return self._ids(every=False).in_(self._operand(value) for value in values)

    def is_empty(self) -> Filter:
        """There are no such records."""
        # where there is one, there is none without an id: asked of all, it binds no record for other conditions
        return Comparison(replace(self._ids(every=True)._path, every=False), "=", None)

    def _compare(self, operator: str, other: object) -> Filter:
        if self._path.multiple:
            raise FilterError(f"{self._path.name} are records: compare a field of theirs, or use .contains(record)")
        ids = self._ids(every=self._path.every)
        return ids._compare(operator, other if isinstance(other, Expr) else self._operand(other))

    def _submitted(self, modifier: str) -> Path:
        raise FilterError(f"{self._path.name}.{modifier} is for fields of the record itself, which a request may send")

    def _ids(self, *, every: bool) -> Expr[Any]:
        path = self._path if self._path.every is every and not self._path.multiple else self._path.item(every)
        return Expr(path.behind("id", "id", Kind.RELATION))


def expression(model: type[Collection], name: str) -> Expr[Any]:
    """A field of a model as an expression.

    Raises:
        AttributeError: The model has no such field; the message names the nearest.
    """
    found = _expressions(model).get(name)
    if found is None:
        found = _expressions(model)[name] = _expression(model, name, None)
    return found


def _expressions(model: type[Collection]) -> dict[str, Expr[Any]]:
    """The expressions of a model that were asked for before: they are immutable, and queries are made often."""
    found = model.__dict__.get("__pb_expressions__")
    if found is None:
        found = {}
        type.__setattr__(model, "__pb_expressions__", found)
    return found


def _expression(model: type[Collection], name: str, behind: RelationExpr | None) -> Expr[Any]:
    """The same, perhaps behind a relation; deeper than the server follows is a `FilterError`."""
    spec = specs_of(model).get(name) or backs_of(model).get(name)
    if spec is None:
        raise AttributeError(unknown_field(model, name))
    options = spec.select_values if isinstance(spec, Spec) and spec.kind is Kind.SELECT else ()
    if behind is None:
        own = model.__collection__
        path = Path(spec.server_name, spec.kind, spec.multiple, label=spec.label, options=options, owner=own)
    else:
        before = behind._path
        if before.depth > MAX_DEPTH:
            raise FilterError(f"{before.text}.{name}: PocketBase follows at most {MAX_DEPTH} relations")
        path = before.behind(spec.server_name, name, spec.kind, spec.multiple, options)
    if isinstance(spec, Back):
        return RecordsExpr(path, spec.related)
    return RelationExpr(path, spec.related) if spec.kind is Kind.RELATION else at(path)


def unknown_field(model: type[Collection], name: str) -> str:
    """The message for a field that a model does not declare."""
    specs = specs_of(model)
    if name in QUERY_VERBS:
        return f"{model.__name__}.{name} belongs to queries: write {model.__name__}.where().{name}(...)"
    if name in _ELSEWHERE:
        return f"{model.__name__} has no {name!r}: queries begin with {model.__name__}.where(...)"
    known = [*specs, *backs_of(model)]
    if name in known:
        return f"{model.__collection__}.{name} is a back-relation: set {backs_of(model)[name].spec.label} instead"
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(known)}"
    return f"collection {model.__collection__!r} has no field {name!r} in {model.__name__}: {hint}"


def refuse_foreign(model: type[Collection], owner: str, name: str) -> None:
    """Raise `FilterError` where a query of one collection is given another one's field.

    Args:
        model: The model that is asked.
        owner: The collection that the field belongs to, "" for what belongs to none.
        name: The field as messages name it.
    """
    if owner and owner != model.__collection__ and owner not in _inherited(model):
        raise FilterError(
            f"{name} is a field of {owner!r}, and the query asks {model.__collection__!r}: name a field of "
            f"{model.__name__}, or go through one of its relations"
        )


def _inherited(model: type[Collection]) -> set[str]:
    """The collections of the models that a model is derived from: it has their fields."""
    return {base.__dict__["__collection__"] for base in model.__mro__ if "__collection__" in base.__dict__}


def found_path(model: type[Collection], term: object) -> object:
    """A term of a query, with text as the expression that it names.

    Raises:
        FilterError: The text names no field, or the term is another collection's.
    """
    found = resolve_path(model, term) if isinstance(term, str) else term
    if isinstance(found, Expr):
        refuse_foreign(model, found._path.owner, found._path.name)
    return found


def resolve_path(model: type[Collection], text: str) -> Expr[Any]:
    """A dotted path as text (`"author.name"`) as an expression.

    Raises:
        FilterError: A part of it is no field.
    """
    found: Expr[Any] | None = None
    by_server = {spec.server_name: name for name, spec in specs_of(model).items()}
    if "_via_" in text:
        by_server |= {back.server_name: name for name, back in backs_of(model).items()}
    for part in text.split("."):
        try:
            if found is None:
                found = expression(model, by_server.get(part, part))
            elif isinstance(found, RelationExpr):
                found = getattr(found, part)
            else:
                raise FilterError(f"{text!r}: {found} is no relation, so there is no {part!r} behind it")
        except AttributeError as error:
            raise FilterError(str(error)) from None
    assert found is not None
    return found


def to_sort(model: type[Collection], term: object) -> Sort:
    """One term of `order_by`: a field, `-field`, or the same as text.

    Raises:
        FilterError: It is none of those, or names a field that is not there.
    """
    if isinstance(term, Expr):
        term = term.asc()
    if isinstance(term, Sort):
        refuse_foreign(model, term.owner, f"{term.owner}.{term.path}")
        return term
    if term == RANDOM:
        return Sort(RANDOM)
    if isinstance(term, str) and term.strip("+-"):
        path = resolve_path(model, term.lstrip("+-"))
        return path.desc() if term.startswith("-") else path.asc()
    raise FilterError(
        f"order_by() takes fields such as {model.__name__}.id or -{model.__name__}.id, not {type(term).__name__}"
    )


def equal_to(model: type[Collection], values: Mapping[str, object]) -> list[Filter]:
    """The conditions that a record holds these values.

    Raises:
        FilterError: There are none, or one is for no field.
    """
    if not values:
        raise FilterError(f"say which {model.__name__} is meant: give at least one field and its value")
    for name in values:
        if name not in specs_of(model):
            raise FilterError(unknown_field(model, name))
    try:
        return [expression(model, name) == value for name, value in values.items()]
    except FilterError as error:
        raise FilterError(f"{error}; what no condition with == can find belongs into defaults=") from None


def to_fields(model: type[Collection], terms: Iterable[object], expand: Iterable[str]) -> tuple[str, ...]:
    """The `fields` that a request asks for: these, those that a record cannot do without, and what is expanded.

    Raises:
        FilterError: A term is no field of the model's own.
    """
    names = ["id", "collectionId"]
    for term in terms:
        found = found_path(model, term)
        if not isinstance(found, Expr) or "." in str(found):
            raise FilterError(
                f"{term!r} is no field of {model.__name__} itself: give fields such as {model.__name__}.id"
            )
        if isinstance(found, RecordsExpr):
            raise FilterError(f"{found._path.name} is a back-relation and no field: bring it along with expand()")
        names.append(str(found))
    for relation in (path.partition(".")[0] for path in expand):
        names += [relation, f"expand.{relation}"]
    return tuple(dict.fromkeys(names))


def to_expands(model: type[Collection], terms: Iterable[object]) -> tuple[str, ...]:
    """What `expand=` asks for.

    Raises:
        FilterError: It is no list of relations.
    """
    if isinstance(terms, (str, Expr)):
        raise FilterError(f"expand= takes a list of relations, as in expand=[{model.__name__}.{terms}]")
    return tuple(to_expand(model, term) for term in terms)


def to_expand(model: type[Collection], term: object) -> str:
    """One path of `expand`: a relation such as `Post.author`, or its text.

    Raises:
        FilterError: It is no relation.
    """
    found = found_path(model, term)
    if not isinstance(found, RelationExpr):
        raise FilterError(f"expand() takes relations of {model.__name__}, and {term!r} is none")
    if str(found).count(".") >= MAX_DEPTH:
        raise FilterError(f"{found}: PocketBase expands at most {MAX_DEPTH} relations deep, and leaves out the rest")
    return str(found)
