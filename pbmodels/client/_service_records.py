"""What the smaller services answer: records whose keys have known types."""

from __future__ import annotations

from pbmodels.client._record import Record


class BackupFile(Record):
    """A backup on the server.

    Attributes:
        key: Its file name.
        size: Its size in bytes.
        modified: When it was written, as the server's date text in UTC.
    """

    key: str
    size: int
    modified: str


class CronJob(Record):
    """A job that the server runs at certain times.

    Attributes:
        expression: When, as a cron expression such as `0 * * * *`.
    """

    expression: str


class LogStats(Record):
    """How many log entries one hour has.

    Attributes:
        date: The beginning of the hour, as the server's date text in UTC.
        total: The number of entries.
    """

    date: str
    total: int


class SQLColumn(Record):
    """A column of a query's result.

    Attributes:
        name: Its name.
        type: Its declared type, "" for an expression.
        nullable: Whether it may be NULL.
    """

    name: str
    type: str
    nullable: bool


class SQLResult(Record):
    """What a statement gave.

    Attributes:
        rows: One list per row, with a text or None per column: the server gives numbers as text too.
    """

    rows: list[list[str | None]]

    @property
    def exec_time(self) -> int:
        """How long it took on the server, in milliseconds."""
        return self.get_int("execTime")

    @property
    def affected_rows(self) -> int:
        """How many rows a write changed."""
        return self.get_int("affectedRows")

    @property
    def columns(self) -> list[SQLColumn]:
        """The columns, in the order of each row's values."""
        return [SQLColumn(column) for column in self.get_list("columns")]
