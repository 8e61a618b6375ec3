"""A web back end with FastAPI: requests run as the PocketBase user who sends them.

    pbmodels serve data --superuser-email boss@example.com   # in another terminal
    PBMODELS_URL=http://127.0.0.1:8090 uvicorn fastapi_app:app

Clients sign in at PocketBase itself, and send their token along as `Authorization: Bearer TOKEN`.
"""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Depends, FastAPI
from pydantic import BaseModel, Field

from pbmodels import AuthCollection, Collection, Relation, Rules, autodate, field, request
from pbmodels import Field as F
from pbmodels.contrib.fastapi import PageOf, Paging, PocketBaseAuth, handle_errors


class User(AuthCollection, collection="users"):
    name: F[str] = field(default="")


class Note(Collection, collection="notes"):
    text: F[str] = field(max_length=500)
    mood: F[Literal["good", "bad"] | None] = field(default=None)
    owner: Relation[User]
    created: F[datetime] = autodate()

    @classmethod
    def rules(cls) -> Rules:
        mine = cls.owner == request.auth.id
        return Rules(list=mine, view=mine, create=mine, update=mine, delete=mine)


class NewNote(BaseModel):
    text: str = Field(max_length=500)
    mood: Literal["good", "bad"] | None = None


app = FastAPI(title="Notes")
handle_errors(app)
Me = Annotated[User, Depends(PocketBaseAuth(User))]


@app.get("/me")
async def me(user: Me) -> dict[str, str]:
    return {"id": user.id, "name": user.name}


@app.get("/notes")
async def list_notes(user: Me, paging: Paging, mood: Literal["good", "bad"] | None = None) -> PageOf[Note]:
    """The user's own notes: the rules of the collection see to it."""
    query = Note.where() if mood is None else Note.where(Note.mood == mood)
    return PageOf.of(await query.order_by(-Note.created).aio.page(paging.page, paging.per_page))


@app.post("/notes", status_code=201)
async def add_note(user: Me, note: NewNote) -> Note:
    return await Note.aio.create(text=note.text, mood=note.mood, owner=user)


@app.get("/notes/{id}")
def read_note(user: Me, id: str) -> Note:
    """A sync route: FastAPI runs it in a thread, and it acts as the same user."""
    return Note.get(id)


@app.delete("/notes/{id}", status_code=204)
async def delete_note(user: Me, id: str) -> None:
    note = await Note.aio.get(id)
    await note.aio.delete()
