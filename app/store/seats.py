"""Team seats (CUS-4): read-only or read-write places on single records, with an optional end."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, delete, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec.types import UTCDateTime
from app.store.engine import inserting
from app.store.pools import TeamSeat
from app.store.scope import member_of


class SeatChange(db.Model):  # type: ignore[name-defined,misc]
    """What a bulk run did to a seat: level and end before it, no level where there was none."""

    __tablename__ = "operation_seat"

    operation_id: Mapped[int] = mapped_column(ForeignKey("operation_run.id"), primary_key=True)
    entity: Mapped[str] = mapped_column(String(40), primary_key=True)
    record_id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(primary_key=True)
    level: Mapped[str | None] = mapped_column(String(10))
    until: Mapped[Any] = mapped_column(UTCDateTime(), nullable=True)


def add(
    entity: str,
    places: Sequence[tuple[int, int]],
    level: str,
    until: datetime | None,
    *,
    run: int | None = None,
) -> None:
    """Give seats, as (record, person); somebody who has one gets the new level and end.

    What stood there before is kept with the ``run``, for its undo (BULK-5).
    """
    if not places:
        return
    if run is not None:
        have = of(entity, sorted({record for record, _user in places}))
        _note(run, entity, {(r, u): have.get(r, {}).get(u) for r, u in places})
    rows = [
        {"entity": entity, "record_id": r, "user_id": u, "level": level, "until": until}
        for r, u in places
    ]
    statement = inserting(TeamSeat.__table__)
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["entity", "record_id", "user_id"],
            set_={"level": statement.excluded.level, "until": statement.excluded.until},
        ),
        rows,
    )


def remove(
    entity: str, records: Sequence[int], people: Sequence[int], *, run: int | None = None
) -> None:
    """Take the seats of these people on these records away; kept with the ``run`` as in ``add``."""
    seat = TeamSeat.__table__.c
    gone = db.session.execute(
        delete(TeamSeat.__table__)
        .where(
            seat.entity == entity,
            member_of(seat.record_id, records),
            member_of(seat.user_id, people),
        )
        .returning(seat.record_id, seat.user_id, seat.level, seat.until)
    ).all()
    if run is not None:
        _note(run, entity, {(row.record_id, row.user_id): row for row in gone})


def _note(run: int, entity: str, before: Mapping[tuple[int, int], Any]) -> None:
    """Keep what stood there first: a run that touches a seat twice remembers the older state."""
    rows = [
        {
            "operation_id": run,
            "entity": entity,
            "record_id": record,
            "user_id": user,
            "level": seat and seat.level,
            "until": seat and seat.until,
        }
        for (record, user), seat in before.items()
    ]
    if rows:
        db.session.execute(inserting(SeatChange.__table__).on_conflict_do_nothing(), rows)


def put_back(run: int, entity: str, records: Sequence[int]) -> None:
    """The seats on these records as they were before the run (BULK-5)."""
    note, seat = SeatChange.__table__.c, TeamSeat.__table__.c
    of_run = (note.operation_id == run, note.entity == entity, member_of(note.record_id, records))
    same = (note.record_id == seat.record_id, note.user_id == seat.user_id)
    touched = select(note.user_id).where(*of_run, *same)
    db.session.execute(
        delete(TeamSeat.__table__).where(
            seat.entity == entity, member_of(seat.record_id, records), touched.exists()
        )
    )
    columns = ["entity", "record_id", "user_id", "level", "until"]
    stood = select(*(note[name] for name in columns)).where(*of_run, note.level.is_not(None))
    db.session.execute(insert(TeamSeat.__table__).from_select(columns, stood))


def united(
    have: Mapping[int, Mapping[int, Any]], survivor: Any, going: Sequence[Any]
) -> dict[int, tuple[str, datetime | None]]:
    """The seats that a survivor's team gains by a merger: person to level and end.

    The team of the others, each with the better seat, and their owners, who read on.
    """
    found: dict[int, tuple[str, datetime | None]] = {}
    mine = have.get(survivor.id, {})
    best = {user: (seat.level, seat.until) for user, seat in mine.items()}
    for row in going:
        team = [(user, (seat.level, seat.until)) for user, seat in have.get(row.id, {}).items()]
        for user, seat in [*team, (row.values.get("owner"), ("read", None))]:
            if not user or user == survivor.values.get("owner"):
                continue
            if user not in best or _rank(seat) > _rank(best[user]):
                best[user] = found[user] = seat
    return found


def _rank(seat: tuple[str, datetime | None]) -> tuple[bool, bool, float]:
    level, until = seat
    return level == "write", until is None, until.timestamp() if until else 0


def of(entity: str, records: Sequence[int]) -> dict[int, dict[int, Any]]:
    """The seats of many records in one statement: record to person to seat, ended ones too."""
    seat = TeamSeat.__table__
    found: dict[int, dict[int, Any]] = defaultdict(dict)
    rows = db.session.execute(
        select(seat)
        .where(seat.c.entity == entity, member_of(seat.c.record_id, records))
        .order_by(seat.c.record_id, seat.c.user_id)
    )
    for row in rows:
        found[row.record_id][row.user_id] = row
    return found
