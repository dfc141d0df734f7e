"""What people put on records for themselves goes along when records become one (CUS-7)."""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, literal, select, tuple_

from app.extensions import db
from app.store.engine import inserting
from app.store.gate import member_of
from app.store.private import PrivateNote, PrivateTag
from app.store.stars import Star

KEPT = (Star, PrivateTag, PrivateNote)


def copy(entity: str, records: Sequence[int], to: int) -> None:
    """Everybody's stars, private tags and notes of these records, on another one too.

    What somebody has there already isn't put there twice. The records keep theirs, for the day when
    they come back.
    """
    for model in KEPT:
        table = model.__table__
        columns = [c for c in table.columns if c.name != "id"]
        told = {"record_id": literal(to), "came_from": table.c.record_id}
        taken = [told.get(c.name, c) for c in columns]
        old = (table.c.entity == entity, member_of(table.c.record_id, records))
        theirs = select(*taken).where(*old).order_by(table.c.record_id)
        if model is PrivateNote:
            there = table.alias()
            same = (there.c.user_id == table.c.user_id, there.c.text == table.c.text)
            new = (there.c.entity == entity, there.c.record_id == to)
            theirs = theirs.where(~select(there.c.id).where(*new, *same).exists())
        names = [c.name for c in columns]
        copied = inserting(table).from_select(names, theirs)
        db.session.execute(copied.on_conflict_do_nothing())


def take_back(entity: str, became: Mapping[int, int]) -> None:
    """Take off the records what ``copy`` has put there from those that became them.

    What its owner wrote anew meanwhile is his own and stays.
    """
    for model in KEPT:
        table = model.__table__
        pairs = tuple_(table.c.came_from, table.c.record_id).in_(list(became.items()))
        db.session.execute(delete(table).where(table.c.entity == entity, pairs))
