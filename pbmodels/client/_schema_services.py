"""The one point where the layer above plugs in: what `pb.schema` is.

The client must not import models. So `pbmodels.schema` registers its services here when it is imported; the first use
of `pb.schema` has it imported, by name.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pbmodels.client._clients import AsyncPocketBase, PocketBase
    from pbmodels.schema import AsyncSchemaService, SchemaService


@dataclass(frozen=True)
class SchemaServices:
    """What makes `pb.schema` for each flavour of client."""

    for_sync: Callable[[PocketBase], SchemaService]
    for_async: Callable[[AsyncPocketBase], AsyncSchemaService]


_services: SchemaServices | None = None


def register_schema_services(services: SchemaServices) -> None:
    """Set what `pb.schema` is; the schema layer calls it."""
    global _services
    _services = services


def schema_services() -> SchemaServices:
    """What the schema layer registered."""
    if _services is None:
        importlib.import_module("pbmodels.schema")
    assert _services is not None, "pbmodels.schema registers its services when it is imported"
    return _services
