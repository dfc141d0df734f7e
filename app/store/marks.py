"""What people put on records for themselves goes along when records become one (CUS-7)."""

from collections.abc import Sequence

from sqlalchemy import literal, select

from app.extensions import db
from app.store.engine import inserting
from app.store.gate import member_of
from app.store.private import PrivateNote, PrivateTag
from app.store.stars import Star


def copy(entity: str, records: Sequence[int], to: int) -> None:
    """Everybody's stars, private tags and notes of these records, on another one too.

    What somebody has there already isn't put there twice. The records keep theirs, for the day when
    they come back.
    """
    for model in (Star, PrivateTag, PrivateNote):
        table = model.__table__
        columns = [c for c in table.columns if c.name != "id"]
        taken = [literal(to) if c.name == "record_id" else c for c in columns]
        old = (table.c.entity == entity, member_of(table.c.record_id, records))
        theirs = select(*taken).where(*old)
        if model is PrivateNote:
            there = table.alias()
            same = (there.c.user_id == table.c.user_id, there.c.text == table.c.text)
            new = (there.c.entity == entity, there.c.record_id == to)
            theirs = theirs.where(~select(there.c.id).where(*new, *same).exists())
        names = [c.name for c in columns]
        copied = inserting(table).from_select(names, theirs)
        db.session.execute(copied.on_conflict_do_nothing())
