"""The calendar of the demo company: visits and calls, weekly meetings, a day of training (EVT)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from app.demo.company import UserRow
from app.spec import clock, recurring
from app.spec.roles import SALES_MANAGER

_EVERY = 12
"""Every so many customers have an event."""
_VISITS = (
    ("visit", "拜访", "Visit", 90),
    ("call", "电话沟通", "Call", 30),
    ("demonstration", "产品演示", "Demonstration", 120),
    ("meeting", "方案讨论", "Talk about the proposal", 60),
)
_EIGHT = time(tzinfo=UTC)  # eight o'clock in Shanghai
_ZONE = clock.DEFAULT_ZONE
Row = dict[str, Any]


def visits(
    customers: Iterable[Mapping[str, Any]], today: date, users: Sequence[UserRow]
) -> Iterator[Row]:
    """Events about these customers (rows of ``customers``): one for every twelfth that is owned.

    ``customer`` is its key; people are usernames. Every fourth has the owner's superior take part.
    """
    superiors = {row["username"]: row["superior"] for row in users}
    for customer in customers:
        number, over = divmod(customer["key"], _EVERY)
        if not over and customer["owner"]:
            is_english = customer["name"].isascii()
            kind, zh, en, minutes = _VISITS[number % len(_VISITS)]
            day = datetime.combine(today, _EIGHT) + timedelta(days=number % 23 - 8)
            start = day + timedelta(minutes=30 * (number % 17))
            above = superiors.get(customer["owner"])
            yield _row(
                customer["owner"],
                title=f"{en} · {customer['name']}" if is_english else f"{zh}：{customer['name']}",
                kind=kind,
                starts_at=start,
                ends_at=start + timedelta(minutes=minutes),
                reminder_minutes=(15, None, 60)[number % 3],
                place=customer["address"] if kind == "visit" else None,
                participants=[above] if above and number % 4 == 0 else [],
                customer=customer["key"],
            )


def meetings(users: Sequence[UserRow], today: date) -> Iterator[Row]:
    """Every manager's weekly meeting with his people, and a whole day of training."""
    monday = datetime.combine(today - timedelta(days=today.weekday() + 14), _EIGHT)
    for number, row in enumerate(users):
        people = [one["username"] for one in users if one["superior"] == row["username"]]
        if SALES_MANAGER in row["roles"] and people:
            is_english = row["language"] == "en"
            start = monday + timedelta(days=number % 5, hours=1)
            yield _row(
                row["username"],
                title="Weekly meeting" if is_english else "部门周会",
                starts_at=start,
                ends_at=start + timedelta(hours=1),
                repeat="FREQ=WEEKLY",
                reminder_minutes=10,
                participants=people,
            )
            day = monday + timedelta(days=17 + number % 5) - timedelta(hours=8)
            yield _row(
                row["username"],
                title="Product training" if is_english else "新产品培训",
                kind="training",
                starts_at=day,
                ends_at=day + timedelta(days=1, seconds=-1),
                is_all_day=True,
                participants=people,
            )


def _row(owner: str, **values: Any) -> Row:
    start, end = values["starts_at"], values["ends_at"]
    repeat, is_all_day = values.get("repeat"), values.get("is_all_day", False)
    found = recurring.of(start, end, is_all_day=is_all_day, repeat=repeat, zone=_ZONE)
    return {
        "kind": "meeting",
        "repeat": None,
        "is_all_day": False,
        "reminder_minutes": None,
        "place": None,
        "customer": None,
        "lead": None,
        "contact": None,
        "description": None,
        "timezone": _ZONE,
        "lasts_until": recurring.lasts_until(found),
        "owner": owner,
        "created_by": owner,
        "created_at": start - timedelta(days=20),
        **values,
    }
