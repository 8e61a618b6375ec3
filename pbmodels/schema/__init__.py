"""Models and server collections: `push` creates the collections that models describe."""

from pbmodels.schema._describe import collection_body
from pbmodels.schema._push import push

__all__ = ["collection_body", "push"]
