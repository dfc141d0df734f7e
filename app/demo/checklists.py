"""The small steps of some of the demo company's tasks (TASK)."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.spec.catalogue import catalogue
from app.store import bulk_load
from app.store.checklists import ChecklistLine

COLUMNS = ("entity", "record_id", "place", "text", "done_at", "done_by_id")
KEY = "task"
_STEPS = {
    4: ("整理客户需求", "准备报价单", "请主管审核", "发送给客户"),
    3: ("Look up the last offer", "Call the buyer", "Write down what was said"),
}
"""A list by its length."""


def told(number: int, *, is_english: bool) -> str | None:
    """What a task tells of its steps: every fourth has some, a few of them done."""
    total = 3 if is_english else 4
    return None if number % 4 else f"{number // 4 % (total + 1)}/{total}"


def write(today: date) -> None:
    """Store the steps that tasks tell of."""
    moment = datetime.combine(today, time(4), tzinfo=UTC)
    bulk_load.fill_table(ChecklistLine.__table__, COLUMNS, list(_rows(moment)))


def _rows(moment: datetime) -> Iterator[Sequence[Any]]:
    model = catalogue.get(KEY).model
    asked = select(model.id, model.owner_id, model.checklist).where(model.checklist.is_not(None))
    for record, owner, said in db.session.execute(asked.order_by(model.id)).all():
        done, total = map(int, said.split("/"))
        for place, text in enumerate(_STEPS[total], start=1):
            by = (moment, owner) if place <= done else (None, None)
            yield KEY, record, place, text, *by
