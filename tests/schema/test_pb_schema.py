"""`pb.schema` does with its client what the functions of `pbmodels.schema` do, for sync and async code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import assert_type

import pytest

from pbmodels import AsyncPocketBase, Collection, Field, PocketBase, field
from pbmodels.schema import AsyncSchemaService, DataLoss, Diff, SchemaService, describe, diff, pull


class Song(Collection, collection="songs"):
    title: Field[str] = field(max_length=50)


class ShortSong(Collection, collection="songs"):
    title: Field[str] = field(max_length=3)


def test_sync(spare: PocketBase, tmp_path: Path) -> None:
    schema = assert_type(spare.schema, SchemaService)

    assert schema.describe(Song) == describe(Song)
    assert assert_type(schema.diff(Song), Diff) == diff(spare, Song)
    file = schema.migrate(Song, folder=tmp_path, name="songs")
    assert file is not None
    assert "+ songs  base collection" in file.read_text("utf-8")
    assert schema.push(Song, dry_run=True) == ["songs"]
    assert assert_type(schema.push(Song), list[str]) == ["songs"]
    assert not schema.diff(Song)
    assert schema.pull(tmp_path / "models.py") == pull(spare) == (tmp_path / "models.py").read_text("utf-8")

    spare.collection("songs").create({"title": "long"})
    with pytest.raises(DataLoss, match="1 record"):
        schema.push(ShortSong)
    assert schema.push(ShortSong, allow_data_loss=True) == ["songs"]


async def test_async(spare: PocketBase, tmp_path: Path) -> None:
    async with spare.aio as pb:
        schema = assert_type(pb.schema, AsyncSchemaService)

        assert schema.describe(Song) == describe(Song)
        assert assert_type(await schema.diff(Song), Diff) == diff(spare, Song)
        file = await schema.migrate(Song, folder=tmp_path, name="songs")
        assert file is not None
        assert "+ songs  base collection" in file.read_text("utf-8")
        assert await schema.push(Song, dry_run=True) == ["songs"]
        assert assert_type(await schema.push(Song), list[str]) == ["songs"]
        assert not await schema.diff(Song)
        text = await schema.pull(tmp_path / "models.py")
        assert text == pull(spare) == (tmp_path / "models.py").read_text("utf-8")

        spare.collection("songs").create({"title": "long"})
        with pytest.raises(DataLoss, match="1 record"):
            await schema.push(ShortSong)
        assert await schema.push(ShortSong, allow_data_loss=True) == ["songs"]


def test_each_client_has_its_own(spare: PocketBase) -> None:
    with spare.with_token("") as guest:
        assert guest.schema is guest.schema
        assert guest.schema is not spare.schema
        assert isinstance(AsyncPocketBase(spare.url).schema, AsyncSchemaService)


def test_the_schema_layer_is_loaded_at_its_first_use() -> None:
    script = (
        "import sys\n"
        "from pbmodels import PocketBase\n"
        "with PocketBase() as pb:\n"
        "    print('pbmodels.schema' in sys.modules, type(pb.schema).__name__)"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == "False SchemaService\n"
