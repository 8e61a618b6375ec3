"""An import of a file's records: all are checked first, then sent in batches; it goes on where it was interrupted."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from pbmodels._errors import PocketBaseError
from pbmodels.cli._failures import UsageError
from pbmodels.client import BadRequest, Forbidden, NotFound, PocketBase, Record, Unauthorized
from pbmodels.client._errors import BatchFailed

from .checkpoint import Checkpoint
from .columns import Column, NotAValue, columns_of
from .existing import Existing
from .format import Format
from .formats import BadData, Row, read
from .later import Later, opened

_ID_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_MOST_PROBLEMS = 10
_CHUNK = 500
_SIDE_BY_SIDE = 8
_IDS = 100
"""Ids in one question for those that are there: the server takes 200 comparisons."""


@dataclass
class Import:
    """Records of a file on their way into a collection.

    Args:
        pb: A client that is signed in as superuser.
        collection: The collection's name.
        source: The file, None for stdin.
        format: Its format.
        existing: What becomes of records whose id is there already.
        files: The folder of the records' files, `FOLDER/RECORD_ID/NAME`; None leaves file fields out.
        random_passwords: Whether auth records without a password get a random one.
    """

    pb: PocketBase
    collection: str
    source: Path | None
    format: Format
    existing: Existing = Existing.FAIL
    files: Path | None = None
    random_passwords: bool = False

    def __post_init__(self) -> None:
        self.written = 0
        self.skipped = 0
        self.resumed = 0
        described = self._described()
        self._is_auth = described["type"] == "auth"
        self._columns = {column.name: column for column in columns_of(described)}
        self._own = [
            name
            for name, column in self._columns.items()
            if column.options.get("collectionId") == described["id"] and not column.options.get("required")
        ]
        batch = self.pb.settings.get_all()["batch"]
        self._batch_size = min(int(batch["maxRequests"]), _CHUNK) if batch["enabled"] else 0
        self._uncertain = False

    def check(self) -> int:
        """Read the whole file without sending anything; how many records it holds.

        Raises:
            BadData: Values do not fit; the message names the first ten.
        """
        problems: list[str] = []
        count = 0
        for number, values in self._rows():
            count += 1
            problems += self._problems(number, values)
            if len(problems) >= _MOST_PROBLEMS:
                break
        if problems:
            shown = problems[:_MOST_PROBLEMS]
            raise BadData("nothing was imported:\n  " + "\n  ".join(shown))
        return count

    def run(self, tick: Callable[[int], None], *, restart: bool = False) -> None:
        """Send the records.

        Args:
            tick: Called with how many records are done after each batch.
            restart: Begin anew, even where an interrupted import could go on.

        Raises:
            PocketBaseError: The server refused a record; the message names its line. Those before it are imported.
        """
        place = self._place()
        if place is not None and not restart and place.load():
            self.resumed = place.records
            self._uncertain = True  # the last batch may have been written without a word
        seed = secrets.token_hex(8) if place is None else place.values.setdefault("seed", secrets.token_hex(8))
        done = self.resumed
        rows = self._rows()
        seen = self._pass_over(rows, place)
        waiting = None if place is None else place.path.with_suffix(".later")
        with opened(waiting, 0 if place is None else place.values.setdefault("later", 0)) as later:
            while chunk := list(islice(rows, self._batch_size or _CHUNK)):
                if place is not None:
                    place.save(seen=seen.hexdigest())
                sent = self._send([self._prepared(number, values, seed) for number, values in chunk])
                later.add([(each.number, each.body["id"], each.later) for each in sent if each.later])
                self._uncertain = False
                done += len(chunk)
                for row in chunk:
                    seen.update(to_json(row))
                if place is not None:
                    place.records = done
                    place.save(seen=seen.hexdigest(), later=later.size)
                tick(done)
            self._set(later, place)
        if place is not None:
            place.remove()

    def _set(self, later: Later, place: Checkpoint | None) -> None:
        """Set what waited until all records are there."""
        done = 0 if place is None else place.values.get("set", 0)
        left = islice(later, done, None)
        while chunk := list(islice(left, self._batch_size or _CHUNK)):
            records = [_Prepared(number, {"id": id, **values}) for number, id, values in chunk]
            if self._batch_size:
                self._send_batch(records, update=True)
            else:
                self._side_by_side(self._update_alone, records)
            done += len(chunk)
            if place is not None:
                place.save(set=done)

    def _pass_over(self, rows: Iterator[Row], place: Checkpoint | None) -> Any:
        """Leave out the rows that are imported; a hash of them, by which a later run knows them again.

        Raises:
            UsageError: They are not those that were imported.
        """
        seen = hashlib.sha256()
        for row in islice(rows, self.resumed):
            seen.update(to_json(row))
        if self.resumed and place is not None and place.values.get("seen") != seen.hexdigest():
            raise UsageError(
                f"{self.source}: the first {self.resumed:,} records were imported, and have changed since; "
                "--restart begins anew, --existing update or skip says what becomes of those that are there"
            )
        return seen

    def _described(self) -> Any:
        try:
            found = self.pb.collections.get_one(self.collection)
        except (Unauthorized, Forbidden):
            raise UsageError(
                "an import checks records against the collection's fields, which only a superuser sees: "
                "give --identity and the password of one"
            ) from None
        except NotFound as error:
            raise PocketBaseError(f"there is no collection {self.collection!r} at {self.pb.url}") from error
        if found["type"] == "view":
            raise UsageError(f"{self.collection} is a view, which the server computes from other collections")
        return found

    def _place(self) -> Checkpoint | None:
        if self.source is None:
            return None
        job = {"url": self.pb.url, "collection": self.collection, "existing": str(self.existing)}
        return Checkpoint(self.source.with_name(f"{self.source.name}.import.json"), job)

    def _rows(self) -> Iterator[Row]:
        return read(self.source, self.format, list(self._columns.values()))

    def _problems(self, number: int, values: dict[str, Any]) -> Iterator[str]:
        name = str(self.source or "stdin")
        for key, value in values.items():
            column = self._columns.get(key)
            try:
                if column is not None and column.type != "autodate":
                    column.check(value)
                if column is not None and column.is_file and self.files is not None:
                    self._paths(column, values)
            except NotAValue as error:
                yield f"{name}:{number}: {self.collection}.{key} {error}"
        if self._is_auth and not values.get("password") and not self.random_passwords:
            yield (
                f"{name}:{number}: {self.collection} holds people who sign in, and this record has no password: "
                "--random-passwords gives it one, to be reset by mail"
            )

    def _paths(self, column: Column, values: dict[str, Any]) -> list[Path]:
        """The files of a field.

        Raises:
            NotAValue: One is not in the folder.
        """
        assert self.files is not None
        value = values.get(column.name) or []
        paths: list[Path] = []
        for name in value if isinstance(value, list) else [value]:
            path = self.files / str(values.get("id", "")) / name
            if Path(name).name != name or not path.is_file():
                raise NotAValue(f"names a file that is not there: {path}")
            paths.append(path)
        return paths

    def _prepared(self, number: int, values: dict[str, Any], seed: str) -> _Prepared:
        """A record as it is sent."""
        problems = list(self._problems(number, values)) if self.source is None else []
        if problems:
            raise BadData(problems[0])
        body: dict[str, Any] = {}
        later: dict[str, Any] = {}
        has_files = False
        for key, value in values.items():
            column = self._columns.get(key)
            if column is None and key != "password":
                continue  # collectionId, collectionName, expand: what the server says of a record
            if column is not None and column.type == "autodate":
                continue
            if column is not None and column.is_file:
                if self.files is None or not value:
                    continue
                paths = self._paths(column, values)
                body[key] = paths if column.multiple else paths[0]
                has_files = True
            elif key in self._own and value:
                later[key] = value
            else:
                body[key] = value
        if not body.get("id"):
            body["id"] = _id_of(seed, number)
        new_password = self._is_auth and self.random_passwords and not body.get("password")
        if self._is_auth:
            if new_password:
                body["password"] = secrets.token_urlsafe(24)
            body["passwordConfirm"] = body["password"]
        return _Prepared(number, body, has_files, later, new_password)

    def _send(self, chunk: list[_Prepared]) -> list[_Prepared]:
        """Send records; those that were, or whose answer an interruption may have lost."""
        lost: list[_Prepared] = []
        there = self._there([record for record in chunk if self._must_know(record)])
        if self.existing is not Existing.UPDATE and there:
            fresh = [record for record in chunk if record.body["id"] not in there]
            self.skipped += len(chunk) - len(fresh)
            if self._uncertain:
                # As an import leaves them: nobody set what comes later.
                lost = [each for each in chunk if (found := there.get(each.body["id"])) and not _any(found, each.later)]
            chunk = fresh
        for record in chunk:
            if record.new_password and record.body["id"] in there:  # who is there keeps the one they have
                del record.body["password"], record.body["passwordConfirm"]
        alone = [record for record in chunk if record.has_files or not self._batch_size]
        if self._batch_size:
            self.written += self._send_batch([record for record in chunk if not record.has_files])
        self.written += self._side_by_side(self._create_alone, [each for each in alone if each.body["id"] not in there])
        self.written += self._side_by_side(self._update_alone, [each for each in alone if each.body["id"] in there])
        return lost + chunk

    def _must_know(self, record: _Prepared) -> bool:
        """Whether it matters, and the server does not see to it, that a record is there already."""
        if self.existing is Existing.UPDATE:
            return record.new_password or record.has_files or not self._batch_size
        return self._uncertain or self.existing is Existing.SKIP

    def _side_by_side(self, send: Callable[[_Prepared], None], records: list[_Prepared]) -> int:
        with ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="pbmodels-import") as pool:
            return sum(1 for _ in pool.map(send, records))

    def _send_batch(self, chunk: list[_Prepared], *, update: bool = False) -> int:
        batch = self.pb.batch()
        for record in chunk:
            queue = batch.collection(self.collection)
            if update:
                queue.update(record.body["id"], record.body, fields="id")
            elif self.existing is Existing.UPDATE:
                queue.upsert(record.body, fields="id")
            else:
                queue.create(record.body, fields="id")
        try:
            return len(batch.send())
        except BatchFailed as error:
            if error.index is None:
                raise
            raise self._refused(chunk[error.index], error.reason or error) from error

    def _create_alone(self, record: _Prepared) -> None:
        try:
            self.pb.collection(self.collection).create(record.body, fields="id")
        except BadRequest as error:
            raise self._refused(record, error) from error

    def _update_alone(self, record: _Prepared) -> None:
        try:
            self.pb.collection(self.collection).update(record.body["id"], record.body, fields="id")
        except BadRequest as error:
            raise self._refused(record, error) from error

    def _refused(self, record: _Prepared, error: Exception) -> PocketBaseError:
        known = getattr(error, "field_errors", None)
        reason = "; ".join(f"{name}: {message}" for name, message in known.items()) if known else str(error)
        hint = ""
        if known and "id" in known:
            hint = "; --existing update changes records that are there, --existing skip leaves them"
        return PocketBaseError(
            f"{self.source or 'stdin'}:{record.number}: the server refused the record: {reason.rstrip('.')}{hint}. "
            "What was imported before it stays; start again to go on from there"
        )

    def _there(self, records: Sequence[_Prepared]) -> dict[str, Record]:
        """Which of these records the collection has, with their fields that are set later."""
        found: dict[str, Record] = {}
        for start in range(0, len(records), _IDS):
            names = {f"id{number}": each.body["id"] for number, each in enumerate(records[start : start + _IDS])}
            wanted = " || ".join(f"id = {{:{name}}}" for name in names)
            page = self.pb.collection(self.collection).get_list(
                1, _IDS, filter=self.pb.filter(wanted, **names), fields=["id", *self._own], skip_total=True
            )
            found.update((record.id, record) for record in page.items)
        return found


@dataclass(frozen=True)
class _Prepared:
    """A record as it is sent, and its line.

    Attributes:
        number: The line.
        body: What is sent.
        has_files: Whether files are.
        later: What is sent once all records are there.
        new_password: Whether its password is one that nobody knows.
    """

    number: int
    body: dict[str, Any]
    has_files: bool = False
    later: dict[str, Any] = field(default_factory=dict)
    new_password: bool = False


def _any(record: Record, names: Iterable[str]) -> bool:
    return any(record.get(name) for name in names)


def _id_of(seed: str, number: int) -> str:
    """An id that a record without one gets, the same when the import goes on."""
    value = int.from_bytes(hashlib.sha256(f"{seed}:{number}".encode()).digest())
    letters: list[str] = []
    for _ in range(15):
        value, rest = divmod(value, len(_ID_LETTERS))
        letters.append(_ID_LETTERS[rest])
    return "".join(letters)
