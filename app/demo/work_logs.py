"""The work logs of the demo company's last days: most have written theirs (LOG)."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from app.spec import workdays
from app.spec.catalogue import catalogue
from app.store.writer import Context, insert_rows

DAYS = 5
AUTHORS = {
    "sales1a": "leader1",
    "sales1b": "leader1",
    "clerk1": "leader1",
    "sales2a": "leader2",
    "sales2c": "leader3",
    "leader1": "manager",
}
"""Who writes to whom."""
_DONE = (
    ("拜访两家客户，介绍新产品。", "寄送报价单。", ""),
    ("Called twelve customers; two want an offer.", "Write the offers.", "The price list is old."),
    ("跟进三个线索，其中一个转化为客户。", "约下周演示时间。", "对方采购流程较长。"),
    ("Prepared the fair with marketing.", "Invite the ten largest customers.", ""),
)


def write(people: Mapping[str, int], today: date) -> None:
    """Store them; the last one to be due has not been written by everybody."""
    rows = list(_rows(people, today))
    insert_rows(catalogue.get("work_log"), rows, Context("create"))


def _rows(people: Mapping[str, int], today: date) -> Iterator[dict[str, Any]]:
    calendar, day, left = workdays.calendar(), today, DAYS
    number = 0
    while left:
        if calendar.works(day):
            for who, to in AUTHORS.items():
                number += 1
                if left < DAYS or number % 2:
                    yield _row(number, day, people[who], people[to])
            left -= 1
        day -= timedelta(days=1)


def _row(number: int, day: date, owner: int, to: int) -> dict[str, Any]:
    done, then, problems = _DONE[number % len(_DONE)]
    return {
        "name": f"{'日报' if number % 2 else 'Work log'} {day.isoformat()}",
        "kind": "daily",
        "day": day,
        "done": done,
        "next_steps": then,
        "problems": problems or None,
        "owner": owner,
        "created_by": owner,
        "created_at": datetime.combine(day, time(9, 40), tzinfo=UTC),
        "recipients": [to],
    }
