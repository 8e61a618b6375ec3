"""`pbmodels demo`: a real PocketBase with a small blog, to look at and to try the other commands on."""

from __future__ import annotations

import inspect
import itertools
import secrets
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._run import Run, command
from ._serve import PasswordFile, introduce, kept_in, stop_once_on_signals

if TYPE_CHECKING:
    from pbmodels.client import PocketBase
    from pbmodels.server import PocketBaseServer

_STEPS = (
    ("A condition is Python, and what it sends", 'str(Post.where(Post.status == "published", Post.views > 5))'),
    ("Through a relation, in an order", 'Post.where(Post.author.name == "Ann").order_by(-Post.views).first().title'),
    ("Back along it", 'User.where(User.name == "Ben").one().posts.count()'),
    ("Many at once, in batches", 'Post.where(Post.status == "draft").update(tags=["news"])'),
    ("A mistake is told before anything is sent", 'Post.where().first().increment(views="many")'),
)
"""What the tour shows: it runs this very text."""
_EVERY = 2.0
"""Seconds between two readers of a post."""


@command(server=False, json=False)
def demo(
    run: Run,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 chooses a free one.", min=0, max=65535)] = 8090,
    password_file: PasswordFile = None,
    once: Annotated[bool, typer.Option("--once", help="End after the tour, without waiting for Ctrl-C.")] = False,
) -> None:
    """Start a PocketBase in a temporary folder with a small blog, show models at work, and let you try the rest.

    Nothing is left behind. While it runs, somebody reads a post every few seconds, so that `pbmodels watch` shows it.
    """
    from pbmodels import using
    from pbmodels.server import PocketBaseServer, ServerStartError

    stop_once_on_signals()
    server = PocketBaseServer(port=port)
    try:
        with server, server.client() as pb, using(pb):
            _fill(pb)
            _tour(run)
            if once:
                return
            with kept_in(password_file, server.superuser_password):
                introduce(run, server, password_file)
                _suggest(run, server, as_superuser=password_file is not None)
                code = _live(server)
    except KeyboardInterrupt:
        run.console.print("Stopped.")
        return
    raise ServerStartError("PocketBase ended by itself.", exit_code=code, output=server.log_lines[-20:])


def _fill(pb: PocketBase) -> None:
    """The blog's collections and records."""
    from pbmodels.schema import push

    from .demo_models import MODELS, Comment, Post, User

    push(pb, *MODELS)
    pb.settings.update({"batch": {"enabled": True}})
    ann, ben = (
        User.create(name=name, email=f"{name.lower()}@example.com", password=secrets.token_urlsafe())
        for name in ("Ann", "Ben")
    )
    first = Post.create(title="Hello", status="published", tags=["news"], views=12, author=ann)
    Post.create(title="On kites", status="published", tags=["art", "tech"], views=7, author=ben)
    Post.create(title="Not yet", status="draft", author=ann)
    Comment.create(text="Welcome!", post=first, author=ben)


def _tour(run: Run) -> None:
    from rich.syntax import Syntax

    from pbmodels.client import PocketBaseError

    from . import demo_models

    run.console.print("The models, which made the collections:\n", style="bold")
    source = "\n\n".join(inspect.getsource(model) for model in demo_models.MODELS)
    run.console.print(Syntax(source.rstrip(), "python", background_color="default", word_wrap=True))
    names: dict[str, Any] = {model.__name__: model for model in demo_models.MODELS}
    for title, code in _STEPS:
        run.console.print(f"\n{title}", style="bold", markup=False)
        run.console.print(Syntax(f">>> {code}", "pycon", background_color="default", word_wrap=True))
        try:
            run.console.print(repr(eval(code, dict(names))), markup=False)
        except PocketBaseError as error:
            run.console.print(f"{type(error).__name__}: {error}", style="red", markup=False)
    run.console.print()


def _suggest(run: Run, server: PocketBaseServer, *, as_superuser: bool) -> None:
    identity = f" --identity {server.superuser_email}" if as_superuser else ""
    url = f" --url {server.url}" if server.port != 8090 else ""
    run.console.print("\nIn another terminal:", style="bold")
    for line in (
        f"pbmodels watch posts{url}",
        f"pbmodels shell{url} --models pbmodels.cli.demo_models",
        "pbmodels erd --from-models --models pbmodels.cli.demo_models",
        f"pbmodels export posts{url}",
        f"pbmodels doctor{url}{identity}",
    ):
        run.console.print(f"  {line}", markup=False, soft_wrap=True)


def _live(server: PocketBaseServer) -> int | None:
    """Readers come, until the server ends, with the code that is given back, or somebody stops it."""
    from .demo_models import Post

    for post in itertools.cycle(Post.where(Post.status == "published").all()):
        code = server.wait(_EVERY)
        if not server.is_running:
            return code
        post.increment(views=1)
    return None
