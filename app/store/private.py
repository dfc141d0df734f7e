"""Private notes and private tags (CUS-8): one person's own marks on records.

Seen, changed, counted and filtered by their author alone, whatever anybody else may do: every
statement here is about whoever acts. They are in no history, search or export, and go with the
record when it is purged. That the record may be read is the caller's to find out first.
"""

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    case,
    delete,
    exists,
    func,
    insert,
    not_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec import clock
from app.spec.entity import Entity
from app.spec.errors import Invalid, NotFound
from app.spec.private import MY_NOTES, OwnField
from app.spec.text import clean
from app.spec.types import UTCDateTime
from app.store.context import actor

LONGEST_NOTE = 2000
MOST_NOTES = 50
LONGEST_TAG = 30
MOST_TAGS = 20
"""Per person and record."""


class PrivateNote(db.Model):  # type: ignore[name-defined,misc]
    """What somebody noted for himself about a record; plain text."""

    __tablename__ = "private_note"
    __table_args__ = (
        Index("ix_private_note_user_id", "user_id", "entity", "record_id"),
        Index("ix_private_note_record_id", "entity", "record_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    entity: Mapped[str] = mapped_column(String(40))
    record_id: Mapped[int]
    text: Mapped[str] = mapped_column(Text())
    written_at: Mapped[Any] = mapped_column(UTCDateTime())
    came_from: Mapped[int | None]
    """The merged record that it was copied from: back there, it goes from here (CUS-7)."""


class PrivateTag(db.Model):  # type: ignore[name-defined,misc]
    """A word somebody put on a record for himself."""

    __tablename__ = "private_tag"
    __table_args__ = (
        Index("ix_private_tag_tag", "user_id", "entity", "tag"),
        Index("ix_private_tag_record_id", "entity", "record_id"),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    entity: Mapped[str] = mapped_column(String(40), primary_key=True)
    record_id: Mapped[int] = mapped_column(primary_key=True)
    tag: Mapped[str] = mapped_column(String(LONGEST_TAG), primary_key=True)
    came_from: Mapped[int | None]
    """The merged record that it was copied from: back there, it goes from here (CUS-7)."""


_note, _tag = PrivateNote.__table__, PrivateTag.__table__


def _cleaned(text: str, *, multiline: bool = False) -> str:
    try:
        return clean(text, multiline=multiline)
    except ValueError as error:
        raise Invalid(error.args[0]) from None


def _mine(table: Any, entity: str, record_id: int) -> list[ColumnElement[bool]]:
    mine = table.c.user_id == actor().user_id
    return [mine, table.c.entity == entity, table.c.record_id == record_id]


def notes(entity: str, record_id: int) -> Sequence[Any]:
    """My notes on a record, the newest first, as rows with id, text and written_at."""
    return db.session.execute(
        select(_note).where(*_mine(_note, entity, record_id)).order_by(_note.c.id.desc())
    ).all()


def write_note(entity: str, record_id: int, text: str, note_id: int = 0) -> None:
    """Note something, or change the note of that id; an emptied one is removed.

    Raises Invalid when it is too long or there are too many, NotFound when it isn't mine.
    """
    words = _cleaned(text, multiline=True)
    if len(words) > LONGEST_NOTE:
        raise Invalid(_l("At most %(n)s characters.", n=LONGEST_NOTE))
    mine = _mine(_note, entity, record_id)
    values = {"text": words, "written_at": clock.now(), "came_from": None}
    if note_id:
        one = (*mine, _note.c.id == note_id)
        change = update(_note).where(*one).values(values) if words else delete(_note).where(*one)
        if not db.session.execute(change).rowcount:  # type: ignore[attr-defined]
            raise NotFound
    elif words:
        held = db.session.scalar(select(func.count()).select_from(_note).where(*mine)) or 0
        if held >= MOST_NOTES:
            raise Invalid(_l("At most %(n)s notes on a record.", n=MOST_NOTES))
        place = {"user_id": actor().user_id, "entity": entity, "record_id": record_id}
        db.session.execute(insert(_note).values({**place, **values}))


def tags(entity: str, record_id: int) -> dict[str, bool]:
    """All my tags on records of that kind, each with whether this record has it; one statement."""
    has = func.max(case((_tag.c.record_id == record_id, 1), else_=0))
    found = db.session.execute(
        select(_tag.c.tag, has)
        .where(_tag.c.user_id == actor().user_id, _tag.c.entity == entity)
        .group_by(_tag.c.tag)
        .order_by(_tag.c.tag)
    )
    return {tag: bool(here) for tag, here in found}


def put_tags(entity: str, record_id: int, words: Sequence[str]) -> None:
    """Make these my tags on the record; Invalid when there are too many or one is too long."""
    wanted = list(dict.fromkeys(word for one in words if (word := _cleaned(one))))
    if len(wanted) > MOST_TAGS or any(len(word) > LONGEST_TAG for word in wanted):
        raise Invalid(
            _l("At most %(n)s tags of %(m)s characters each.", n=MOST_TAGS, m=LONGEST_TAG)
        )
    mine = _mine(_tag, entity, record_id)
    db.session.execute(delete(_tag).where(*mine, _tag.c.tag.not_in(wanted)))
    kept = set(db.session.scalars(select(_tag.c.tag).where(*mine)))  # with where they came from
    place = {"user_id": actor().user_id, "entity": entity, "record_id": record_id}
    if new := [{**place, "tag": word} for word in wanted if word not in kept]:
        db.session.execute(insert(_tag), new)


def compare(
    field: OwnField, entity: Entity, user_id: int, operator: str, words: Sequence[str]
) -> ColumnElement[bool]:
    """A condition on somebody's own tags or notes: with these words, without them, none, some."""
    marks, word = (_note, _note.c.text) if field is MY_NOTES else (_tag, _tag.c.tag)
    bears = [
        marks.c.user_id == user_id,
        marks.c.entity == entity.key,
        marks.c.record_id == entity.model.id,
    ]
    if field is MY_NOTES:
        bears += [word.icontains(one, autoescape=True) for one in words]
    elif words:
        bears.append(word.in_(list(words)))
    if operator == "all":
        held = select(func.count()).where(*bears).scalar_subquery()
        return held == len(set(words))
    found = exists().where(*bears)
    return not_(found) if operator in ("none", "nct", "empty") else found
