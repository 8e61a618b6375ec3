"""Models and server collections in step: `describe` one, `diff` and `push` them."""

from pbmodels.schema._apply import diff, push
from pbmodels.schema._describe import describe
from pbmodels.schema._diff import Change, Diff
from pbmodels.schema._errors import DataLoss, SchemaConflict

__all__ = ["Change", "DataLoss", "Diff", "SchemaConflict", "describe", "diff", "push"]
