"""The program under test: models, and a function that uses them."""

from pbmodels import AuthCollection, Collection, Field, Relation, Rules, field


class User(AuthCollection, collection="users"):
    name: Field[str] = field(default="")


class Post(Collection, collection="posts", rules=Rules(list="status = true || author = @request.auth.id")):
    title: Field[str] = field(max_length=200)
    status: Field[bool] = field(default=False)
    author: Relation[User]


def publish_all() -> int:
    drafts = Post.where(Post.status == False).all()
    for post in drafts:
        post.status = True
        post.save()
    return len(drafts)
