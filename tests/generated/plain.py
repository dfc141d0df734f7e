"""Filters in plain Python: what each operator means, over rows as they are stored (contract §3).

Slow and obvious on purpose; imports nothing of the product. An operator that isn't here is one that
nobody has thought about, so it fails.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
Row = Mapping[str, Any]


def folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _text(test: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    return lambda stored, wanted: stored is not None and test(folded(stored), folded(wanted))


def _range(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda stored, wanted: stored is not None and test(stored, wanted)


def _not(name: str) -> Callable[[Any, Any], bool]:
    """The opposite; an empty value is not equal, not among and does not contain."""
    return lambda stored, wanted: stored is None or not OPERATORS[name](stored, wanted)


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda stored, wanted: stored == wanted,
    "rel_o_m": lambda stored, wanted: stored == wanted,
    "neq": _not("eq"),
    "nrel_o_m": _not("eq"),
    "ct": _text(lambda stored, wanted: wanted in stored),
    "nct": _not("ct"),
    "sw": _text(str.startswith),
    "nsw": _not("sw"),
    "ew": _text(str.endswith),
    "new": _not("ew"),
    "in": lambda stored, wanted: stored in wanted,
    "not_in": _not("in"),
    "gt": _range(lambda stored, wanted: stored > wanted),
    "ge": _range(lambda stored, wanted: stored >= wanted),
    "lt": _range(lambda stored, wanted: stored < wanted),
    "le": _range(lambda stored, wanted: stored <= wanted),
    "between": _range(lambda stored, wanted: wanted[0] <= stored <= wanted[1]),
    "within": _range(lambda stored, wanted: wanted[0] <= day_of(stored) < wanted[1]),
    "empty": lambda stored, _wanted: is_blank(stored),
    "not_empty": lambda stored, _wanted: not is_blank(stored),
    "rel_m_m": lambda stored, wanted: bool(set(stored) & set(wanted)),
    "any": lambda stored, wanted: bool(set(stored) & set(wanted)),
    "all": lambda stored, wanted: set(wanted) <= set(stored),
    "none": lambda stored, wanted: not set(stored) & set(wanted),
}


def is_blank(stored: Any) -> bool:
    return stored is None or stored == []


def day_of(value: date | datetime) -> date:
    return value.astimezone(ZONE).date() if isinstance(value, datetime) else value


def periods() -> dict[str, tuple[date, date]]:
    """Some periods, with their first day and the first day after them, on the reader's clock."""
    today = datetime.now(ZONE).date()
    week = today - timedelta(days=today.weekday())
    month = today.replace(day=1)
    following = (month + timedelta(days=32)).replace(day=1)
    day = timedelta(days=1)
    return {
        "today": (today, today + day),
        "yesterday": (today - day, today),
        "this_week": (week, week + 7 * day),
        "last_week": (week - 7 * day, week),
        "this_month": (month, following),
        "last_month": ((month - day).replace(day=1), month),
        "this_year": (date(today.year, 1, 1), date(today.year + 1, 1, 1)),
        "last_7_days": (today - 6 * day, today + day),
        "next_7_days": (today, today + 7 * day),
    }


def operand(
    operator: str, values: Sequence[Any], chance: random.Random, *, is_pick: bool
) -> tuple[Any, Any]:
    """What is asked for: as plain values for the oracle, and as JSON for the product."""
    if operator in ("empty", "not_empty"):
        return None, None
    if operator == "within":
        name, days = chance.choice(sorted(periods().items()))
        return days, name
    known = sorted({v for v in values if v not in (None, "")}, key=repr) or [None]
    if known == [None]:
        return None, None  # nothing is stored that could be asked for
    one, other = chance.choice(known), chance.choice(known)
    if operator in ("in", "not_in", "rel_m_m", "any", "all", "none"):
        return [one, other], [to_json(one), to_json(other)]
    if operator == "between":
        low, high = sorted([one, other])
        return (low, high), [to_json(low), to_json(high)]
    if operator in ("ct", "nct", "sw", "nsw", "ew", "new") and not is_pick:
        piece = {"s": one[:3], "e": one[-3:]}.get(operator.removeprefix("n")[0], one[1:4])
        return piece, piece
    return one, to_json(one)


def to_json(value: Any) -> Any:
    """A value as the contract's §2 writes it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    return f"{value:.2f}" if isinstance(value, Decimal) else value


def varied(kind: str, number: int, now: datetime) -> Any:
    """A value of a kind of field for the row of that number; every fifth row has none."""
    if number % 5 == 4:
        return None
    day = now.date() + timedelta(days=(number - 12) * 3)
    made: dict[str, Any] = {
        "text": ["Alpha", "beta%x_y", "Γamma", "海纳科技", "a\\b'c\"d"][number % 5] + f" {number}",
        "long_text": f"Line one\nline {number} of 备注",
        "phone": f"1381234{number:04}",
        "email": f"Person{number}@example{number % 3}.com",
        "url": f"https://site{number}.example/path",
        "integer": (number - 10) * 7,
        "money": Decimal(f"{number * 1000}.5{number % 10}"),
        "date": day,
        "datetime": datetime.combine(day, time(number % 24, 30), UTC),
        "boolean": number % 2 == 0,
        "birthday": f"19{70 + number}-0{number % 9 + 1}-15",
        "days": ["30", "A=7, *=30", "B=9"][number % 3],
        "repeat": ["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO", "FREQ=YEARLY;COUNT=9"][number % 3],
    }
    return made[kind]
