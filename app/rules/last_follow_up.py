"""What a record tells of its follow-ups: the last one's time and text, and what comes next (ACT-1).

The record gets neither a version nor a history entry for the last follow-up, else whoever edits it
meanwhile would be told that somebody was faster. The next contact time is a change like any other.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, case, func, or_, select, union_all

from app.extensions import db
from app.operations import attaching
from app.operations.attaching import Parent
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.relations import RelationField
from app.spec.text import shortened
from app.store import history
from app.store.context import system_scope
from app.store.scope import member_of
from app.store.writer import Change, Context, note_along, update_rows

LONGEST = 200
"""So many characters of its text are told."""
LAST_AT, LAST_TEXT, FOLLOWED = "last_follow_up_at", "last_follow_up_text", "is_followed_up"
PLANNED = "next_contact_at"
Changes = Mapping[int, Mapping[str, Any]]
"""What the last write changed in each follow-up that isn't new: field to [old, new]."""


ASKED = (PLANNED,)
"""What of a record has to be known for it."""


def tell_new(parent: Parent, values: Mapping[str, Any]) -> None:
    """Let the record of a follow-up just written tell of it, and what the record belongs to."""
    record, planned = parent.entity, values.get(PLANNED)
    last = _last(record, values["happened_at"], values["text"])
    with system_scope("a record tells of its follow-ups, whoever wrote them"):
        if planned and PLANNED in record.fields:
            was, title = getattr(parent.record, PLANNED), getattr(parent.record, record.title)
            change = Change(parent.id, str(title or ""), {PLANNED: was}, {PLANNED: planned})
            last = {} if update_rows(record, [change], Context("edit", extra=last)) else last
        if last:
            note_along(record, parent.id, last)
        for above in record.parents:
            higher, number = catalogue.get(above.to), getattr(parent.record, above.column)
            if number and LAST_AT in higher.fields:
                note_along(higher, number, _last(higher, values["happened_at"], values["text"]))


def tell_text(entity: Entity, before: Mapping[str, Any], text: str) -> None:
    """Of a follow-up the text alone has changed: whoever tells of it tells the new one."""
    link = attaching.link_of(entity, before)
    record, number = catalogue.get(link.to), before[link.key]
    places: list[tuple[Entity, Any]] = [(record, number)]
    for above in record.parents:
        column = record.model.__table__.c[above.column]
        is_it = record.model.__table__.c.id == number
        places.append((catalogue.get(above.to), select(column).where(is_it).scalar_subquery()))
    was = {LAST_AT: before["happened_at"], LAST_TEXT: shortened(before["text"], LONGEST)}
    for place, where in places:
        if LAST_AT in place.fields:
            note_along(place, where, {LAST_TEXT: shortened(text, LONGEST)}, was)


def _last(record: Entity, happened_at: datetime, text: str) -> dict[str, Any]:
    """What a record tells now; of two who write at once nobody waits for the other: what happened
    later stays. Nothing for a kind that tells nothing."""
    if LAST_AT not in record.fields:
        return {}
    last_at, last_text = (record.model.__table__.c[key] for key in (LAST_AT, LAST_TEXT))
    is_later = or_(last_at.is_(None), last_at <= happened_at)
    return {
        LAST_AT: case((is_later, happened_at), else_=last_at),
        LAST_TEXT: case((is_later, shortened(text, LONGEST)), else_=last_text),
        FOLLOWED: True,
    }


def tell(entity: Entity, ids: Sequence[int]) -> None:
    """Let the records of these follow-ups, just written, tell of the newest there are."""
    with system_scope("a record tells of its follow-ups, whoever wrote them"):
        rows = _written(entity, ids)
        later = [row.id for row in rows if row.version > 1]
        last = history.newest(entity.key, later) if later else {}
        changes = {i: one.changes for i, one in last.items()}
        for link in entity.parents:
            mine = [row for row in rows if getattr(row, link.column)]
            if mine:
                _tell_kind(entity, link, mine, changes)
            left = {one[link.key][0] for one in changes.values() if link.key in one}
            _tell_left(entity, catalogue.get(link.to), left - {None})


def tell_anew(below: Entity, record: Entity, ids: Sequence[int]) -> None:
    """Records that some of what belongs to them has left or come to tell of the newest there is."""
    kinds = [one for one in catalogue if any(link.to == below.key for link in one.parents)]
    with system_scope("a record tells of its follow-ups, whoever wrote them"):
        for kind in kinds:
            if kind.is_attached and LAST_AT in record.fields:
                _ask_anew(kind, record, ids)


def _written(entity: Entity, ids: Sequence[int]) -> Sequence[Row[Any]]:
    model = entity.model
    columns = [getattr(model, link.column) for link in entity.parents]
    own = (model.id, model.version, model.deleted_at, model.happened_at, model.text)
    chosen = select(*own, model.next_contact_at, *columns).where(member_of(model.id, ids))
    return db.session.execute(chosen.order_by(model.happened_at, model.id)).all()


def _tell_left(entity: Entity, record: Entity, ids: Iterable[int]) -> None:
    """Records that a follow-up has left, as in a merger, tell of those that they still have."""
    left = sorted(ids)
    if left and LAST_AT in record.fields:
        _ask_anew(entity, record, left)
    for above in record.parents if left else ():
        theirs = _column_of(record, above.column, left)
        _tell_left(entity, catalogue.get(above.to), set(theirs.values()) - {None})


