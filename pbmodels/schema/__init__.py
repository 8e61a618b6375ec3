"""Models and server collections in step: `describe` one, `pull` models, `diff`, `push` and `migrate` them."""

from pbmodels.schema._apply import diff, push
from pbmodels.schema._describe import describe
from pbmodels.schema._diff import Change, Diff
from pbmodels.schema._errors import DataLoss, NotUnique, SchemaConflict
from pbmodels.schema._migrate import migrate
from pbmodels.schema._pull import pull

__all__ = ["Change", "DataLoss", "Diff", "NotUnique", "SchemaConflict", "describe", "diff", "migrate", "pull", "push"]
