"""The tasks of the demo company: what its people still have to do, and what they have done."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from app.demo import checklists
from app.demo.company import UserRow

_EVERY = 5
"""Every so many customers have a task."""
_TITLES = (
    ("回访客户", "Call back"),
    ("发送报价单", "Send the offer"),
    ("准备合同草案", "Prepare a draft contract"),
    ("安排产品演示", "Arrange a demonstration"),
    ("核对开票信息", "Check the invoice details"),
    ("整理会议纪要", "Write up the meeting"),
    ("确认交货日期", "Confirm the delivery date"),
)
_BUCKETS = ("inbox", "today", "next", "later")
_PRIORITIES = ("none", "normal", "high", "low", "normal")
_STATUSES = ("open", "open", "done", "open", "open", "done", "open", "open", "cancelled")
_NINE = time(1, tzinfo=UTC)  # nine o'clock in Shanghai
Row = dict[str, Any]


def tasks(
    customers: Iterable[Mapping[str, Any]], today: date, users: Sequence[UserRow]
) -> Iterator[Row]:
    """The tasks about these customers (rows of ``customers``): one for every fifth that is owned.

    ``customer`` is its key; people are usernames. Every third has the owner's superior take part.
    """
    superiors = {row["username"]: row["superior"] for row in users}
    for customer in customers:
        number, over = divmod(customer["key"], _EVERY)
        if not over and customer["owner"]:
            yield _task(number, customer, today, superiors)


def _task(
    number: int, customer: Mapping[str, Any], today: date, superiors: Mapping[str, str | None]
) -> Row:
    is_english = customer["name"].isascii()
    title = _TITLES[number % len(_TITLES)][is_english]
    status = _STATUSES[number % len(_STATUSES)]
    morning = datetime.combine(today, _NINE)
    due = morning + timedelta(days=number % 17 - 5, minutes=30 * (number % 16))
    made = morning - timedelta(days=7 + number % 5)
    above = superiors.get(customer["owner"])
    is_due = number % 8 != 7
    return {
        "title": f"{title}{' · ' if is_english else '：'}{customer['name']}",
        "status": status,
        "priority": _PRIORITIES[number % len(_PRIORITIES)],
        "due_at": due if is_due else None,
        "reminder_minutes": 30 if is_due and number % 5 == 0 else None,
        "bucket": _BUCKETS[number % len(_BUCKETS)],
        "participants": [above] if above and number % 3 == 0 else [],
        "customer": customer["key"],
        "description": None,
        "checklist": checklists.told(number, is_english=is_english),
        "done_at": made + timedelta(days=2) if status == "done" else None,
        "owner": customer["owner"],
        "created_at": made,
        "created_by": customer["owner"],
    }
