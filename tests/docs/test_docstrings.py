"""The examples in docstrings run, on the real server, and nothing public is without a docstring."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest

import pbmodels
import pbmodels.client
import pbmodels.query
import pbmodels.schema
import pbmodels.server
import pbmodels.testing
from pbmodels import PocketBase, using
from tests.blog import Comment, Post, User
from tests.docs.running import Session, difference

MODULES = [
    importlib.import_module(module.name)
    for module in pkgutil.walk_packages(pbmodels.__path__, "pbmodels.")
    if not module.name.endswith("__main__")
]


def examples() -> Iterator[doctest.DocTest]:
    finder = doctest.DocTestFinder()
    for module in MODULES:
        yield from (test for test in finder.find(module, module.__name__) if test.examples)


@pytest.fixture
def session(blog: PocketBase, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """What examples may take for granted, and a server that looks as before afterwards."""
    monkeypatch.setattr("pbmodels.models._context._default", blog)
    public = {name: getattr(module, name) for module in (pbmodels, pbmodels.schema, pbmodels.testing) for name in module.__all__}
    there = {collection.name for collection in blog.collections.get_full_list()}
    known = {"Post": Post, "User": User, "Comment": Comment, "pb": blog, "url": blog.url}
    blog.settings.update({"batch": {"enabled": True}})
    with using(blog), Session("docstring", **public, **known, datetime=datetime, UTC=UTC) as ready:
        yield ready
        ready.namespace["pb"] = blog
        ready.run("await pb.aio.aclose()", "end of the test")
    blog.settings.update({"batch": {"enabled": False}})
    for collection in blog.collections.get_full_list():
        if collection.name not in there:
            blog.collections.delete(collection.id)


@pytest.mark.timeout(30)
@pytest.mark.parametrize("example", list(examples()), ids=lambda test: test.name.removeprefix("pbmodels."))
def test_the_example_of(example: doctest.DocTest, session: Session) -> None:
    module = importlib.import_module(example.globs["__name__"])
    given = session.namespace
    given.update({name: value for name, value in vars(module).items() if name not in given})
    if "client._async" in module.__name__:
        given["pb"] = given["pb"].aio
    file = str(example.filename)
    for step in example.examples:
        line = (example.lineno or 0) + step.lineno + 1
        if step.exc_msg is None:
            printed, wanted = session.run(step.source, file, line, "single"), step.want
        else:
            with pytest.raises(Exception) as caught:  # noqa: PT011
                session.run(step.source, file, line, "single")
            printed, wanted = f"{caught.type.__qualname__}: {caught.value}\n", step.exc_msg
        assert not difference(wanted, printed), f"{file}:{line}\n{step.source}" + difference(wanted, printed)


PUBLIC = [
    (f"{module.__name__}.{name}", value)
    for module in (pbmodels, pbmodels.client, pbmodels.query, pbmodels.server, pbmodels.schema, pbmodels.testing)
    for name in module.__all__
    if inspect.isclass(value := getattr(module, name)) or inspect.isfunction(value)
]


@pytest.mark.parametrize("value", [value for _, value in PUBLIC], ids=[name for name, _ in PUBLIC])
def test_a_docstring_explains(value: Any) -> None:
    assert not [name for name in undocumented(value) if not name.startswith("_")]
    assert value.__doc__
    assert value.__doc__.strip()


def undocumented(value: Any) -> Iterator[str]:
    """The public methods and properties that a class of ours defines, or inherits, without a word."""
    if not inspect.isclass(value):
        return
    for base in value.__mro__:
        if base.__module__.startswith("pbmodels"):
            for name, member in vars(base).items():
                is_ours = isinstance(member, (FunctionType, classmethod, staticmethod, property))
                if is_ours and not inspect.getdoc(getattr(base, name)):
                    yield name


def test_every_module_says_why_it_exists() -> None:
    code = [module for module in MODULES if re.search(r"^(class|def|async def) ", source(module), re.M)]

    assert [module.__name__ for module in code if not (module.__doc__ or "").strip()] == []


def source(module: ModuleType) -> str:
    return Path(str(module.__file__)).read_text("utf-8")
