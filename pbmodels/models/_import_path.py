"""Finding a program's models by their import path, for the command line and the pytest plugin."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from pbmodels.models._errors import ModelError

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection


def load_models(path: str, folder: Path) -> list[type[Collection]]:
    """The models that a module declares or imports, in its order.

    Args:
        path: A module (`app.models`), a model or a list of models in it (`app.models:Post`), or a file (`models.py`).
        folder: Where imports and files are looked for.

    Raises:
        ModelError: There is no such module, or it holds no model; bases alone, such as abstract classes, are none.

    Example:
        >>> load_models("tests.blog", Path.cwd())
        [<class 'tests.blog.User'>, <class 'tests.blog.Post'>, <class 'tests.blog.Comment'>]
    """
    from pbmodels.models._auth import AuthCollection
    from pbmodels.models._collection import Collection
    from pbmodels.models._view import ViewCollection

    bases = (Collection, AuthCollection, ViewCollection)
    name, _, attribute = path.partition(":")
    module = _import(name, folder)
    found: object = vars(module).values()
    if attribute:
        if not hasattr(module, attribute):
            raise ModelError(f"{name} has no {attribute!r}; give the name of a model, or of a list of models")
        value = getattr(module, attribute)
        found = value if isinstance(value, (list, tuple)) else [value]
    models = [
        value
        for value in found  # type: ignore[attr-defined]
        if isinstance(value, type) and issubclass(value, Collection) and value not in bases
        if not value.__dict__["__is_abstract__"]
    ]
    if not models:
        raise ModelError(f"{path} holds no model: no subclass of pbmodels.Collection")
    return list(dict.fromkeys(models))


def _import(name: str, folder: Path) -> ModuleType:
    for place in (str(folder), str(Path.cwd())):
        if place not in sys.path:
            sys.path.insert(0, place)
    if name.endswith(".py"):
        return _from_file(folder / name)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise ModelError(f"importing {name} failed: {error}; install what it needs") from None
        raise ModelError(
            f"there is no module {name!r} in {folder} or among the installed packages; "
            "write it as it is imported, e.g. app.models"
        ) from None
    except Exception as error:
        raise ModelError(f"importing {name} failed: {type(error).__name__}: {error}") from error


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise ModelError(f"there is no file {path}")
    if path.stem in sys.stdlib_module_names:
        raise ModelError(f"{path} is called as a module of Python itself, which it would hide: give it another name")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # pydantic looks up a class's annotations there
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[path.stem]
        raise ModelError(f"importing {path} failed: {type(error).__name__}: {error}") from error
    return module
