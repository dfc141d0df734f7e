"""What people put on records beside their fields (CUS-8, LIST-5).

One's own of a record; and how everybody's go along when records become one (CUS-7).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    case,
    cast,
    delete,
    func,
    literal,
    null,
    select,
    tuple_,
    union_all,
    update,
)

from app.extensions import db
from app.spec.entity import Entity
from app.spec.types import UTCDateTime
from app.store import opinions
from app.store.comments import Comment
from app.store.context import actor
from app.store.engine import inserting
from app.store.opinions import Opinion
from app.store.private import PrivateNote, PrivateTag
from app.store.scope import member_of
from app.store.stars import Star

KEPT: Mapping[Any, Sequence[str]] = {
    Star: (),
    PrivateTag: ("tag",),
    PrivateNote: ("text",),
    Opinion: ("aspect", "department_id", "value", "note", "at"),
    Comment: ("text", "written_at"),
}
"""The kinds of mark, and what one says: two of a person that say the same are one."""


@dataclass(frozen=True)
class Own:
    """One person's own marks on a record."""

    is_starred: bool
    tags: Mapping[str, bool]
    """All his tags on records of that kind, each with whether this one has it."""
    notes: Sequence[Any]
    """The newest first, as rows with number, text and time."""


def own(entity: Entity, record_id: int) -> Own:
    """The reader's own marks on a record: one statement for all of them."""
    star, tag, note = Star.__table__.c, PrivateTag.__table__.c, PrivateNote.__table__.c
    here, never = case((tag.record_id == record_id, 1), else_=0), cast(null(), UTCDateTime())

    def mine(table: Any, *more: ColumnElement[bool]) -> list[ColumnElement[bool]]:
        return [table.user_id == actor().user_id, table.entity == entity.key, *more]

    parts = (
        select(literal("star").label("kind"), literal(1).label("number"), literal("").label("text"),
               never.label("written_at")).where(*mine(star, star.record_id == record_id)),
        select(literal("tag"), func.max(here), tag.tag, never).where(*mine(tag)).group_by(tag.tag),
        select(literal("note"), note.id, note.text, note.written_at).where(
            *mine(note, note.record_id == record_id)
        ),
    )  # fmt: skip
    found: dict[str, list[Any]] = {"star": [], "tag": [], "note": []}
    for row in db.session.execute(union_all(*parts)):
        found[row.kind].append(row)
    tags = {row.text: bool(row.number) for row in sorted(found["tag"], key=lambda row: row.text)}
    notes = sorted(found["note"], key=lambda row: -row.number)
    return Own(bool(found["star"]), tags, notes)


def copy(entity: str, records: Sequence[int], to: int) -> None:
    """Everybody's stars, opinions, comments, private tags and notes of these, on another one too.

    What somebody has there already isn't put there twice. The records keep theirs, for the day when
    they come back.
    """
    for model, said in KEPT.items():
        table = model.__table__
        columns = [c for c in table.columns if c.name != "id"]
        told = {"record_id": literal(to), "came_from": table.c.record_id}
        taken = [told.get(c.name, c) for c in columns]
        old = (table.c.entity == entity, member_of(table.c.record_id, records))
        theirs = select(*taken).where(*old).order_by(table.c.record_id)
        if "id" in table.c:
            there = table.alias()
            places = tuple_(there.c.record_id, there.c.id), tuple_(table.c.record_id, table.c.id)
            earlier = member_of(there.c.record_id, records) & (places[0] < places[1])
            is_there = (there.c.record_id == to) | earlier
            found = select(there.c.id).where(*_same(table, there, said), is_there)
            theirs = theirs.where(~found.exists())
        names = [c.name for c in columns]
        copied = inserting(table).from_select(names, theirs)
        db.session.execute(copied.on_conflict_do_nothing())
    opinions.settle(entity, [to])


def take_back(entity: str, sources: Sequence[int], holder: int, staying: Sequence[int]) -> None:
    """Take off a record what ``copy`` has put there from others that are apart from it by now.

    What one of those that are ``staying`` with it has too stays, as come from there. What its owner
    wrote anew meanwhile is his own and stays.
    """
    for model, said in KEPT.items():
        table = model.__table__
        other = table.alias()
        theirs = (*_same(table, other, said), member_of(other.c.record_id, staying))
        heir = select(func.min(other.c.record_id)).where(*theirs).correlate(table).scalar_subquery()
        held = (table.c.entity == entity, table.c.record_id == holder)
        came = (*held, member_of(table.c.came_from, sources))
        db.session.execute(delete(table).where(*came, heir.is_(None)))
        db.session.execute(update(table).where(*came).values(came_from=heir))
    opinions.settle(entity, [holder])


def _same(one: Any, other: Any, said: Sequence[str]) -> list[ColumnElement[bool]]:
    """That two marks are the same person's on records of the same kind, and say the same."""
    return [one.c[name] == other.c[name] for name in ("entity", "user_id", *said)]
