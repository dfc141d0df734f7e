"""What a leaver has handed over (XFER-6): whose book, to whom each part of it, what became of that.

The run itself is an ``operation_run`` as any other. Its rows are of many kinds, so they stand here
and not in ``operation_item``; what was written into them stands in the history alone (0027).
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    JSON,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    false,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec import clock
from app.spec.errors import Conflict, NotFound
from app.spec.types import UTCDateTime
from app.store.many import insert_many
from app.store.runs import PENDING
from app.store.scope import member_of


class HandOver(db.Model):  # type: ignore[name-defined,misc]
    """One hand-over: whose book it is, and what has to be done when it is through."""

    __tablename__ = "hand_over"
    __table_args__ = (
        Index(
            "ix_hand_over_person_id",
            "person_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    operation_id: Mapped[int] = mapped_column(
        ForeignKey("operation_run.id"), primary_key=True, autoincrement=False
    )
    person_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    disables: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether his account is disabled at the end."""
    ended_at: Mapped[Any] = mapped_column(UTCDateTime(), nullable=True)
    """Until then nobody begins another one of the same person: the index sees to it."""
    result: Mapped[Any] = mapped_column(JSON, default=dict)
    """What was said at the end: whether the account was disabled, and why not."""


class HandOverItem(db.Model):  # type: ignore[name-defined,misc]
    """A record, the place that its person has in it, and who is to have that place."""

    __tablename__ = "hand_over_item"
    __table_args__ = (
        Index("ix_hand_over_item_record", "operation_id", "place", "record_id", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    operation_id: Mapped[int] = mapped_column(Integer)
    place: Mapped[str] = mapped_column(String(81))
    record_id: Mapped[int] = mapped_column(Integer)
    receiver_id: Mapped[int | None] = mapped_column(Integer)
    outcome: Mapped[str] = mapped_column(String(10), default=PENDING)
    code: Mapped[str] = mapped_column(String(40), default="")
    reason: Mapped[str] = mapped_column(Text, default="")


_I = HandOverItem.__table__
_BUSY = _l("Somebody is handing over what this person has at this moment.")


def begin(run: int, person: int, *, disables: bool) -> None:
    """Note that a person's things are being handed over; Conflict when they are already."""
    row = {"operation_id": run, "person_id": person, "disables": disables, "result": {}}
    try:
        with db.session.begin_nested():
            db.session.execute(insert(HandOver.__table__), [row])
    except IntegrityError:
        raise Conflict(_BUSY) from None


def go_on(run: int) -> None:
    """Note that a hand-over that had ended early goes on; Conflict as for ``begin``."""
    ended = (HandOver.operation_id == run, HandOver.ended_at.is_not(None))
    try:
        with db.session.begin_nested():
            db.session.execute(update(HandOver).where(*ended).values(ended_at=None))
    except IntegrityError:
        raise Conflict(_BUSY) from None


def end(run: int, result: Mapping[str, Any]) -> None:
    """Note that it is through, or goes no further for now, and what was said then."""
    values = {"ended_at": clock.now(), "result": dict(result)}
    db.session.execute(update(HandOver).where(HandOver.operation_id == run).values(**values))


def of(run: int) -> HandOver:
    """The hand-over of a run; NotFound when that run is none."""
    found: HandOver | None = db.session.scalar(
        select(HandOver)
        .where(HandOver.operation_id == run)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    return found


def add(run: int, items: Iterable[tuple[str, int, int | None]]) -> int:
    """Note what is to be done, as (place, record, receiver), in this order; how many."""
    rows = [
        {"operation_id": run, "place": place, "record_id": record, "receiver_id": receiver}
        for place, record, receiver in items
    ]
    insert_many(_I, rows)
    return len(rows)


def next_ones(run: int, after: int, most: int) -> list[Any]:
    """The next things to do of a run that are about the same place, in their order."""
    waiting = (_I.c.operation_id == run, _I.c.id > after, _I.c.outcome == PENDING)
    found = db.session.execute(select(_I).where(*waiting).order_by(_I.c.id).limit(most)).all()
    return list(takewhile(lambda one: one.place == found[0].place, found))


def settle(run: int, items: Sequence[Any], left: Mapping[int, tuple[str, str]]) -> None:
    """Note what became of these: done, unless left out with a code and a reason, by their id."""
    done = [one.id for one in items if one.id not in left]
    mine = (_I.c.operation_id == run, member_of(_I.c.id, done))
    db.session.execute(update(_I).where(*mine).values(outcome="done"))
    for number, (code, reason) in left.items():
        told = {"outcome": "skipped", "code": code, "reason": reason}
        db.session.execute(update(_I).where(_I.c.id == number).values(**told))


def counts(run: int, *, after: int = 0) -> list[tuple[str, int | None, str, int]]:
    """How many, by place, receiver and what became of it; of those that come ``after`` one."""
    by = (_I.c.place, _I.c.receiver_id, _I.c.outcome)
    mine = (_I.c.operation_id == run, _I.c.id > after)
    found = select(*by, func.count(), func.min(_I.c.id)).where(*mine)
    rows = db.session.execute(found.group_by(*by).order_by(func.min(_I.c.id)))
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def items(run: int, outcome: str = "", limit: int | None = None) -> list[Any]:
    """What became of each, in their order; the first ``limit`` of them."""
    found = select(_I).where(_I.c.operation_id == run).order_by(_I.c.id).limit(limit)
    if outcome:
        found = found.where(_I.c.outcome == outcome)
    return list(db.session.execute(found))


def skipped(run: int, places: Iterable[str]) -> set[tuple[str, int]]:
    """The records that a run has left out in these places, as (place, record)."""
    left = (_I.c.operation_id == run, _I.c.outcome == "skipped", _I.c.place.in_(list(places)))
    found = db.session.execute(select(_I.c.place, _I.c.record_id).where(*left))
    return {(row.place, row.record_id) for row in found}


def last_done(run: int) -> int:
    """The last of those that are done, in their order."""
    mine = (_I.c.operation_id == run, _I.c.outcome == "done")
    return db.session.scalar(select(func.max(_I.c.id)).where(*mine)) or 0


def records_done(run: int) -> list[tuple[str, int]]:
    """The records that a run has changed, as (place, record), in the order of the changes."""
    done = (_I.c.operation_id == run, _I.c.outcome == "done")
    found = select(_I.c.place, _I.c.record_id).where(*done).order_by(_I.c.id)
    return [(row.place, row.record_id) for row in db.session.execute(found)]
