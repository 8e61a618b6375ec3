# No `from __future__ import annotations` here: annotations are evaluated as the class is made.
"""Models that name each other, in a module whose annotations are not texts."""

from pbmodels import BackRelation, Collection, Field, Relation, Relations, back_relation, field


class Team(Collection, collection="teams"):
    name: Field[str]
    captain: Relation["Player | None"] = field(default=None)
    members: Relations["Player"] = field(default_factory=list)
    players: BackRelation["Player"] = back_relation("team")


class Player(Collection, collection="players"):
    name: Field[str]
    team: Relation[Team]
    led: BackRelation[Team] = back_relation("captain")


def test_each_leads_to_the_other() -> None:
    assert str(Team.captain.name == "Ann") == 'captain.name = "Ann"'
    assert str(Team.members.name == "Ann") == 'members.name ?= "Ann"'
    assert str(Team.players.name == "Ann") == 'players_via_team.name ?= "Ann"'
    assert str(Player.led.name == "Red") == 'teams_via_captain.name ?= "Red"'
    assert str(Player.team.players.led.captain.name == "Ann").startswith("team.players_via_team.teams_via_captain.")
    assert Team(name="Red").captain is None
