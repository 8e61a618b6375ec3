"""The verbs of `Refs`: a multi-relation that changes on the server at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pbmodels.models._async.saves import modify
from pbmodels.models._errors import InvalidRecord
from pbmodels.models._refs import Ref, Refs
from pbmodels.models._state import kept_values
from pbmodels.models._writing import modifying, refuse_new


async def add(refs: Refs[Any], records: Iterable[Any]) -> None:
    """Add records to the relation."""
    new = _refs(refs, records)
    refuse_new(refs._spec, new)
    if refs._owner.is_new:
        refs.extend(ref for ref in new if ref not in refs)
    elif new:
        await _change(refs, "+", new)


async def remove(refs: Refs[Any], records: Iterable[Any]) -> None:
    """Take records out of the relation."""
    gone = _refs(refs, records)
    if refs._owner.is_new:
        refs[:] = [ref for ref in refs if ref not in gone]
    elif gone:
        await _change(refs, "-", gone)


async def set_to(refs: Refs[Any], records: Iterable[Any]) -> None:
    """Let the relation hold exactly these."""
    if isinstance(records, (str, Ref)) or hasattr(records, "__pydantic_fields__"):
        raise InvalidRecord(f"{refs._spec.label}: set() takes a list of records, Refs or ids")
    wanted = _refs(refs, records)
    refuse_new(refs._spec, wanted)
    if refs._owner.is_new:
        refs[:] = wanted
        return
    before = list(refs)
    refs[:] = wanted
    try:
        await _change(refs, "", wanted)
    except BaseException:
        refs[:] = before
        raise


def _refs(refs: Refs[Any], records: Iterable[Any]) -> list[Ref[Any]]:
    """Each once, as the server keeps them."""
    return list(dict.fromkeys(refs._ref(record) for record in records))


async def _change(refs: Refs[Any], modifier: str, records: list[Ref[Any]]) -> None:
    owner, spec = refs._owner, refs._spec
    before, ids = list(refs), [ref.id for ref in records]
    await modify(modifying(owner, {spec.name: ids}, modifier))
    here = {ref.id: ref for ref in (*before, *records)}
    kept: list[Ref[Any]] = getattr(owner, spec.name)
    refs[:] = [here.get(ref.id, ref) for ref in kept]
    kept_values(owner)[spec.name] = refs
