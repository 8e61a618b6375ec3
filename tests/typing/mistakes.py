"""Mistakes that editors underline: exactly the lines marked `# mistake`, in every checker.

ty and pyrefly know pydantic and give `__init__` the wider types that it would convert: where that hides a
mistake, the mark says so (it is refused at run time all the same).
"""

from __future__ import annotations

from datetime import datetime

from pbmodels import BackRelation, Collection, Field, Relation, autodate, back_relation, field


class User(Collection, collection="users"):
    name: Field[str] = field(default="")


class Post(Collection, collection="posts"):
    title: Field[str]
    views: Field[int] = field(default=0)
    author: Relation[User]
    created: Field[datetime] = autodate()
    replies: BackRelation[Reply] = back_relation("post")


class Reply(Collection):
    post: Relation[Post]


def mistakes(user: User, post: Post) -> None:
    """Each of these fails at run time too."""
    Post(title=3, author=user)  # mistake, unseen by pyrefly
    Post(titl="x", author=user)  # mistake
    Post(author=user)  # mistake
    Post(title="x", author=post)  # mistake, unseen by ty, pyrefly
    Post(title="x", author=user, created=datetime.now())  # mistake, unseen by pyrefly
    Post(title="x", author=user, replies=[])  # mistake, unseen by pyrefly
    post.title = 3  # mistake
    post.replies = []  # mistake
    Post.replies.nope  # mistake
    post.author = post  # mistake
    post.nope  # mistake
    Post.nope  # mistake
    Post.author.nope  # mistake
    Post.where(True)  # mistake
    Post.where(Post.views.startswith(3))  # mistake
    Post.views > "x"  # mistake
    Post.order_by("title")  # mistake
    Post.where().order_by(3)  # mistake
    Post.get(3)  # mistake
