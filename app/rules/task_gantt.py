"""Tasks by person over some weeks, from when they were made until they are due (TASK)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select

from app.extensions import db
from app.rules import task_board
from app.rules.task_board import KEY, entity
from app.spec import clock
from app.spec.errors import NotPermitted
from app.store import filters, titles
from app.store.context import operating
from app.store.policy import Policy
from app.store.scope import member_of

MOST = 12
"""So many tasks of a person are drawn; the rest is in the list that their number leads to."""
DRAWN = ("open", "done")
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Bar:
    """A task between two days of its reader."""

    id: int
    title: str
    begins: date
    due: date
    is_done: bool

    @property
    def urgency(self) -> str:
        """``over`` for what is done; ``late`` for what was due before today, or ``today``."""
        if self.is_done:
            return "over"
        today = clock.today()
        return "late" if self.due < today else "today" if self.due == today else ""


@dataclass(frozen=True)
class Line:
    """What one person has to do in that time: the first of them, and how many there are."""

    bars: Sequence[Bar] = ()
    count: int = 0


def policy() -> Policy:
    """What the reader sees of tasks; NotPermitted when that is too little for a picture."""
    found = task_board.policy()
    if not {"title", "created_at"} <= set(found.plain):
        raise NotPermitted
    return found


def lines(people: Sequence[int], first: date, after: date) -> dict[int, Line]:
    """The tasks of these people that lie between the days, as far as their reader lists them.

    Open or done ones with a due time, what is due first on top: one statement, however many.
    """
    policy()
    ranked = _ranked(people, first, after)
    statement = select(ranked).where(ranked.c.rank <= MOST).order_by(ranked.c.rank)
    with operating("list", KEY):
        rows = db.session.execute(statement).all()
    bars: dict[int, list[Bar]] = {}
    counts: dict[int, int] = {}
    for row in rows:
        bars.setdefault(row.owner_id, []).append(_bar(row))
        counts[row.owner_id] = row.number
    return {person: Line(bars.get(person, ()), counts.get(person, 0)) for person in people}


def _ranked(people: Sequence[int], first: date, after: date) -> Any:
    """Each person's tasks of that time in their order, with how many there are."""
    model = entity().model
    order = (model.due_at, model.id)
    columns = (model.id, model.title, model.created_at, model.due_at, model.status, model.owner_id)
    rank = func.row_number().over(partition_by=model.owner_id, order_by=order)
    number = func.count().over(partition_by=model.owner_id)
    return (
        select(*columns, rank.label("rank"), number.label("number"))
        .where(
            member_of(model.owner_id, people),
            model.status.in_(DRAWN),
            model.due_at >= filters.midnight(first),
            model.created_at < filters.midnight(after),
        )
        .subquery()
    )


def _bar(row: Any) -> Bar:
    due = clock.local(row.due_at).date()
    begins = min(clock.local(row.created_at).date(), due)
    return Bar(row.id, titles.called(row.title), begins, due, row.status == "done")
