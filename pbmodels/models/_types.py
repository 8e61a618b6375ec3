"""Types for the kinds of fields that Python has no type for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeVar

from pbmodels.query import Kind

T = TypeVar("T")

Html = Annotated[str, Kind.EDITOR]
"""Rich text: an editor field."""

Url = Annotated[str, Kind.URL]
"""An address: a url field; the server checks its form."""

Email = Annotated[str, Kind.EMAIL]
"""An email address: an email field; the server checks its form."""

Json = Annotated[T, Kind.JSON]
"""A json field whose values are of a type that would be another kind of field: `Json[int]`, `Json[list[Tag]]`."""

Password = Annotated[str, Kind.PASSWORD]
"""A password: it is sent and never comes back, and no repr shows it."""


@dataclass(frozen=True, slots=True)
class GeoPoint:
    """A place on earth, in degrees; (0, 0) is the server's empty value.

    Example:
        >>> GeoPoint(lon=13.4, lat=52.5)
        GeoPoint(lon=13.4, lat=52.5)
    """

    lon: float = 0.0
    lat: float = 0.0
