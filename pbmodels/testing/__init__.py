"""For tests of programs that use pbmodels: factories of valid records, and a pytest plugin with a real server.

pytest finds the plugin by itself (`pbmodels.testing.plugin`). Loading it costs next to nothing: what a fixture needs is
imported when a test asks for it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pbmodels.testing._cleaning import clean
    from pbmodels.testing._factory import Factories, Factory
    from pbmodels.testing._users import SignedIn, Users

__all__ = ["Factories", "Factory", "SignedIn", "Users", "clean"]

_HOMES = {"Factories": "_factory", "Factory": "_factory", "SignedIn": "_users", "Users": "_users", "clean": "_cleaning"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"pbmodels.testing.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'pbmodels.testing' has no attribute {name!r}")
