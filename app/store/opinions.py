"""Departmental opinions (CUS-5): what departments think of a record, each for itself.

Every opinion is kept, with who gave it and when; of a department the newest about an aspect counts.
Two departments whose opinions count and differ are in conflict. That the record may be read, and
judged, is the caller's to find out first, and so is which aspects its reader may know.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    String,
    Text,
    and_,
    exists,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec import clock
from app.spec.entity import Entity
from app.spec.types import UTCDateTime
from app.store.context import actor, run_under_way
from app.store.organisation import Department, User
from app.store.scope import member_of


def _only(mark: str) -> dict[str, Any]:
    """The options of an index over the rows with a mark, as each database asks for it."""
    return {"sqlite_where": sql(f"{mark} = 1"), "postgresql_where": sql(mark)}


class Opinion(db.Model):  # type: ignore[name-defined,misc]
    """What somebody thought of one aspect of a record, in the name of a department."""

    __tablename__ = "opinion"
    __table_args__ = (
        Index("ix_opinion_record", "entity", "record_id", "id"),
        Index("ix_opinion_operation_id", "operation_id"),
        Index("ix_opinion_department_id", "department_id"),
        Index("ix_opinion_current", "entity", "record_id", **_only("is_current")),
        Index("ix_opinion_disputed", "entity", "record_id", **_only("is_disputed")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    entity: Mapped[str] = mapped_column(String(40))
    record_id: Mapped[int]
    aspect: Mapped[str] = mapped_column(String(40))
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    value: Mapped[str] = mapped_column(String(40))
    note: Mapped[str] = mapped_column(Text())
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    at: Mapped[Any] = mapped_column(UTCDateTime())
    operation_id: Mapped[int | None] = mapped_column(ForeignKey("operation_run.id"))
    """The run that brought it here; None where no run did."""
    is_current: Mapped[bool] = mapped_column(default=False)
    """The newest of its department about this aspect: the one that counts."""
    is_disputed: Mapped[bool] = mapped_column(default=False)
    """It counts, and another department's says something else."""
    is_taken_back: Mapped[bool] = mapped_column(default=False)
    """The run was undone: it is kept and counts no more."""
    came_from: Mapped[int | None]
    """The merged record that it was copied from: back there, it goes from here (CUS-7)."""


_T = Opinion.__table__
_PLACE = ("entity", "record_id", "aspect")
_SAID = ("aspect", "department_id", "value", "note", "user_id", "at")


@dataclass(frozen=True)
class Told:
    """An opinion as pages and programs tell it."""

    id: int
    aspect: str
    value: str
    note: str
    at: Any
    is_current: bool
    is_disputed: bool
    is_taken_back: bool
    department: tuple[int, str, str]
    author: tuple[int, str, str]
    """Each as id, name, English name."""


def current(entity: str, record_id: int, aspects: Collection[str]) -> list[Told]:
    """The opinions that count about these aspects, by department, in one statement."""
    place = Department.__table__.c
    order = (place.position, place.name_sort, place.id, _T.c.aspect)
    return _told(_telling(entity, record_id, aspects).where(_T.c.is_current).order_by(*order))


def given(
    entity: str,
    record_id: int,
    aspects: Collection[str],
    *,
    before: int | None = None,
    limit: int | None = None,
) -> list[Told]:
    """All that were ever given, the newest first; those older than opinion ``before``."""
    found = _telling(entity, record_id, aspects).order_by(_T.c.id.desc()).limit(limit)
    return _told(found if before is None else found.where(_T.c.id < before))


def _telling(entity: str, record_id: int, aspects: Collection[str]) -> Select[Any]:
    """Tables, not models: the names of departments and colleagues are everybody's."""
    place, user = Department.__table__, User.__table__
    return (
        select(
            *(_T.c[key] for key in ("id", "aspect", "value", "note", "at")),
            *(_T.c[key] for key in ("is_current", "is_disputed", "is_taken_back")),
            *(place.c[key] for key in ("id", "name", "name_en")),
            *(user.c[key] for key in ("id", "name", "name_en")),
        )
        .join_from(_T, place, place.c.id == _T.c.department_id)
        .join(user, user.c.id == _T.c.user_id)
        .where(_T.c.entity == entity, _T.c.record_id == record_id, _T.c.aspect.in_(aspects))
    )


def _told(statement: Select[Any]) -> list[Told]:
    rows = db.session.execute(statement).all()
    parts = ((*row[:8], tuple(row[8:11]), tuple(row[11:])) for row in rows)
    return [Told(*one) for one in parts]


def counting(
    entity: str, records: Sequence[int], department: int
) -> dict[int, dict[str, tuple[str, str]]]:
    """What counts of that department by now: record to aspect to value and note."""
    rows = db.session.execute(
        select(_T.c.record_id, _T.c.aspect, _T.c.value, _T.c.note).where(
            _T.c.entity == entity,
            member_of(_T.c.record_id, records),
            _T.c.department_id == department,
            _T.c.is_current,
        )
    )
    found: dict[int, dict[str, tuple[str, str]]] = {record: {} for record in records}
    for record, aspect, value, note in rows:
        found[record][aspect] = value, note
    return found


