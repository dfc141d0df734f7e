"""The working calendar: on which days the company works, as its admins say (SET-1).

A make-up day (调休) is worked whatever else it is, also inside a holiday; a holiday is off; all
other days are as their day of the week.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from app.spec.day_spans import DaysField, read
from app.spec.kinds import ChoicesField
from app.spec.options import fixed, option
from app.spec.settings import Chapter, Setting, declare, value
from app.spec.words import Label, listed

WEEK = fixed(
    "day_of_week",
    "Day of the week",
    "星期",
    option("mon", "Mon", "周一"),
    option("tue", "Tue", "周二"),
    option("wed", "Wed", "周三"),
    option("thu", "Thu", "周四"),
    option("fri", "Fri", "周五"),
    option("sat", "Sat", "周六"),
    option("sun", "Sun", "周日"),
)
DAY = timedelta(days=1)


class WeekField(ChoicesField):
    """Days of the week in their order; none at all is nothing, as no week goes without work."""

    def parse(self, raw: Any) -> tuple[str, ...] | None:
        chosen = super().parse(raw or [])
        return tuple(code for code in self.choices.codes() if code in chosen) or None

    def from_json(self, value: Any) -> Any:
        return self.parse(value)

    def to_text(self, value: Any) -> str:
        return listed(self.choices.text(code) for code in value or ())


@dataclass(frozen=True)
class Calendar:
    """Weekdays from Monday, 0, of which there must be one; days that differ from them, by name."""

    week: frozenset[int]
    holidays: Mapping[date, str]
    made_up: Mapping[date, str]

    def __post_init__(self) -> None:
        if not self.week & set(range(7)):
            raise ValueError("a week without a working day never comes to an end")

    def works(self, day: date) -> bool:
        """Whether it is a working day."""
        if day in self.made_up:
            return True
        return day.weekday() in self.week and day not in self.holidays

    def after(self, day: date, n: int = 1) -> date:
        """The n-th working day after that day, which itself counts for nothing; n is at least 1."""
        if n < 1:
            raise ValueError(n)
        while n:
            day += DAY
            n -= self.works(day)
        return day

    def between(self, start: date, after: date) -> int:
        """How many working days there are from the first day to the one before ``after``."""
        return sum(self.works(start + n * DAY) for n in range((after - start).days))


WORKING_DAYS: Setting[tuple[str, ...]] = declare(
    "working_days",
    WeekField(
        label=Label("Working days", "每周工作日"),
        choices=WEEK,
        default=("mon", "tue", "wed", "thu", "fri"),
    ),
    Chapter.CALENDAR,
)
HOLIDAYS: Setting[str] = declare(
    "holidays",
    DaysField(
        label=Label("Holidays", "节假日"),
        max_length=8_000,
        default="",
        help=Label(
            "A day or a range a line, as 2027-01-01 ~ 01-03 New Year.",
            "每行一天或一段，如 2027-01-01 ~ 01-03 元旦。",
        ),
    ),
    Chapter.CALENDAR,
)
MAKE_UP_DAYS: Setting[str] = declare(
    "make_up_days",
    DaysField(
        label=Label("Make-up working days", "调休上班日"),
        max_length=8_000,
        default="",
        help=Label(
            "Written alike. Such a day is worked even if it lies in a holiday.",
            "写法相同。即使在节假日期间，调休上班日也要上班。",
        ),
    ),
    Chapter.CALENDAR,
)


def calendar() -> Calendar:
    """The one that holds now."""
    codes = WEEK.codes()
    week = frozenset(codes.index(code) for code in value(WORKING_DAYS))
    return Calendar(week, _named(value(HOLIDAYS)), _named(value(MAKE_UP_DAYS)))


@lru_cache(maxsize=16)
def _named(text: str) -> Mapping[date, str]:
    """The days of a list with their names."""
    return MappingProxyType({day: span.name for span in read(text) for day in span})
