"""What a class may declare, and what it is told when PocketBase has no such field."""

from __future__ import annotations

import enum
import warnings
from datetime import date, datetime
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel

from pbmodels import (
    Collection,
    Field,
    FileList,
    GeoPoint,
    Html,
    ModelError,
    RecordNotFound,
    Relation,
    Relations,
    autodate,
    field,
)
from pbmodels.models._meta import default_name
from pbmodels.models._specs import specs_of


class Color(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


class Size(BaseModel):
    width: int
    height: int


class Everything(Collection):
    plain: str = "x"
    html: Field[Html] = field(default="")
    whole: Field[int] = field(default=0)
    real: Field[float] = field(default=0.0)
    yes: Field[bool] = field(default=False)
    when: Field[datetime | None] = field(default=None)
    made: Field[datetime] = autodate()
    one: Field[Literal["a", "b"] | None] = field(default=None)
    color: Field[Color] = field(default=Color.RED)
    many: Field[list[Literal["a", "b"]]] = field(default_factory=list)
    colors: Field[list[Color]] = field(default_factory=list)
    size: Field[Size | None] = field(default=None)
    anything: Field[Any] = field(default=None)
    names: Field[list[str]] = field(default_factory=list)
    point: Field[GeoPoint] = field(default_factory=GeoPoint)
    short: Field[Annotated[str, "note"]] = field(default="", max_length=5)
    docs: FileList = field(default_factory=list)
    parent: Relation[Everything | None] = field(default=None)
    others: Relations[Everything] = field(default_factory=list)
    delete_: Field[bool] = field(default=False, name="delete")


def test_kinds_follow_from_types() -> None:
    kinds = {name: (str(spec.kind), spec.multiple) for name, spec in specs_of(Everything).items()}

    assert kinds == {
        "id": ("text", False),
        "plain": ("text", False),
        "html": ("editor", False),
        "whole": ("number", False),
        "real": ("number", False),
        "yes": ("bool", False),
        "when": ("date", False),
        "made": ("autodate", False),
        "one": ("select", False),
        "color": ("select", False),
        "many": ("select", True),
        "colors": ("select", True),
        "size": ("json", False),
        "anything": ("json", False),
        "names": ("json", False),
        "point": ("geoPoint", False),
        "short": ("text", False),
        "docs": ("file", True),
        "parent": ("relation", False),
        "others": ("relation", True),
        "delete_": ("bool", False),
    }
    assert specs_of(Everything)["delete_"].server_name == "delete"
    assert str(Everything.delete_ == True) == "delete = true"


def test_a_relation_to_the_class_itself() -> None:
    assert specs_of(Everything)["parent"].related() is Everything
    assert str(Everything.parent.parent.plain == "x") == 'parent.parent.plain = "x"'


@pytest.mark.parametrize(
    ("name", "collection"),
    [
        ("Post", "posts"),
        ("BlogPost", "blog_posts"),
        ("Category", "categories"),
        ("Day", "days"),
        ("Box", "boxes"),
        ("HTTPLog", "http_logs"),
        ("Address", "addresses"),
    ],
)
def test_the_default_name_is_the_class_in_snake_case_plural(name: str, collection: str) -> None:
    assert default_name(name) == collection


def test_a_name_of_its_own() -> None:
    class Thing(Collection, collection="stuff"):
        a: Field[str]

    assert Thing.__collection__ == "stuff"


@pytest.mark.parametrize(
    ("annotation", "sentence"),
    [
        (date, "bad.x has the type date, which no field of PocketBase can hold: use datetime, with a timezone"),
        (bytes, "use FileField"),
        (complex, "use str, int, float"),
        (int | None, "bad.x cannot be None: PocketBase keeps 0 where a number has no value"),
        (bool | None, "keeps false where a bool has no value"),
        (GeoPoint | None, "cannot be None"),
        (list[Literal["a"]] | None, "cannot be None"),
        (Literal[1, 2], "must be non-empty texts"),
        (enum.IntEnum("Level", "LOW HIGH"), "must be non-empty texts"),
    ],
)
def test_types_that_no_field_can_hold_are_refused(annotation: Any, sentence: str) -> None:
    with pytest.raises(ModelError) as caught:
        type(Collection)(
            "Bad",
            (Collection,),
            {"__module__": __name__, "__annotations__": {"x": Field[annotation]}},
            collection="bad",
        )
    assert sentence in str(caught.value)


def test_a_field_that_would_hide_a_verb_is_refused() -> None:
    with pytest.raises(ModelError, match=r"Bad.save would hide a method of Collection.*field\(name='save'\)"):

        class Bad(Collection):
            save: Field[bool] = field(default=False)  # type: ignore[assignment]


def test_fields_are_inherited_and_may_be_declared_anew() -> None:
    class Base(Collection):
        tags: Field[list[Literal["a", "b"]]] = field(default_factory=list)
        created: Field[datetime] = autodate()
        parent: Relation[Everything | None] = field(default=None)

    with warnings.catch_warnings():
        warnings.simplefilter("error")

        class Child(Base):
            name: Field[str]
            tags: Field[str] = field(default="plain text now")  # type: ignore[assignment]

    assert Child(name="x").tags == "plain text now"
    assert str(Child.tags.contains("x")) == 'tags ~ "x"'
    assert str(Base.tags.contains("a")) == 'tags:each ?= "a"'
    assert str(Child.parent.plain == "x") == 'parent.plain = "x"'
    assert Child.__collection__ == "children" or Child.__collection__ == "childs"


def test_each_model_has_its_own_not_found() -> None:
    class Other(Collection):
        a: Field[str]

    assert issubclass(Other.NotFound, RecordNotFound)
    assert Other.NotFound is not Everything.NotFound
    assert "Other.NotFound" in Other.NotFound.__qualname__


def test_an_unknown_field_of_the_class_names_the_nearest() -> None:
    with pytest.raises(
        AttributeError, match="collection 'everythings' has no field 'plian' in Everything: did you mean"
    ):
        _ = Everything.plian  # type: ignore[attr-defined]
    assert not hasattr(Everything, "nope")


def test_a_relation_to_a_model_that_is_not_there() -> None:
    class Orphan(Collection):
        to: Relation[Nowhere]  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(ModelError, match="not defined yet; import or declare it first"):
        Orphan(to="x")


def test_schema_for_other_tools() -> None:
    schema = Everything.model_json_schema(mode="validation")

    assert schema["properties"]["parent"]["anyOf"] == [{"type": "string"}, {"type": "null"}]
    assert Everything.model_json_schema(mode="serialization")["properties"]["docs"]["type"] == "array"
    assert schema["properties"]["whole"]["type"] == "integer"
