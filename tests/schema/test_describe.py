"""`describe` says what the server then keeps, word for word."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

import pytest

from pbmodels import (
    AuthAlert,
    AuthCollection,
    AuthOptions,
    Collection,
    Email,
    EmailTemplate,
    Field,
    FileField,
    FileList,
    GeoPoint,
    Html,
    Index,
    Mfa,
    ModelError,
    OAuth2,
    Otp,
    Password,
    PasswordAuth,
    PocketBase,
    Relation,
    Relations,
    Rules,
    Url,
    autodate,
    field,
)
from pbmodels.schema import describe
from pbmodels.schema._plan import normalized


class Mood(StrEnum):
    GOOD = "good"
    BAD = "bad"


class Shelf(Collection, collection="describe_shelves"):
    label: Field[str] = field(required=True)


class Everything(
    Collection,
    collection="describe_everything",
    indexes=[
        Index("text", "from_ DESC", unique=True, where="`text` != 'x'"),
        Index("lower(text)", name="idx_lower"),
        "CREATE INDEX `idx_own` ON `describe_everything` (`whole` COLLATE NOCASE ASC)",
    ],
):
    text: Field[str] = field(min_length=2, max_length=40, pattern="^[a-z]+$", required=True, presentable=True)
    auto: Field[str] = field(default="", autogenerate_pattern="[a-z]{5}", help="Made by the server.", hidden=True)
    from_: Field[str] = field(default="", name="from", unique=True)
    body: Field[Html] = field(default="", max_size=9000, convert_urls=True)
    whole: Field[int] = field(default=0, gt=-1, lt=101, index=True)
    real: Field[float] = field(default=0.5, ge=0.5, le=1.5)
    yes: Field[bool] = field(default=False, required=True)
    mail: Field[Email] = field(default="", only_domains=["example.com"])
    link: Field[Url] = field(default="", except_domains=["example.com"])
    day: Field[datetime | None] = field(default=None, ge=datetime(2020, 1, 1, tzinfo=UTC))
    made: Field[datetime] = autodate(hidden=True)
    touched: Field[datetime] = autodate(on_update=True, on_create=False)
    mood: Field[Mood | None] = field(default=None)
    moods: Field[list[Mood]] = field(default_factory=list, required=True)
    tags: Field[list[Literal["a", "b", "c"]]] = field(default_factory=list, max_length=2)
    picture: FileField = field(default=None, max_size=10, mime_types=["image/png"], thumbs=["1x1"], protected=True)
    papers: FileList = field(default_factory=list, max_select=3)
    shelf: Relation[Shelf] = field(cascade_delete=True)
    shelves: Relations[Shelf] = field(default_factory=list, min_select=1, max_select=4)
    parent: Relation[Everything | None] = field(default=None)
    meta: Field[dict[str, Any]] = field(default_factory=dict, max_size=300)
    place: Field[GeoPoint] = field(default_factory=GeoPoint)
    pin: Field[Password] = field(default="", min_length=4, max_length=8, server={"cost": 9})


MAIL = EmailTemplate("Hello", "<p>{APP_NAME} {TOKEN}</p>")


class Member(
    AuthCollection,
    collection="describe_members",
    auth=AuthOptions(
        password_auth=PasswordAuth(enabled=True, identity_fields=["email", "handle"]),
        otp=Otp(enabled=True, duration=60, length=6, email_template=EmailTemplate("Code", "<p>{OTP}</p>")),
        mfa=Mfa(enabled=True, duration=timedelta(minutes=2), rule="verified = true"),
        oauth2=OAuth2(enabled=False, mapped_fields={"id": "", "name": "handle", "username": "", "avatarURL": ""}),
        auth_alert=AuthAlert(enabled=False, email_template=EmailTemplate("New", "<p>{ALERT_INFO}</p>")),
        auth_token=timedelta(hours=1),
        password_reset_token=100,
        email_change_token=200,
        verification_token=300,
        file_token=400,
        verification_template=MAIL,
        reset_password_template=MAIL,
        confirm_email_change_template=MAIL,
    ),
):
    email: Field[Email] = field(default="", required=False, only_domains=["example.com"])
    password: Field[Password] = field(default="", min_length=12)
    handle: Field[str] = field(unique=True)

    @classmethod
    def rules(cls) -> Rules:
        return Rules(
            list=cls.verified == True,
            view=(cls.handle != "") & (cls.verified == True),
            create=Rules.anyone,
            update=cls.handle.in_(['a "quoted" one', "b"]),
            auth=cls.verified == True,
            manage="@request.auth.handle = 'root'",
        )


@pytest.mark.parametrize("model", [Everything, Member], ids=lambda model: model.__name__)
def test_what_the_server_keeps_is_what_describe_says(model: type[Collection], spare: PocketBase) -> None:
    said = [describe(Shelf), describe(model)]

    spare.collections.import_collections(said)

    (kept,) = normalized([spare.collections.get_one(model.__collection__)])
    assert {key: kept[key] for key in said[1]} == said[1]
    assert kept.keys() - said[1].keys() == set(), "describe leaves nothing to the server"


def test_options_of_every_kind() -> None:
    fields = {found["name"]: found for found in describe(Everything)["fields"]}

    def said(name: str, *options: str) -> list[Any]:
        return [fields[name][option] for option in options]

    assert said("text", "type", "min", "max", "pattern", "required", "presentable") == [
        "text",
        2,
        40,
        "^[a-z]+$",
        True,
        True,
    ]
    assert said("auto", "autogeneratePattern", "help", "hidden") == ["[a-z]{5}", "Made by the server.", True]
    assert said("body", "type", "maxSize", "convertURLs") == ["editor", 9000, True]
    assert said("whole", "type", "min", "max", "onlyInt") == ["number", 0, 100, True]
    assert said("real", "min", "max", "onlyInt") == [0.5, 1.5, False]
    assert said("yes", "type", "required") == ["bool", True]
    assert said("mail", "type", "onlyDomains") == ["email", ["example.com"]]
    assert said("link", "type", "exceptDomains") == ["url", ["example.com"]]
    assert said("day", "type", "min", "max") == ["date", "2020-01-01 00:00:00.000Z", ""]
    assert said("made", "type", "onCreate", "onUpdate", "hidden") == ["autodate", True, False, True]
    assert said("touched", "onCreate", "onUpdate") == [False, True]
    assert said("mood", "type", "values", "maxSelect", "required") == ["select", ["good", "bad"], 1, False]
    assert said("moods", "values", "maxSelect", "required") == [["good", "bad"], 2, True]
    assert said("tags", "maxSelect") == [2]
    assert said("picture", "type", "maxSelect", "maxSize", "mimeTypes", "thumbs", "protected") == [
        "file",
        1,
        10,
        ["image/png"],
        ["1x1"],
        True,
    ]
    assert said("papers", "maxSelect") == [3]
    assert said("shelf", "type", "collectionId", "required", "cascadeDelete", "maxSelect") == [
        "relation",
        describe(Shelf)["id"],
        True,
        True,
        1,
    ]
    assert said("shelves", "minSelect", "maxSelect", "required") == [1, 4, False]
    assert said("parent", "collectionId", "required") == [describe(Everything)["id"], False]
    assert said("meta", "type", "maxSize") == ["json", 300]
    assert said("place", "type") == ["geoPoint"]
    assert said("pin", "type", "min", "max", "cost") == ["password", 4, 8, 9]
    assert fields["from"]["type"] == "text", "the server's name"


def test_indexes_of_fields_and_of_the_class() -> None:
    assert describe(Everything)["indexes"] == [
        "CREATE UNIQUE INDEX `idx_describe_everything_from` ON `describe_everything` (`from`)",
        "CREATE INDEX `idx_describe_everything_whole` ON `describe_everything` (`whole`)",
        "CREATE UNIQUE INDEX `idx_describe_everything_text_from` ON `describe_everything` "
        "(\n  `text`,\n  `from` DESC\n) WHERE `text` != 'x'",
        "CREATE INDEX `idx_lower` ON `describe_everything` (lower(text))",
        "CREATE INDEX `idx_own` ON `describe_everything` (`whole` COLLATE NOCASE ASC)",
    ]


def test_rules_are_expressions_or_text() -> None:
    body = describe(Member)

    assert {key: value for key, value in body.items() if key.endswith("Rule")} == {
        "listRule": "verified = true",
        "viewRule": 'handle != "" && verified = true',
        "createRule": "",
        "updateRule": r'handle = "a \"quoted\" one" || handle = "b"',
        "deleteRule": None,
        "authRule": "verified = true",
        "manageRule": "@request.auth.handle = 'root'",
    }


def test_superusers_only_and_anyone_are_told_apart() -> None:
    class Open(Collection, rules=Rules(list=Rules.anyone, view=None)):
        pass

    assert (describe(Open)["listRule"], describe(Open)["viewRule"]) == ("", None)


def test_rules_of_a_base_class_are_made_with_the_subclass() -> None:
    class Base(Collection):
        owner: Field[str] = field(default="")

        @classmethod
        def rules(cls) -> Rules:
            return Rules(list=cls.owner == cls.__collection__)

    class Own(Base, collection="describe_own"):
        pass

    assert describe(Own)["listRule"] == 'owner = "describe_own"'


def test_sign_in_options_that_are_not_said_are_left_to_the_server() -> None:
    class Plain(AuthCollection, auth=AuthOptions(auth_token=60)):
        pass

    body = describe(Plain)

    assert body["authToken"] == {"duration": 60}
    assert not {"mfa", "otp", "oauth2", "passwordAuth", "verificationTemplate"} & body.keys()


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (Rules(list=True), r"Rules\(list=True\): a rule is a condition"),
        (Rules(auth=None), "authRule in its rules, which only an AuthCollection has"),
    ],
    ids=["no rule", "auth rule of a base"],
)
def test_rules_that_cannot_be(rules: Rules, message: str) -> None:
    class Wrong(Collection, rules=rules):
        pass

    with pytest.raises(ModelError, match=message):
        describe(Wrong)


def test_a_manage_rule_for_anyone_is_refused() -> None:
    class Wrong(AuthCollection, rules=Rules(manage="")):
        pass

    with pytest.raises(ModelError, match="let anyone change any password"):
        describe(Wrong)


def test_something_else_as_rules_or_index() -> None:
    class Wrong(Collection, rules={"list": ""}):  # type: ignore[arg-type]
        pass

    class Odd(Collection, indexes=[3]):  # type: ignore[list-item]
        pass

    with pytest.raises(ModelError, match="the rules of Wrong must be a Rules"):
        describe(Wrong)
    with pytest.raises(ModelError, match="Odd has 3 among its indexes"):
        describe(Odd)
    with pytest.raises(ModelError, match="takes the names of its fields"):
        Index()


def test_a_list_of_one_possible_value_is_refused() -> None:
    class Wrong(Collection):
        tags: Field[list[Literal["only"]]] = field(default_factory=list)

    with pytest.raises(ModelError, match=r"wrongs\.tags is a list of one possible value"):
        describe(Wrong)