def _tell_kind(
    entity: Entity, link: RelationField, rows: Sequence[Row[Any]], changes: Changes
) -> None:
    """Tell the records of one kind, and those that they belong to."""
    record = catalogue.get(link.to)
    records = {row.id: getattr(row, link.column) for row in rows}
    _plan(entity, record, records, rows, changes)
    _tell_last(entity, record, records, rows)
    for above in record.parents:
        theirs = _column_of(record, above.column, records.values())
        higher = {i: theirs[one] for i, one in records.items() if theirs.get(one)}
        _tell_last(entity, catalogue.get(above.to), higher, rows)


def _column_of(record: Entity, column: str, ids: Iterable[int]) -> dict[int, Any]:
    model = record.model
    chosen = select(model.id, getattr(model, column)).where(member_of(model.id, sorted(set(ids))))
    return {number: value for number, value in db.session.execute(chosen)}  # noqa: C416 - rows, not pairs


def _tell_last(
    entity: Entity, record: Entity, records: Mapping[int, int], rows: Iterable[Row[Any]]
) -> None:
    """Of new follow-ups each record takes the newest; where old ones changed it asks for all."""
    if LAST_AT not in record.fields or not records:
        return
    told = [row for row in rows if row.id in records]
    old = {records[row.id] for row in told if row.version > 1}
    if old:
        _ask_anew(entity, record, sorted(old))
    for i, row in {records[row.id]: row for row in told}.items():
        if i not in old:
            note_along(record, i, _last(record, row.happened_at, row.text))


def _ask_anew(entity: Entity, record: Entity, ids: Sequence[int]) -> None:
    """Hold the records, so that nobody writes another one meanwhile, and look at what is there."""
    model = record.model
    held = select(model.id, model.obtained_at).where(member_of(model.id, ids)).order_by(model.id)
    held = held.with_for_update(of=model, key_share=True)
    obtained = db.session.execute(held).all()
    rows = {row.record: row for row in db.session.execute(_newest(entity, record, ids))}
    for number, since in obtained:
        row = rows.get(number)
        is_followed = row is not None and (since is None or row.last_written >= since)
        last = (row.happened_at, shortened(row.text, LONGEST)) if row else (None, None)
        note_along(record, number, {LAST_AT: last[0], LAST_TEXT: last[1], FOLLOWED: is_followed})


def _newest(entity: Entity, record: Entity, ids: Sequence[int]) -> Select[Any]:
    """The newest follow-up of each record, its own or of what belongs to it; and when one was
    written last."""
    model, ways = entity.model, []
    for link in entity.parents:
        other, mine = catalogue.get(link.to), getattr(model, link.column)
        columns = (model.id, model.happened_at, model.created_at, model.text)
        for above in other.parents:
            if above.to == record.key:
                up = getattr(other.model, above.column)
                found = select(up.label("record"), *columns).join(model, mine == other.model.id)
                ways.append(found.where(member_of(up, ids), model.deleted_at.is_(None)))
        if other is record:
            found = select(mine.label("record"), *columns)
            ways.append(found.where(member_of(mine, ids), model.deleted_at.is_(None)))
    rows = union_all(*ways).subquery()
    of = rows.c.record
    newest = (rows.c.happened_at.desc(), rows.c.id.desc())
    ranked = select(
        rows.c.record,
        rows.c.happened_at,
        rows.c.text,
        func.max(rows.c.created_at).over(partition_by=of).label("last_written"),
        func.row_number().over(partition_by=of, order_by=newest).label("rank"),
    ).subquery()
    return select(ranked).where(ranked.c.rank == 1)


def _plan(
    entity: Entity,
    record: Entity,
    records: Mapping[int, int],
    rows: Sequence[Row[Any]],
    changes: Changes,
) -> None:
    """Let the records say when somebody wants to get in touch, as far as these writes say it."""
    planned, dropped = _said(records, rows, changes)
    if PLANNED not in record.fields or not (planned or dropped):
        return
    model = record.model
    chosen = select(model.id, getattr(model, record.title), getattr(model, PLANNED))
    planning = []
    for number, title, before in db.session.execute(
        chosen.where(member_of(model.id, sorted({*planned, *dropped})))
    ):
        after = planned.get(number, before)
        if number in dropped and before == dropped[number]:
            after = _planned_before(entity, record, number)
        planning.append(Change(number, str(title or ""), {PLANNED: before}, {PLANNED: after}))
    update_rows(record, planning, Context("edit"))


def _said(
    records: Mapping[int, int], rows: Sequence[Row[Any]], changes: Changes
) -> tuple[dict[int, datetime], dict[int, datetime]]:
    """By record what these writes plan, and what they had planned that were deleted.

    A follow-up that is changed later says it only if that was changed.
    """
    ahead = [row for row in rows if row.next_contact_at and row.next_contact_at > clock.now()]
    silent = {row.id for row in ahead if row.version > 1 and PLANNED not in changes[row.id]}
    planned = {
        records[row.id]: row.next_contact_at
        for row in ahead
        if not row.deleted_at and row.id not in silent
    }
    dropped = {records[row.id]: row.next_contact_at for row in ahead if row.deleted_at}
    return planned, dropped


def _planned_before(entity: Entity, record: Entity, number: int) -> datetime | None:
    """What the newest of a record's follow-ups plans; None when that has passed."""
    model = entity.model
    link = next(link for link in entity.parents if link.to == record.key)
    newest = (model.happened_at.desc(), model.id.desc())
    chosen = select(model.next_contact_at).where(
        getattr(model, link.column) == number, model.deleted_at.is_(None)
    )
    last: datetime | None = db.session.scalar(chosen.order_by(*newest).limit(1))
    return last if last and last > clock.now() else None
