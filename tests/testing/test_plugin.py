"""The pytest plugin, in test suites of other programs: each runs in a pytest, and on a server, of its own."""

from __future__ import annotations

import textwrap

import pytest

MODELS = """
    from pbmodels import Collection, Field, Relation, Relations, AuthCollection, Rules, field

    class User(AuthCollection, collection="users"):
        name: Field[str] = field(default="")

    class Post(Collection, collection="posts", rules=Rules(list='owner = @request.auth.id')):
        title: Field[str] = field(min_length=3)
        owner: Relation[User | None] = field(default=None)
"""
SETTINGS = """
    [pytest]
    pocketbase_models = shop.models
    filterwarnings = error
    asyncio_default_fixture_loop_scope = function
    asyncio_mode = auto
"""


@pytest.fixture
def program(pytester: pytest.Pytester) -> pytest.Pytester:
    """A program with models, whose tests use the plugin as it is installed: through its entry point."""
    pytester.makepyfile(**{"shop/__init__": "", "shop/models": textwrap.dedent(MODELS)})
    pytester.makeini(textwrap.dedent(SETTINGS))
    return pytester


def run(program: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    # hypothesis, which these programs do not use, takes longer to import than all else
    quick = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")
    return program.runpytest_subprocess(*quick, *arguments, timeout=110)


def test_what_a_test_gets(program: pytest.Pytester) -> None:
    program.makepyfile("""
        import pytest
        from pbmodels import Forbidden, InvalidRecord, PocketBase, field
        from shop.models import Post, User

        @pytest.mark.parametrize("turn", [1, 2])
        def test_data_is_clean(pb, turn):
            assert Post.count() == User.count() == 0
            Post.create(title="Hello")
            assert pb.collection("posts").get_list().total_items == 1

        async def test_async(pb_async):
            assert await Post.aio.count() == 0
            await Post(title="Hello").aio.save()
            assert (await pb_async.collection("posts").get_list(1, 1)).total_items == 1

        def test_people(pb, pb_users):
            ann, ben = pb_users("ann", name="Ann"), pb_users("ben")
            Post.create(title="Hello", owner=ann.record)

            with ann.acting():
                assert [post.title for post in Post.all()] == ["Hello"]
            with ben.acting():
                assert Post.all() == []
            assert isinstance(ann.record, User) and ann.record.name == "Ann"
            assert ann.client.auth_store.record.email == ann.email == "ann@example.com"
            assert PocketBase(pb.url).users.auth_with_password(ann.email, ann.password).record.id == ann.id

        def test_factories(pb_factory):
            posts = pb_factory(Post).create_many(3)
            assert {post.title for post in Post.all()} == {post.title for post in posts}

        @pytest.mark.parametrize("turn", [1, 2])
        def test_changed_collections_are_put_back(pb, turn):
            names = {each.name for each in pb.collections.get_full_list()}
            assert "extras" not in names
            assert pb.collections.get_one("posts").listRule == "owner = @request.auth.id"
            extras = pb.collections.create({"name": "extras"})
            pb.collections.create({"name": "more", "fields": [
                {"name": "extra", "type": "relation", "collectionId": extras.id}]})
            pb.collections.update("posts", {"listRule": ""})
            pb.collections.delete("more")
            pb.superusers.create({"email": "b@example.com", "password": "1234567890", "passwordConfirm": "1234567890"})
            assert pb.superusers.get_list().total_items == 2

        def test_the_server(pocketbase_server, pb):
            assert pb.url == pocketbase_server.url
            assert pb.superusers.get_list().total_items == 1
    """)

    run(program).assert_outcomes(passed=8)


def test_models_can_come_from_a_fixture_and_records_of_each_test_from_a_setup(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("""
        import pytest
        from pbmodels import Collection, Field, using

        class Country(Collection):
            name: Field[str]

        @pytest.fixture(scope="session")
        def pocketbase_models():
            return [Country]

        @pytest.fixture(scope="session")
        def pocketbase_reset():
            return "snapshot"

        @pytest.fixture(scope="session")
        def pocketbase_setup():
            def fill(pb):
                with using(pb):
                    Country.create(name="Chile")
            return fill
    """)
    pytester.makepyfile("""
        import pytest

        @pytest.mark.parametrize("turn", [1, 2])
        def test_the_data_is_as_it_was(pb, turn):
            country = pb.collection("countries").get_first_list_item("")
            assert country.name == "Chile"
            pb.collection("countries").delete(country.id)
            pb.collections.delete("countries")
    """)

    run(pytester).assert_outcomes(passed=2)


def test_migrations_and_hooks_of_a_folder_are_used_and_stay_as_they_are(pytester: pytest.Pytester) -> None:
    folder = pytester.mkdir("backend")
    (folder / "pb_hooks").mkdir()
    (folder / "pb_hooks" / "main.pb.js").write_text(
        'routerAdd("GET", "/hello", (e) => e.json(200, { hello: "world" }))', "utf-8"
    )
    (folder / "pb_migrations").mkdir()
    (folder / "pb_migrations" / "1700000000_notes.js").write_text(
        'migrate((app) => app.save(new Collection({ type: "base", name: "notes" })), (app) => {})', "utf-8"
    )
    pytester.makeini("[pytest]\npocketbase_dir = backend\n")
    pytester.makepyfile("""
        def test_it(pb):
            assert pb.send("/hello") == {"hello": "world"}
            assert pb.collection("notes").get_list().items == []
            pb.collections.create({"name": "extras"})
    """)

    run(pytester).assert_outcomes(passed=1)
    assert [path.name for path in (folder / "pb_migrations").iterdir()] == ["1700000000_notes.js"]
    assert not (folder / "pb_data").exists()


def test_each_xdist_worker_has_a_server_of_its_own(program: pytest.Pytester) -> None:
    program.makepyfile("""
        import pytest
        from pathlib import Path
        from shop.models import Post

        @pytest.mark.parametrize("turn", range(6))
        def test_alone(pb, turn, worker_id, pytestconfig):
            assert Post.count() == 0
            Post.create(title="Hello")
            assert Post.count() == 1
            Path(pytestconfig.rootpath, f"{worker_id}-{pb.url.rpartition(':')[2]}").touch()
    """)

    run(program, "-n2").assert_outcomes(passed=6)
    seen = [path.name.split("-") for path in program.path.glob("gw*-*")]
    assert len(seen) == len({url for _, url in seen}) == 2


def test_a_reset_that_is_none_is_named(program: pytest.Pytester) -> None:
    program.makeini("[pytest]\npocketbase_reset = rollback\n")
    program.makepyfile("def test_it(pb): pass")

    run(program).stdout.fnmatch_lines(["*pocketbase_reset is truncate or snapshot, not 'rollback'*"])


def test_models_that_are_not_there_are_named(program: pytest.Pytester) -> None:
    program.makeini("[pytest]\npocketbase_models = shop.model\n")
    program.makepyfile("def test_it(pb): pass")

    run(program).stdout.fnmatch_lines(["*there is no module 'shop.model'*"])


class TestThoseWhoDoNotUseIt:
    """pbmodels is installed, and a test suite uses nothing of it."""

    def test_nothing_but_the_plugin_is_imported(self, pytester: pytest.Pytester) -> None:
        pytester.makepyfile("""
            import sys

            def test_it(pytestconfig):
                assert pytestconfig.pluginmanager.has_plugin("pbmodels.testing.plugin")
                loaded = {name for name in sys.modules if name.split(".")[0] in ("pbmodels", "pydantic", "httpx")}
                assert loaded == {"pbmodels", "pbmodels._version", "pbmodels.testing", "pbmodels.testing.plugin"}
        """)

        run(pytester).assert_outcomes(passed=1)

    def test_fixtures_of_the_same_names_are_theirs(self, pytester: pytest.Pytester) -> None:
        pytester.makepyfile("""
            import pytest

            @pytest.fixture
            def pb():
                return "lead"

            def test_it(pb):
                assert pb == "lead"
        """)

        run(pytester).assert_outcomes(passed=1)

    def test_it_can_be_turned_off(self, program: pytest.Pytester) -> None:
        program.makeini("[pytest]\n")
        program.makepyfile("def test_it(pb): pass")

        run(program, "-p", "no:pbmodels.testing.plugin").stdout.fnmatch_lines(["*fixture 'pb' not found*"])


def test_a_clean_start_is_a_few_requests_and_no_new_server(program: pytest.Pytester) -> None:
    program.makepyfile("""
        import pytest
        from pbmodels import PocketBaseServer

        @pytest.fixture
        def requests(pocketbase_superuser, monkeypatch):
            monkeypatch.delattr(PocketBaseServer, "start")
            seen = []
            pocketbase_superuser.after_send = lambda response: seen.append(response.request.url.path)
            yield seen
            assert len(seen) < 15, seen

        @pytest.mark.parametrize("turn", range(3))
        def test_fast(requests, pb, turn):
            assert 0 < len(requests) < 10, requests
            assert pb.collection("posts").get_full_list() == []
            pb.collection("posts").create({"title": "Hello"})
    """)

    run(program).assert_outcomes(passed=3)
