"""The names that a models file gives to collections, fields and values: valid in Python, and each once."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections.abc import Iterable

from pbmodels.models import AuthCollection, Collection, ViewCollection
from pbmodels.models._meta import taken_by

_BASES: dict[str, type[Collection]] = {"base": Collection, "auth": AuthCollection, "view": ViewCollection}
_SINGULARS = {"people": "person", "children": "child", "men": "man", "women": "woman", "mice": "mouse", "feet": "foot"}
_UNCHANGED = frozenset({"news", "series", "species", "status", "analysis", "address", "data", "media", "settings"})


def class_names(collections: Iterable[str], taken: Iterable[str]) -> dict[str, str]:
    """A class for each collection, by the collection's name.

    Args:
        collections: Their names.
        taken: Names that no class may have.

    Example:
        >>> class_names(["blog_posts", "categories", "fields", "_superusers"], {"Field"})
        {'_superusers': 'Superuser', 'blog_posts': 'BlogPost', 'categories': 'Category', 'fields': 'Fields'}
    """
    used = {*taken}
    found: dict[str, str] = {}
    for name in sorted(collections):
        plural, singular = camel(name), camel(_singular(name))
        choices = [singular, plural, f"{singular}Record", f"{plural}Record"]
        choice = next((each for each in choices if _is_free(each, used)), None)
        number = 2
        while choice is None:
            choice = each if _is_free(each := f"{singular}{number}", used) else None
            number += 1
        used.add(choice)
        found[name] = choice
    return found


def _is_free(name: str, used: set[str]) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name) and name not in used and not hasattr(builtins, name)


def camel(name: str) -> str:
    """`blog_posts` as `BlogPosts`."""
    joined = "".join(part[0].upper() + part[1:] for part in re.split(r"\W|_", name) if part)
    return joined if joined[:1].isalpha() else f"Collection{joined}"


def _singular(name: str) -> str:
    head, join, last = name.rpartition("_")
    if not join:
        found = re.match(r"(.*[a-z0-9])([A-Z][a-z]+)$", name)
        head, last = (found[1], found[2]) if found else ("", name)
    low = last.lower()
    if low in _SINGULARS:
        last = last[0] + _SINGULARS[low][1:]
    elif low in _UNCHANGED or re.search(r"(ss|us|is)$", low):
        pass
    elif re.search(r"[^aeiou]ies$", low):
        last = last[:-3] + "y"
    elif re.search(r"(ss|us|x|z|ch|sh)es$", low):
        last = last[:-2]
    elif low.endswith("s") and len(low) > 2:
        last = last[:-1]
    return head + join + last


def field_name(name: str, collection_type: str, used: Iterable[str]) -> str:
    """The name in Python for a field.

    Args:
        name: Its name on the server.
        collection_type: `base`, `auth` or `view`.
        used: Names that are in use: of other fields, of what the file imports.

    Example:
        >>> [field_name(name, "base", {"title"}) for name in ("views", "class", "save", "title", "_x", "2nd")]
        ['views', 'class_', 'save_', 'title_', 'x_', 'field_2nd']
    """
    used = set(used)
    found = name
    if not re.match(r"[^\W\d]", found.lstrip("_")):
        found = f"field_{found.strip('_')}"
    elif found.startswith("_"):
        found = found.lstrip("_") + "_"
    while (
        keyword.iskeyword(found)
        or found in used
        or found in _BASES[collection_type].__pydantic_fields__
        or taken_by(_BASES[collection_type], found)
    ):
        found += "_"
    return found


def member_names(values: Iterable[str]) -> dict[str, str]:
    """The names of an enum's members, by their values.

    Example:
        >>> member_names(["draft", "in review", "In-Review", "2x", "+"])
        {'draft': 'DRAFT', 'in review': 'IN_REVIEW', 'In-Review': 'IN_REVIEW_2', '2x': 'VALUE_2X', '+': 'VALUE'}
        >>> member_names(["m²", "m2"])
        {'m²': 'M2', 'm2': 'M2_2'}
    """
    found: dict[str, str] = {}
    for value in values:
        # "²" is a letter to regular expressions, and none to Python; NFKC is how Python itself reads names
        letters = (char if f"a{char}".isidentifier() else "_" for char in unicodedata.normalize("NFKC", value.upper()))
        bare = re.sub("_+", "_", "".join(letters)).strip("_")
        name = bare if bare.isidentifier() else f"VALUE_{bare}".rstrip("_")
        number, choice = 2, name
        while choice in found.values() or choice == "MRO":
            number, choice = number + 1, f"{name}_{number}"
        found[value] = choice
    return found
