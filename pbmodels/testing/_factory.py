"""Factories: valid records of a model, with the related records that they need."""

from __future__ import annotations

import random
from typing import Any, Generic, TypeVar, cast

from pbmodels.models import AuthCollection, Collection, ModelError
from pbmodels.models._specs import Spec, specs_of
from pbmodels.query import Kind
from pbmodels.testing._values import Samples, fewest

M = TypeVar("M", bound=Collection)


class Factory(Generic[M]):
    """Makes valid records of a model.

    A record gets a value for every field that must have one, and with `fill=True` for the others too. Values keep to
    the field's constraints; required relations are made along, and theirs. The same seed gives the same values, save
    for those that must be unique on the server.

    Args:
        model: The model.
        seed: Where the random values start.
        fill: Whether fields that may stay empty get a value too; relations and files among them do not.
        values: Values that all records share; one that is a function is called for each record.

    Example:
        >>> comment = Factory(Comment, text="First!").create()
        >>> comment.text, comment.post.get().is_new
        ('First!', False)
        >>> [post.views for post in Factory(Post, seed=7, views=iter([1, 2]).__next__).create_many(2)]
        [1, 2]
    """

    def __init__(self, model: type[M], /, *, seed: int = 0, fill: bool = False, **values: Any) -> None:
        self.model = model
        self._fill = fill
        self._values = values
        self._samples = Samples(random.Random(seed))

    def build(self, **values: Any) -> M:
        """A record that is not saved, related to new records that are not saved either.

        Args:
            values: Its values, before those of the factory.

        Raises:
            InvalidRecord: A given value does not fit.
            ModelError: The model needs itself: a required relation leads back to it.
        """
        return self._tree(values)[1]

    def create(self, **values: Any) -> M:
        """A record that is saved, after the records that it needs.

        Args:
            values: Its values, before those of the factory.

        Raises:
            InvalidRecord: A given value does not fit.
            ModelError: The model needs itself: a required relation leads back to it.
            ValidationFailed: The server refused a value that the model allows.
        """
        records, wanted = self._tree(values)
        for record in records:
            record.save()
        return wanted

    def create_many(self, count: int, /, **values: Any) -> list[M]:
        """Several records, saved one after another.

        Args:
            count: How many.
            values: Values that all of them have.
        """
        return [self.create(**values) for _ in range(count)]

    @property
    def aio(self) -> AsyncFactory[M]:
        """The same for async code: `await Factory(Post).aio.create()`."""
        return AsyncFactory(self)

    def _tree(self, values: dict[str, Any]) -> tuple[list[Collection], M]:
        """The records to save, in order, and the last of them, which was asked for."""
        records: list[Collection] = []
        record = self._add(records, self.model, {**self._values, **values}, ())
        return records, cast("M", record)

    def _add(
        self,
        records: list[Collection],
        model: type[Collection],
        values: dict[str, Any],
        path: tuple[type[Collection], ...],
    ) -> Collection:
        if model in path:
            names = " -> ".join(step.__name__ for step in (*path[path.index(model) :], model))
            raise ModelError(f"no {model.__name__} can be made before another one is there: {names}; give one of them")
        given = {name: value() if _is_recipe(value) else value for name, value in values.items()}
        for spec in specs_of(model).values():
            if spec.name in given or spec.read_only or (spec.name == "id" and not spec.info.is_required()):
                continue
            if spec.kind is Kind.RELATION:
                if _must_have(model, spec):
                    count = fewest(spec) if spec.multiple else 1
                    related = [self._add(records, spec.related(), {}, (*path, model)) for _ in range(count)]
                    given[spec.name] = related if spec.multiple else related[0]
            elif _must_have(model, spec) or (self._fill and spec.kind is not Kind.FILE):
                given[spec.name] = self._samples.of(spec)
        record = model(**given)
        records.append(record)
        return record


class AsyncFactory(Generic[M]):
    """The async side of a `Factory`."""

    def __init__(self, factory: Factory[M]) -> None:
        self._factory = factory

    async def create(self, **values: Any) -> M:
        """A record that is saved, after the records that it needs."""
        records, wanted = self._factory._tree(values)
        for record in records:
            await record.aio.save()
        return wanted

    async def create_many(self, count: int, /, **values: Any) -> list[M]:
        """Several records, saved one after another."""
        return [await self.create(**values) for _ in range(count)]


class Factories:
    """Makes factories that start from one seed; the fixture `pb_factory` is one.

    Args:
        seed: Where the random values start.

    Example:
        >>> make = Factories(seed=7)
        >>> make(Post).build().title == make(Post).build().title
        True
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def __call__(self, model: type[M], /, *, fill: bool = False, **values: Any) -> Factory[M]:
        """A factory of this model.

        Args:
            model: The model.
            fill: Whether fields that may stay empty get a value too.
            values: Values that all records share.
        """
        return Factory(model, seed=self._seed, fill=fill, **values)


def _must_have(model: type[Collection], spec: Spec) -> bool:
    """Whether a record without a value of this field is refused, by the model or by the server."""
    if spec.info.is_required() or spec.options.server.get("required") or spec.options.unique:
        return True
    return issubclass(model, AuthCollection) and spec.server_name in ("email", "password")


def _is_recipe(value: Any) -> bool:
    return callable(value) and not isinstance(value, type)
