"""Sample values for fields: valid by the field's kind and constraints, made from a seed."""

from __future__ import annotations

import enum
import math
import random
import struct
import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from pbmodels.models import GeoPoint, ModelError
from pbmodels.models._specs import Spec
from pbmodels.query import Kind

_VOCABULARY = (
    "amber bridge cedar delta ember forest garden harbour island jasmine kettle lantern meadow north ocean "
    "pepper quarry river silver timber umbra valley willow yarrow zephyr"
)
_WORDS = _VOCABULARY.split()
_EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
_YEAR = timedelta(days=366)
_TRIES = 200
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_UNSEEDED = random.SystemRandom()
_DOMAINS = ("example.com", "example.org", "example.net", "pbmodels.test")


class Samples:
    """Makes values by chance; those that must be unique on the server do not depend on the seed.

    Args:
        chance: Where chance comes from.
    """

    def __init__(self, chance: random.Random) -> None:
        self._random = chance

    def of(self, spec: Spec) -> Any:
        """A value for a field.

        Raises:
            ModelError: Its constraints ask for more than this can make; give a value.
        """
        limits = _limits(spec)
        make = _MAKERS.get(spec.kind)
        if make is None:
            raise ModelError(f"{spec.label}: a factory makes no {spec.kind}; give a value")
        if spec.multiple and spec.kind is not Kind.SELECT:
            return [make(self, spec, limits) for _ in range(fewest(spec))]
        return make(self, spec, limits)

    def _text(self, spec: Spec, limits: dict[str, Any]) -> str:
        shortest, longest = int(limits.get("min_length", 0)), int(limits.get("max_length", 5000))
        if pattern := limits.get("pattern"):
            return self._matching(spec, str(pattern), shortest, longest)
        text = f"{self._random.choice(_WORDS)} {self._random.choice(_WORDS)} {self._letters(spec, 6)}"
        while len(text) < shortest:
            text += f" {self._random.choice(_WORDS)}"
        if len(text) <= longest:
            return text
        # The end has the most chance in it.
        return text[-longest:].strip().rjust(max(shortest, 1), "x")[:longest] if longest else ""

    def _matching(self, spec: Spec, pattern: str, shortest: int, longest: int) -> str:
        try:
            import rstr
        except ModuleNotFoundError:
            raise ModelError(
                f"{spec.label} has a pattern: to make texts that match it, pip install 'pbmodels[testing]', "
                "or give the factory a value"
            ) from None
        maker = rstr.Rstr(self._chance(spec))
        for _ in range(_TRIES):
            text = str(maker.xeger(pattern))
            if shortest <= len(text) <= longest and text.isprintable():
                return text
        raise ModelError(
            f"{spec.label}: no text of {shortest} to {longest} characters was found for its pattern; give one"
        )

    def _html(self, spec: Spec, limits: dict[str, Any]) -> str:
        return f"<p>{self._random.choice(_WORDS)} {self._random.choice(_WORDS)}</p>"

    def _email(self, spec: Spec, limits: dict[str, Any]) -> str:
        return f"{self._random.choice(_WORDS)}.{self._letters(spec, 8)}@{_domain(spec)}"

    def _url(self, spec: Spec, limits: dict[str, Any]) -> str:
        return f"https://{_domain(spec)}/{self._random.choice(_WORDS)}/{self._letters(spec, 8)}"

    def _password(self, spec: Spec, limits: dict[str, Any]) -> str:
        return self._letters(spec, max(16, int(limits.get("min_length", 0))))[: int(limits.get("max_length", 70))]

    def _numeric(self, spec: Spec, limits: dict[str, Any]) -> float:
        whole = isinstance(spec.type, type) and issubclass(spec.type, int)
        low, high = _range(limits, whole)
        step = limits.get("multiple_of")
        if step:
            first = math.ceil(low / step)
            last = math.floor(high / step)
            if first > last:
                raise ModelError(f"{spec.label}: no multiple of {step} is between {low} and {high}; give a value")
            value = self._random.randint(first, last) * step
        elif whole:
            if math.ceil(low) > math.floor(high):
                raise ModelError(f"{spec.label}: no whole number is between {low} and {high}; give a value")
            value = self._random.randint(math.ceil(low), math.floor(high))
        else:
            value = min(high, max(low, round(self._random.uniform(low, high), 3)))
        return self._not_zero(spec, value, low, high, step or 1)

    def _not_zero(self, spec: Spec, value: float, low: float, high: float, step: float) -> float:
        """PocketBase takes 0 for no value where a field is required."""
        if value == 0 and spec.options.server.get("required"):
            return next((near for near in (step, -step, high, low) if near and low <= near <= high), value)
        return value

    def _bool(self, spec: Spec, limits: dict[str, Any]) -> bool:
        return bool(spec.options.server.get("required")) or self._random.random() < 0.5

    def _date(self, spec: Spec, limits: dict[str, Any]) -> datetime:
        instant = timedelta(milliseconds=1)  # PocketBase keeps no less
        first = limits["ge"] if "ge" in limits else limits["gt"] + instant if "gt" in limits else None
        last = limits["le"] if "le" in limits else limits["lt"] - instant if "lt" in limits else None
        if first is None:
            first = _EPOCH if last is None or last >= _EPOCH else last - _YEAR
        last = first + _YEAR if last is None else last
        if first > last:
            raise ModelError(f"{spec.label}: no moment is between {first} and {last}; give a value")
        return first + self._random.randint(0, (last - first) // instant) * instant

    def _select(self, spec: Spec, limits: dict[str, Any]) -> Any:
        kind: Any = spec.type
        members: list[Any] = (
            list(kind) if isinstance(kind, type) and issubclass(kind, enum.Enum) else list(get_args(kind))
        )
        if not spec.multiple:
            return self._random.choice(members)
        limit = spec.options.server.get("maxSelect") or limits.get("max_length") or len(members)
        most = min(int(limit), len(members))
        return self._random.sample(members, self._random.randint(min(fewest(spec), most), most))

    def _place(self, spec: Spec, limits: dict[str, Any]) -> GeoPoint:
        return GeoPoint(lon=round(self._random.uniform(-180, 180), 4), lat=round(self._random.uniform(-85, 85), 4))

    def _file(self, spec: Spec, limits: dict[str, Any]) -> tuple[str, bytes]:
        kinds: Sequence[str] = spec.options.server.get("mimeTypes") or ()
        name = f"{self._random.choice(_WORDS)}_{self._letters(spec, 4)}"
        if not kinds or any(kind.startswith("text/") for kind in kinds):
            return f"{name}.txt", f"{self._random.choice(_WORDS)}\n".encode()
        if "image/png" in kinds:
            return f"{name}.png", _png(self._random.randbytes(3))
        if "application/json" in kinds:
            return f"{name}.json", b"{}"
        raise ModelError(
            f"{spec.label}: a factory makes texts, PNG and JSON files, not {', '.join(kinds)}; give a file"
        )

    def _json(self, spec: Spec, limits: dict[str, Any]) -> Any:
        return self._of_type(spec, spec.type)

    def _of_type(self, spec: Spec, kind: Any) -> Any:
        """A value for a json field, or for a field of the pydantic model in one."""
        origin, args = get_origin(kind), get_args(kind)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            required = {name: info for name, info in kind.model_fields.items() if info.is_required()}
            return kind(**{name: self._of_type(spec, info.annotation) for name, info in required.items()})
        if origin is Literal:
            return self._random.choice(args)
        if origin in (Union, UnionType):
            return None if type(None) in args else self._of_type(spec, args[0])
        if isinstance(kind, type) and issubclass(kind, enum.Enum):
            return self._random.choice(list(kind))
        plain = kind if origin is None else origin
        if plain is Any or plain is object:
            return {self._random.choice(_WORDS): self._random.randint(1, 1000)}
        # Never empty: PocketBase takes {} and [] for no value where a field is required.
        if plain is dict:
            return {self._random.choice(_WORDS): self._of_type(spec, args[1] if args else str)}
        if plain is list:
            return [self._of_type(spec, args[0] if args else str)]
        if plain is tuple:
            return tuple(self._of_type(spec, arg) for arg in args or (str,) if arg is not Ellipsis)
        for known, make in _PLAIN:
            if isinstance(plain, type) and issubclass(plain, known):
                return make(self)
        raise ModelError(f"{spec.label}: a factory makes no {kind!r}; give a value")

    def _letters(self, spec: Spec, length: int) -> str:
        return "".join(self._chance(spec).choices(_LETTERS, k=length))

    def _chance(self, spec: Spec) -> random.Random:
        """Two factories with one seed must not meet on the server with the same unique value."""
        return _UNSEEDED if spec.options.unique or spec.server_name in ("email", "id") else self._random


_PLAIN: tuple[tuple[type, Callable[[Samples], Any]], ...] = (
    (bool, lambda samples: samples._random.random() < 0.5),
    (int, lambda samples: samples._random.randint(1, 1000)),
    (float, lambda samples: round(samples._random.uniform(0, 1000), 3)),
    (str, lambda samples: samples._random.choice(_WORDS)),
    (datetime, lambda samples: _EPOCH + timedelta(seconds=samples._random.randrange(366 * 86_400))),
)
_MAKERS: dict[Kind, Callable[[Samples, Spec, dict[str, Any]], Any]] = {
    Kind.TEXT: Samples._text,
    Kind.EDITOR: Samples._html,
    Kind.EMAIL: Samples._email,
    Kind.URL: Samples._url,
    Kind.PASSWORD: Samples._password,
    Kind.NUMBER: Samples._numeric,
    Kind.BOOL: Samples._bool,
    Kind.DATE: Samples._date,
    Kind.SELECT: Samples._select,
    Kind.GEO_POINT: Samples._place,
    Kind.FILE: Samples._file,
    Kind.JSON: Samples._json,
}


def fewest(spec: Spec) -> int:
    """How many values a list must have at least; never none."""
    return max(1, int(_limits(spec).get("min_length", 0)), int(spec.options.server.get("minSelect") or 0))


def _limits(spec: Spec) -> dict[str, Any]:
    """Pydantic's constraints on the field, by their names."""
    found: dict[str, Any] = {}
    for item in spec.info.metadata:
        for name in ("min_length", "max_length", "pattern", "ge", "le", "gt", "lt", "multiple_of"):
            value = getattr(item, name, None)
            if value is not None:
                found[name] = value
    for ours, theirs in (("min_length", "min"), ("max_length", "max"), ("pattern", "pattern")):
        if spec.kind is Kind.TEXT and spec.options.server.get(theirs):
            found.setdefault(ours, spec.options.server[theirs])
    return found


def _range(limits: dict[str, Any], whole: bool) -> tuple[float, float]:
    """The smallest and the largest number that the constraints allow, 1000 apart where one side is open."""

    def inside(bound: float, up: bool) -> float:
        return bound + (1 if up else -1) if whole else math.nextafter(bound, math.inf if up else -math.inf)

    lows = [limits["ge"]] if "ge" in limits else []
    lows += [inside(limits["gt"], True)] if "gt" in limits else []
    highs = [limits["le"]] if "le" in limits else []
    highs += [inside(limits["lt"], False)] if "lt" in limits else []
    high = min(highs, default=None)
    low = max(lows, default=0 if high is None or high >= 0 else high - 1000)
    return low, low + 1000 if high is None else high


def _domain(spec: Spec) -> str:
    only = spec.options.server.get("onlyDomains")
    if only:
        return str(only[0])
    refused = spec.options.server.get("exceptDomains") or ()
    return next(domain for domain in _DOMAINS if domain not in refused)


def _png(colour: bytes) -> bytes:
    """A picture of one pixel."""
    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    file = b"\x89PNG\r\n\x1a\n"
    for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" + colour)), (b"IEND", b"")):
        file += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return file
