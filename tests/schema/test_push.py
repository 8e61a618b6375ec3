"""`push` makes the collections that models describe."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

import pytest

from pbmodels import (
    Collection,
    Field,
    FileField,
    FileList,
    Forbidden,
    ModelError,
    PocketBase,
    Relation,
    Relations,
    ValidationFailed,
    autodate,
    field,
    using,
)
from pbmodels.schema import push
from tests.blog import MODELS


class Team(Collection, collection="push_teams"):
    name: Field[str] = field(min_length=2, max_length=40, pattern="^[A-Z]", unique=True)
    rank: Field[int] = field(default=0, ge=0, le=100, index=True)
    captain: Relation[Player | None] = field(default=None)
    rivals: Relations[Team] = field(default_factory=list)


class Player(Collection, collection="push_players"):
    team: Relation[Team] = field(cascade_delete=True)
    roles: Field[list[Literal["goal", "wing"]]] = field(default_factory=list)
    picture: FileField = field(default=None, mime_types=["image/png"], thumbs=["10x10"], max_size=1000, protected=True)
    papers: FileList = field(default_factory=list, max_select=3)
    secret: Field[str] = field(default="", hidden=True)
    from_: Field[str] = field(default="", name="from")
    joined: Field[datetime] = autodate()
    changed: Field[datetime] = autodate(on_update=True)


@pytest.fixture
def pushed(pb: PocketBase) -> Iterator[PocketBase]:
    assert push(pb, Team, Player) == ["push_teams", "push_players"]
    with using(pb):
        yield pb
    for name in ("push_teams", "push_players"):  # they relate to each other
        pb.collections.update(name, {"fields": [], "indexes": []})
    for name in ("push_players", "push_teams"):
        pb.collections.delete(name)


def fields_of(pb: PocketBase, name: str) -> dict[str, dict[str, Any]]:
    return {found["name"]: found for found in pb.collections.get_one(name)["fields"]}


def test_fields_and_their_options(pushed: PocketBase) -> None:
    team, player = fields_of(pushed, "push_teams"), fields_of(pushed, "push_players")
    teams, players = (pushed.collections.get_one(name) for name in ("push_teams", "push_players"))

    assert set(team) == {"id", "name", "rank", "captain", "rivals"}
    assert {key: team["name"][key] for key in ("type", "min", "max", "pattern")} == {
        "type": "text",
        "min": 2,
        "max": 40,
        "pattern": "^[A-Z]",
    }
    assert {key: team["rank"][key] for key in ("type", "min", "max", "onlyInt")} == {
        "type": "number",
        "min": 0,
        "max": 100,
        "onlyInt": True,
    }
    assert (team["captain"]["collectionId"], team["captain"]["maxSelect"], team["captain"]["required"]) == (
        players.id,
        1,
        False,
    )
    assert (team["rivals"]["collectionId"], team["rivals"]["maxSelect"]) == (teams.id, 999)
    assert (player["team"]["required"], player["team"]["cascadeDelete"]) == (True, True)
    assert (player["roles"]["values"], player["roles"]["maxSelect"]) == (["goal", "wing"], 2)
    assert {key: player["picture"][key] for key in ("maxSelect", "maxSize", "mimeTypes", "thumbs", "protected")} == {
        "maxSelect": 1,
        "maxSize": 1000,
        "mimeTypes": ["image/png"],
        "thumbs": ["10x10"],
        "protected": True,
    }
    assert player["papers"]["maxSelect"] == 3
    assert player["secret"]["hidden"] is True
    assert player["from"]["type"] == "text"
    assert (player["joined"]["onCreate"], player["joined"]["onUpdate"]) == (True, False)
    assert (player["changed"]["onCreate"], player["changed"]["onUpdate"]) == (True, True)
    assert any("UNIQUE INDEX" in index and "`name`" in index for index in teams.indexes)
    assert any("UNIQUE" not in index and "`rank`" in index for index in teams.indexes)


def test_records_of_pushed_collections(pushed: PocketBase) -> None:
    team = Team(name="Reds", rank=3).save()
    player = Player(team=team, roles=["wing"], secret="s", from_="Rome").save()
    team.captain = player
    team.rivals = [team]
    team.save()

    loaded = Team.where(Team.captain.team.name == "Reds", Team.rivals.contains(team)).one()
    assert loaded.captain == player
    assert Player.where(Player.from_ == "Rome").one().secret == "s"
    with pytest.raises(ValidationFailed, match="name: "):
        Team(name="Reds").save()
    team.captain = None
    team.save()
    team.delete()
    assert Player.count() == 0


def test_what_is_there_stays_as_it_is(blog: PocketBase) -> None:
    before = blog.collections.get_full_list()

    assert push(blog, *MODELS) == []

    assert blog.collections.get_full_list() == before


def test_a_relation_to_a_collection_that_is_not_there(pb: PocketBase) -> None:
    with pytest.raises(ModelError, match="'push_teams', which the server does not have: push Team together with"):
        push(pb, Player)
    assert "push_players" not in [found.name for found in pb.collections.get_full_list()]


def test_only_superusers_may(guest: PocketBase) -> None:
    with pytest.raises(Exception, match=r"40[13].*sign in") as caught:
        push(guest, Team)
    assert isinstance(caught.value, Forbidden) or caught.value.status == 401  # type: ignore[attr-defined]
