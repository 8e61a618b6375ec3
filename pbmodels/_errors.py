"""The root of every error that pbmodels raises, and the errors of text that never leaves this process.

    PocketBaseError
      FilterError            a filter, sort or expand that cannot be written        (ValueError)
        InexpressibleText    a string that this server's filter grammar cannot hold
      EmbeddedServerError    a server of our own that does not start: `pbmodels.server`
      ...                    what a server answered: `pbmodels.client`
      ...                    what a record cannot hold: `pbmodels.models`

It lies below all layers, so that the query layer and the client can share the root without knowing
each other.
"""

from __future__ import annotations


class PocketBaseError(Exception):
    """The base of every error raised by pbmodels.

    Example:
        >>> issubclass(FilterError, PocketBaseError)
        True
    """


class FilterError(PocketBaseError, ValueError):
    """A filter, sort or expand that cannot be written: the message says which part and what to do."""


class InexpressibleText(FilterError):
    """A string that cannot be written as a literal in the filter grammar of the server at hand.

    PocketBase before 0.39.9 has no way to write a literal that ends in a backslash, and no version
    can write U+0000 or half of a surrogate pair.
    """
