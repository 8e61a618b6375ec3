"""A schema of every kind of field and collection, as somebody made it over the API without pbmodels."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def field(name: str, type: str, **options: Any) -> Json:
    return {"name": name, "type": type, **options}


MEMBERS: Json = {
    "name": "members",
    "type": "auth",
    "listRule": "verified = true && @request.auth.id != ''",
    "viewRule": "",
    "createRule": 'handle != "root" && @request.body.handle:isset = true',
    "updateRule": "id = @request.auth.id",
    "deleteRule": None,
    "authRule": "verified = true",
    "manageRule": '@request.auth.handle = "it\'s me"',
    "fields": [
        field("password", "password", required=True, hidden=True, system=True, min=12),
        field(
            "tokenKey",
            "text",
            system=True,
            hidden=True,
            required=True,
            min=30,
            max=60,
            autogeneratePattern="[a-zA-Z0-9]{50}",
        ),
        field("email", "email", system=True, required=False, onlyDomains=["example.com"]),
        field("emailVisibility", "bool", system=True),
        field("verified", "bool", system=True),
        field("handle", "text", required=True, max=30, pattern="^[a-z]+$"),
        field("home", "geoPoint"),
        field("friend", "relation", collectionId="pbc_members", maxSelect=1),
    ],
    "id": "pbc_members",
    "indexes": ["CREATE UNIQUE INDEX `idx_handle_own` ON `members` (`handle` COLLATE NOCASE)"],
    "passwordAuth": {"enabled": True, "identityFields": ["email", "handle"]},
    "authToken": {"duration": 3600},
    "otp": {
        "enabled": True,
        "duration": 60,
        "length": 6,
        "emailTemplate": {"subject": "Your code", "body": '<p>{OTP}</p>\n<p class="x">it\'s {APP_NAME}</p>'},
    },
    "mfa": {"enabled": True, "duration": 120, "rule": "verified = true"},
    "oauth2": {"enabled": False, "mappedFields": {"id": "", "name": "handle", "username": "", "avatarURL": ""}},
    "verificationTemplate": {"subject": "Hi", "body": "<a href='{APP_URL}/{TOKEN}'>go</a>"},
}

ARTICLES: Json = {
    "name": "articles",
    "type": "base",
    "id": "pbc_articles",
    "listRule": "",
    "viewRule": "status = 'published' || author = @request.auth.id || (\n  views > 100 &&\n  author.handle != \"\"\n)",
    "createRule": "@request.auth.id != '' && @request.body.status:isset = false && author.id = @request.auth.id",
    "updateRule": None,
    "deleteRule": None,
    "fields": [
        field("title", "text", required=True, min=2, max=200, presentable=True, id="text_own_id"),
        field("slug", "text", autogeneratePattern="[a-z]{8}", required=True, max=40),
        field("code", "text", min=3, max=5, pattern=r"^[A-Z]\d+$"),
        field("go_only", "text", pattern=r"^(?s)a\z"),
        field("secret", "text", hidden=True, help="For editors."),
        field("body", "editor", maxSize=100_000, convertURLs=True),
        field("views", "number", onlyInt=True, min=0),
        field("rating", "number", min=1.5, max=5),
        field("weight", "number", required=True, min=-1, max=1),
        field("big", "number", onlyInt=True, min=3),
        field("featured", "bool"),
        field("agreed", "bool", required=True),
        field("contact", "email", exceptDomains=["example.org"]),
        field("source", "url", onlyDomains=["example.com"], required=True),
        field("published", "date", min="2020-01-01 00:00:00.000Z", max="2099-12-31 23:59:59.999Z"),
        field("due", "date", required=True),
        field("status", "select", values=["draft", "in review", "published"], maxSelect=1),
        field("level", "select", values=["low", "high"], maxSelect=1, required=True),
        field("from_api", "select", values=["a", "b"]),
        field("tags", "select", values=["news", "tech", "fun"], maxSelect=3),
        field(
            "topics",
            "select",
            values=[f"a rather long topic number {n}" for n in range(6)] + ['say "no"', "it's"],
            maxSelect=2,
            required=True,
        ),
        field("cover", "file", maxSelect=1, maxSize=5_000_000, mimeTypes=["image/png"], thumbs=["10x10", "0x50"]),
        field("gallery", "file", maxSelect=99, protected=True),
        field("author", "relation", collectionId="pbc_members", maxSelect=1, required=True, cascadeDelete=True),
        field("reviewers", "relation", collectionId="pbc_members", maxSelect=5, minSelect=1),
        field("category", "relation", collectionId="pbc_categories", maxSelect=1),
        field("related", "relation", collectionId="pbc_articles", maxSelect=999),
        field("meta", "json", maxSize=2000),
        field("needed", "json", required=True),
        field("place", "geoPoint"),
        field("pin", "password", min=4, max=8, cost=9),
        field("class", "text"),
        field("save", "bool"),
        field("delete", "number"),
        field("list", "text"),
        field("datetime", "date"),
        field("field", "text"),
        field("camelCase", "text"),
        field("Relation", "text"),
        field("2nd", "text"),
        field("_hidden", "text"),
        field("created", "autodate", onCreate=True),
        field("updated", "autodate", onCreate=True, onUpdate=True, hidden=True),
        field("touched", "autodate", onUpdate=True),
    ],
    "indexes": [
        "CREATE UNIQUE INDEX `idx_articles_slug` ON `articles` (`slug`)",
        "CREATE INDEX `idx_articles_views` ON `articles` (`views`)",
        "CREATE INDEX `idx_8xYz` ON `articles` (`author`, `created` DESC) WHERE `status` = 'published'",
        "CREATE UNIQUE INDEX `idx_low` ON `articles` (lower(`title`), `code`) WHERE `code` != ''",
    ],
}

CATEGORIES: Json = {
    "name": "categories",
    "type": "base",
    "id": "pbc_categories",
    "listRule": None,
    "fields": [
        field("id", "text", system=True, primaryKey=True, required=True, min=3, max=40, pattern="^[a-z0-9-]+$"),
        field("name", "text"),
        field("parent", "relation", collectionId="pbc_categories", maxSelect=1),
        field("top", "relation", collectionId="pbc_articles", maxSelect=1),
        field("articles", "number"),
    ],
}

EMPTY: Json = {"name": "fields", "type": "base", "listRule": "", "fields": []}

TOTALS: Json = {
    "name": "author_totals",
    "type": "view",
    "listRule": "",
    "viewRule": None,
    "viewQuery": (
        "SELECT members.id, members.handle, COUNT(articles.id) AS total, articles.status,\n"
        "  articles.tags, articles.category, articles.cover, articles.created, articles.meta\n"
        "FROM members\nLEFT JOIN articles ON articles.author = members.id\nGROUP BY members.id"
    ),
}

STAFF: Json = {
    "name": "staff",
    "type": "auth",
    "id": "pbc_staff",
    "authRule": None,
    "fields": [  # the fields of every auth collection come after these
        field("username", "text", required=True, min=3, max=150, autogeneratePattern="users[0-9]{6}"),
        field("unit", "select", values=["m²", "m2", "½", "\\", "\t", "class"], maxSelect=2),
        field("property", "text"),
        field("login", "bool"),
        field("None", "text"),
        field("huge", "number", min=-1e300, max=1e21),
        field("boss", "relation", collectionId="pbc_3142635823", maxSelect=1),
    ],
}

FEW: Json = {
    "name": "few_totals",
    "type": "view",
    "viewQuery": "SELECT id, handle, 'x' AS \"class\", CAST(1 AS BOOL) AS sure FROM author_totals WHERE total < 3",
}

RICH = [MEMBERS, ARTICLES, CATEGORIES, EMPTY, TOTALS, STAFF, FEW]
