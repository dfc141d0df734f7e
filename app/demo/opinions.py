"""What departments of the demo company think of a few of its customers (CUS-5)."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.spec.catalogue import catalogue
from app.store import bulk_load, opinions
from app.store.opinions import Opinion
from app.store.organisation import User

COLUMNS = (
    *("entity", "record_id", "user_id", "department_id", "at", "aspect", "value", "note"),
    *("is_current", "is_disputed", "is_taken_back"),
)
JUDGED = 40
"""So many customers, however large the company is."""
_SALES = (
    ("A", "high", "今年有两个新项目。"),
    ("B", "medium", ""),
    ("A", "medium", "Asks for a quote."),
)
_SERVICE = (("C", "low", "投诉较多，回款慢。"), ("B", "medium", ""), ("A", "high", "Always kind."))


def give(today: date) -> None:
    """The owner's department judges them, service every other one: not always alike."""
    model = catalogue.get("customer").model
    asked = (
        select(model.id, model.owner_id, User.department_id)
        .join(User, User.id == model.owner_id)
        .order_by(model.id)
        .limit(JUDGED)
    )
    found = db.session.execute(asked).all()
    if not found:
        return
    colleague = db.session.execute(
        select(User.id, User.department_id).where(User.username == "service")
    ).one()
    moment = datetime.combine(today, time(2), tzinfo=UTC)
    rows = [
        row
        for number, customer in enumerate(found)
        for row in _of(number, customer, colleague, moment)
    ]
    bulk_load.fill_table(Opinion.__table__, COLUMNS, rows)
    opinions.settle("customer", [customer.id for customer in found])


def _of(number: int, customer: Any, colleague: Any, moment: datetime) -> Iterator[Sequence[Any]]:
    said = _SALES[number % len(_SALES)]
    yield from _said(said, customer.id, customer[1:], moment - timedelta(days=90 - number))
    if number % 2:
        said = _SERVICE[number % len(_SERVICE)]
        yield from _said(said, customer.id, colleague, moment - timedelta(days=30 - number % 20))


def _said(
    said: Sequence[str], record: int, who: Sequence[int], at: datetime
) -> Iterator[Sequence[Any]]:
    *values, note = said
    for aspect, value in zip(("level", "willingness"), values, strict=True):
        marks = (False, False, False)  # settled afterwards
        yield ("customer", record, *who, at, aspect, value, note, *marks)
