"""API rules: who may do what with a collection, as expressions or text.

A class carries them as `rules=Rules(...)`, as an argument or in its body, or makes them in a classmethod `rules` where
they need its own fields.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pbmodels._filter_text import Grammar
from pbmodels.models._errors import ModelError
from pbmodels.query import Condition, RelativeTime

if TYPE_CHECKING:
    from pbmodels.models._collection import Collection

Rule = Condition | None
"""A condition, its text, `""` for anyone, or None for superusers only."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rules:
    """The API rules of a collection; a rule that is not given is None: superusers only.

    | you write | it sends |
    |---|---|
    | `Rules(list=Rules.anyone)` | `""` |
    | `Rules(list=Post.status == True)` | `status = true` |

    Attributes:
        list: Which records a list may show; a list leaves out the others.
        view: Which records may be read one by one.
        create: Which records may be made.
        update: Which records may be changed.
        delete: Which records may be deleted.
        auth: Which records of an auth collection may sign in: any by default, none with None.
        manage: Who may change passwords, emails and the verified state of an auth collection's records.

    Example:
        >>> class Note(Collection, collection="notes", rules=Rules(list=Rules.anyone, view="owner = @request.auth.id")):
        ...     owner: Field[str]
        >>> from pbmodels.schema import describe
        >>> [describe(Note)[rule] for rule in ("listRule", "viewRule", "createRule")]
        ['', 'owner = @request.auth.id', None]
    """

    anyone: ClassVar[Literal[""]] = ""
    """The rule that lets everyone, guests too."""

    list: Rule = None
    view: Rule = None
    create: Rule = None
    update: Rule = None
    delete: Rule = None
    auth: Rule = ""
    manage: Rule = None

    def texts(self, grammar: Grammar | None = Grammar.ESCAPED) -> dict[str, str | None]:
        """The rules as PocketBase's text, by the API's names.

        Args:
            grammar: How the server reads backslashes, which decides how a value that has one is written.

        Raises:
            ModelError: One is neither a condition nor text nor None.
        """
        return {f"{part.name}Rule": _text(part.name, getattr(self, part.name), grammar) for part in fields(self)}


def _text(name: str, rule: Any, grammar: Grammar | None) -> str | None:
    if rule is None or isinstance(rule, str):
        return rule
    render: Any = getattr(rule, "render", None)
    if not callable(render):
        raise ModelError(
            f"Rules({name}={rule!r}): a rule is a condition such as cls.status == True, its text, "
            "Rules.anyone, or None for superusers only"
        )
    if _counts_from_now(rule):
        raise ModelError(
            f"Rules({name}=...) counts with ago() or from_now(), which would be the moment of the push for good: "
            "the server counts anew each time with macros such as now(), yesterday() and today_start()"
        )
    text = str(render(grammar))
    return text[1:-1] if _is_one_group(text) else text


def _counts_from_now(part: object) -> bool:
    """Whether a condition has a `RelativeTime` in it."""
    if isinstance(part, (tuple, list)):
        return any(map(_counts_from_now, part))
    if is_dataclass(part) and not isinstance(part, RelativeTime):
        return any(_counts_from_now(getattr(part, inner.name)) for inner in fields(part))
    return isinstance(part, RelativeTime)


def _is_one_group(text: str) -> bool:
    """Whether one pair of parentheses holds all of a compiled condition: a rule needs none around it."""
    if not text.startswith("("):
        return False
    depth, quoted = 0, False
    before: str = ""
    for position, character in enumerate(text):
        if character == '"' and before != "\\":
            quoted = not quoted
        elif not quoted:
            depth += (character == "(") - (character == ")")
            if depth == 0:
                return position == len(text) - 1
        before = "" if before == "\\" else character
    return False


def rules_of(model: type[Collection]) -> Rules | None:
    """The rules that a model declares, None when it leaves them to the server.

    Raises:
        ModelError: They are something else than `Rules`, or of a method that asks for a record.
    """
    for base in model.__mro__:
        made = base.__dict__.get("rules")
        if isinstance(made, (classmethod, staticmethod)):
            found: Any = getattr(model, "rules")()  # noqa: B009
        elif "__rules__" in base.__dict__:
            found = base.__dict__["__rules__"]
        elif callable(made):
            raise ModelError(f"{model.__name__}.rules is asked of the class: write @classmethod above it")
        else:
            continue
        if not isinstance(found, Rules):
            raise ModelError(f"the rules of {model.__name__} must be a Rules(...), not {type(found).__name__}")
        return found
    return None
