"""Models found by the path that a setting names."""

from __future__ import annotations

from pathlib import Path

import pytest

from pbmodels import ModelError
from pbmodels.models._import_path import load_models


def test_a_module_in_its_order_without_the_bases() -> None:
    assert [model.__name__ for model in load_models("tests.blog", Path.cwd())] == ["User", "Post", "Comment"]


def test_one_model_or_a_list_of_a_module() -> None:
    assert [model.__name__ for model in load_models("tests.blog:Post", Path.cwd())] == ["Post"]
    assert [model.__name__ for model in load_models("tests.blog:MODELS", Path.cwd())] == ["User", "Post", "Comment"]


def test_abstract_bases_are_left_out_and_the_demos_models_are_models(tmp_path: Path) -> None:
    (tmp_path / "based_models.py").write_text(
        "from pbmodels import AuthCollection, Collection, Field, ViewCollection\n"
        "class Named(Collection, abstract=True):\n    name: Field[str]\n"
        "class Tag(Named, collection='tags'):\n    pass\n",
        "utf-8",
    )

    assert [model.__name__ for model in load_models("based_models.py", tmp_path)] == ["Tag"]
    found = load_models("pbmodels.cli.demo_models", tmp_path)
    assert [model.__name__ for model in found] == ["User", "Post", "Comment"]


def test_a_file(tmp_path: Path) -> None:
    (tmp_path / "my_models.py").write_text(
        "from __future__ import annotations\n"
        "from pbmodels import Collection, Field\n"
        "class Note(Collection, collection='notes'):\n    text: Field[str]\n",
        "utf-8",
    )

    (note,) = load_models("my_models.py", tmp_path)

    assert note(text="x").text == "x"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("tests.no_models", "there is no module 'tests.no_models'"),
        ("nowhere.models", "there is no module 'nowhere.models'"),
        ("missing.py", "there is no file"),
        ("json.py", "would hide: give it another name"),
        ("json", "holds no model"),
        ("tests.blog:Author", "has no 'Author'"),
        ("broken.py", "NameError: name 'oops'"),
        ("needs.py", "No module named 'surely_not_here'"),
    ],
)
def test_what_cannot_be_loaded_is_named(tmp_path: Path, path: str, message: str) -> None:
    (tmp_path / "broken.py").write_text("oops", "utf-8")
    (tmp_path / "json.py").write_text("", "utf-8")
    (tmp_path / "needs.py").write_text("import surely_not_here", "utf-8")

    with pytest.raises(ModelError, match=message):
        load_models(path, tmp_path)