def give(
    entity: str, records: Sequence[int], department: int, values: Mapping[str, str], note: str
) -> None:
    """The same opinions about several records, whose locks the caller holds, in my name."""
    said = {
        "entity": entity,
        "department_id": department,
        "note": note,
        "user_id": actor().user_id,
        "at": clock.now(),
        "operation_id": run_under_way(),
    }
    rows = [
        {**said, "record_id": record, "aspect": aspect, "value": value}
        for record in records
        for aspect, value in values.items()
    ]
    db.session.execute(insert(_T), rows)
    settle(entity, records)


def carry(source: str, target: str, became: Mapping[int, int], aspects: Collection[str]) -> None:
    """Copy what counts of records that became others (LEAD-1); the records keep theirs."""
    theirs = (_T.c.entity == source, member_of(_T.c.record_id, list(became)), _T.c.is_current)
    stated = select(_T).where(*theirs, _T.c.aspect.in_(aspects)).order_by(_T.c.id)
    found = db.session.execute(stated)
    rows = [
        {key: row[key] for key in _SAID}
        | {"entity": target, "record_id": became[row["record_id"]]}
        | {"operation_id": run_under_way()}
        for row in found.mappings()
    ]
    if rows:
        db.session.execute(insert(_T), rows)
        settle(target, sorted({row["record_id"] for row in rows}))


def take_back(run: int, entity: str, records: Sequence[int]) -> None:
    """What a run has brought to these records counts no more; what it had replaced does again."""
    mine = (_T.c.operation_id == run, _T.c.entity == entity, member_of(_T.c.record_id, records))
    if db.session.execute(update(_T).where(*mine).values(is_taken_back=True)).rowcount:  # type: ignore[attr-defined]
        settle(entity, records)


def dissolved(departments: Sequence[int]) -> None:
    """What departments thought that are no more is kept, and counts no more."""
    place = Department.__table__
    gone = (member_of(place.c.id, departments), place.c.deleted_at.is_not(None))
    counted = select(_T.c.entity, _T.c.record_id).join(place, place.c.id == _T.c.department_id)
    by_entity: dict[str, set[int]] = {}
    for entity, record in db.session.execute(counted.where(*gone, _T.c.is_current)):
        by_entity.setdefault(entity, set()).add(record)
    for entity, records in by_entity.items():
        settle(entity, sorted(records))


def settle(entity: str, records: Sequence[int]) -> None:
    """Mark anew which opinions about these records count, and which of those differ.

    The caller holds the records: two who judge one at once come here one after the other.
    """
    here = (_T.c.entity == entity, member_of(_T.c.record_id, records))
    other, place = _T.alias(), Department.__table__
    alive = exists().where(place.c.id == _T.c.department_id, place.c.deleted_at.is_(None))
    later = _same(other, "department_id").where(other.c.id > _T.c.id, ~other.c.is_taken_back)
    counts = and_(~_T.c.is_taken_back, alive, ~later)
    _mark(here, is_current=counts)
    differs = _same(other).where(other.c.is_current, other.c.value != _T.c.value)
    _mark(here, is_disputed=and_(_T.c.is_current, differs))


def _same(other: Any, *besides: str) -> Any:
    """Another opinion about the same aspect of the same record."""
    return exists().where(*(other.c[key] == _T.c[key] for key in (*_PLACE, *besides)))


def _mark(here: Sequence[ColumnElement[bool]], **marks: ColumnElement[bool]) -> None:
    """Write a mark where it isn't so yet."""
    ((key, is_so),) = marks.items()
    wrong = or_(and_(_T.c[key], ~is_so), and_(~_T.c[key], is_so))
    db.session.execute(update(_T).where(*here, wrong).values({key: ~_T.c[key]}))


def are_disputed(entity: Entity, aspects: Collection[str]) -> ColumnElement[bool]:
    """The condition "departments differ about one of these aspects" for a query over its rows."""
    differing = select(_T.c.record_id).where(
        _T.c.entity == entity.key, _T.c.is_disputed, _T.c.aspect.in_(sorted(aspects))
    )
    among: ColumnElement[bool] = entity.model.id.in_(differing)
    return among


def headed_by(user_id: int) -> list[int]:
    """The departments that somebody heads."""
    place = Department.__table__
    mine = (place.c.head_id == user_id, place.c.deleted_at.is_(None))
    return list(db.session.scalars(select(place.c.id).where(*mine)))


def alive() -> list[int]:
    """All departments that there are."""
    place = Department.__table__
    return list(db.session.scalars(select(place.c.id).where(place.c.deleted_at.is_(None))))
