"""Bringing a server's collections in line with the models."""

from __future__ import annotations

from pbmodels.client import PocketBase
from pbmodels.models import Collection
from pbmodels.models._errors import ModelError
from pbmodels.models._specs import specs_of
from pbmodels.query import Kind
from pbmodels.schema._describe import collection_body, field_body


def push(pb: PocketBase, *models: type[Collection]) -> list[str]:
    """Create the collections of these models that the server does not have; existing ones stay as they are.

    Models may relate to each other in any order, in circles too. New collections have no API rules, so
    only superusers may use them until rules are set.

    Args:
        pb: A client that is signed in as a superuser.
        models: The models.

    Returns:
        The names of the collections that were created.

    Raises:
        Forbidden: The client is not signed in as a superuser.
        ModelError: A model relates to a collection that neither exists nor is among the models.
        ValidationFailed: The server refused a collection; `field_errors` says why.

    Example:
        >>> class Tag(Collection, collection="tags"):
        ...     name: Field[str] = field(max_length=50, unique=True)
        >>> push(pb, Tag)
        ['tags']
        >>> push(pb, Tag)
        []
    """
    ids = {collection.name: collection.id for collection in pb.collections.get_full_list(fields="id,name")}
    missing = {model.__collection__: model for model in models if model.__collection__ not in ids}
    for name, model in missing.items():
        for spec in specs_of(model).values():
            if spec.kind is Kind.RELATION and (target := spec.related().__collection__) not in ids.keys() | missing:
                raise ModelError(
                    f"{spec.label} relates to the collection {target!r}, which the server does not have: "
                    f"push {spec.related().__name__} together with {name!r}"
                )
    for name, model in missing.items():
        ids[name] = pb.collections.create(collection_body(model, ids)).id
    for name, model in missing.items():
        existing = pb.collections.get_one(name)
        present = {found["name"] for found in existing["fields"]}
        late = [
            field_body(spec, ids)
            for spec in specs_of(model).values()
            if spec.kind is Kind.RELATION and spec.server_name not in present
        ]
        if late:
            pb.collections.update(name, {"fields": [*existing["fields"], *late]})
    return list(missing)
