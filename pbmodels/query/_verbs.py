"""What conditions are called in other libraries, and here."""

from __future__ import annotations

from pbmodels.query._paths import Path

_HERE = {
    **dict.fromkeys(("like", "ilike", "icontains", "match", "matches", "regexp_match", "search"), "contains({0!r})"),
    **dict.fromkeys(("istartswith", "starts_with"), "startswith({0!r})"),
    **dict.fromkeys(("iendswith", "ends_with"), "endswith({0!r})"),
    **dict.fromkeys(("is_null", "isnull", "is_none", "is_", "empty"), "is_empty()"),
    **dict.fromkeys(("in", "one_of", "isin"), "in_([...])"),
    **dict.fromkeys(("notin_", "nin", "not_in_"), "not_in([...])"),
    **dict.fromkeys(("iexact", "upper", "casefold"), "lower() == {0!r}"),
    **dict.fromkeys(("has", "any_"), "any"),
    **dict.fromkeys(("all_", "every"), "each"),
    **dict.fromkeys(("count", "size", "len"), "length"),
}


def unknown_verb(path: Path, name: str) -> str:
    """The message for something that a field cannot be asked.

    Example:
        >>> unknown_verb(Path("title", label="posts.title"), "ilike")
        "posts.title has no 'ilike': write .contains('x')"
    """
    field = path.name
    if name == "between":
        return f"{field} has no 'between': write (field >= a) & (field <= b)"
    if name in _HERE:
        return f"{field} has no {name!r}: write .{_HERE[name].format('x')}"
    return (
        f"{field} has no {name!r}: compare it by == != < <= > >=, or ask .contains(), .startswith(), .endswith(), "
        ".in_(), .not_in() or .is_empty()"
    )
