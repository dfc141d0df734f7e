"""Team seats (CUS-4): read-only or read-write places on single records, with an optional end."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from app.extensions import db
from app.store.gate import member_of
from app.store.pools import TeamSeat


def add(entity: str, places: Sequence[tuple[int, int]], level: str, until: datetime | None) -> None:
    """Give seats, as (record, person); somebody who has one gets the new level and end."""
    if not places:
        return
    dialect: Any = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    rows = [
        {"entity": entity, "record_id": r, "user_id": u, "level": level, "until": until}
        for r, u in places
    ]
    statement = dialect.insert(TeamSeat.__table__)
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["entity", "record_id", "user_id"],
            set_={"level": statement.excluded.level, "until": statement.excluded.until},
        ),
        rows,
    )


def remove(entity: str, records: Sequence[int], people: Sequence[int]) -> None:
    """Take the seats of these people on these records away."""
    seat = TeamSeat.__table__.c
    db.session.execute(
        delete(TeamSeat.__table__).where(
            seat.entity == entity,
            member_of(seat.record_id, records),
            member_of(seat.user_id, people),
        )
    )


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
