"""Models and server collections in step: `describe` one, `pull` models, `diff`, `push` and `migrate` them."""

from pbmodels.client._schema_services import SchemaServices, register_schema_services
from pbmodels.schema._apply import diff, push
from pbmodels.schema._async.service import AsyncSchemaService
from pbmodels.schema._describe import describe
from pbmodels.schema._diff import Change, Diff
from pbmodels.schema._errors import DataLoss, NotUnique, SchemaConflict
from pbmodels.schema._migrate import migrate
from pbmodels.schema._pull import pull
from pbmodels.schema._sync.service import SchemaService

__all__ = [
    "AsyncSchemaService",
    "Change",
    "DataLoss",
    "Diff",
    "NotUnique",
    "SchemaConflict",
    "SchemaService",
    "describe",
    "diff",
    "migrate",
    "pull",
    "push",
]

register_schema_services(SchemaServices(SchemaService, AsyncSchemaService))
