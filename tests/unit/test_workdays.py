"""Which days are worked, and how lists of days are understood from typing (SET-1)."""

from datetime import date

import pytest

from app.spec import settings
from app.spec.day_spans import Span, read
from app.spec.workdays import HOLIDAYS, MAKE_UP_DAYS, WORKING_DAYS, Calendar, calendar

NEW_YEAR = (Span(date(2026, 12, 31), date(2027, 1, 3), "元旦"),)
DAYS = {day: span.name for span in NEW_YEAR for day in span}
USUAL = frozenset(range(5))
OURS = Calendar(USUAL, DAYS, {date(2027, 1, 2): "", date(2027, 1, 10): "make up"})
"""Thursday to Sunday off, over a year's end; the Saturday of them and a later Sunday worked."""


def test_a_make_up_day_wins_over_a_holiday_and_both_over_the_week() -> None:
    worked = [day for day in range(1, 12) if OURS.works(date(2027, 1, day))]
    assert worked == [2, 4, 5, 6, 7, 8, 10, 11]
    assert not OURS.works(date(2026, 12, 31))
    assert OURS.works(date(2026, 12, 30))


def test_so_many_working_days_on() -> None:
    last = date(2026, 12, 30)
    assert [OURS.after(last, n) for n in (1, 2, 7)] == [
        date(2027, 1, 2),
        date(2027, 1, 4),
        date(2027, 1, 10),
    ]
    assert OURS.after(date(2027, 1, 3)) == date(2027, 1, 4)
    with pytest.raises(ValueError, match="0"):
        OURS.after(last, 0)


def test_working_days_between_leave_the_second_day_out() -> None:
    """As periods do: what is counted twice is counted once each."""
    start, middle, end = date(2026, 12, 28), date(2027, 1, 2), date(2027, 1, 12)
    assert OURS.between(start, middle) == 3
    assert OURS.between(middle, end) == 8
    assert OURS.between(start, end) == 11
    assert OURS.between(start, start) == 0


def test_a_week_without_any_working_day_is_refused() -> None:
    """It never came to an end; on the page an emptied week goes back to the default."""
    for week in ((), (7,)):
        with pytest.raises(ValueError, match="week"):
            Calendar(frozenset(week), {}, {})
    assert [WORKING_DAYS.field.parse(none) for none in (None, "", [], [""])] == [None] * 4
    assert WORKING_DAYS.field.parse(["sun", "mon", "mon"]) == ("mon", "sun")


def test_the_calendar_is_what_admins_set() -> None:
    token = settings.live.set(
        {
            WORKING_DAYS.key: WORKING_DAYS.field.from_json(["sun", "mon"]),
            HOLIDAYS.key: "2027-01-03 元旦",
            MAKE_UP_DAYS.key: "2027-01-08",
        }
    )
    try:
        worked = [day for day in range(1, 12) if calendar().works(date(2027, 1, day))]
    finally:
        settings.live.reset(token)
    assert worked == [4, 8, 10, 11]


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("2027-01-01", ["2027-01-01"]),
        ("元旦：2027年1月1日（周五）至3日（周日）", ["2027-01-01 ~ 2027-01-03 元旦"]),
        ("2026/12/31 - 1/2 New Year", ["2026-12-31 ~ 2027-01-02 New Year"]),
        ("2027.5.1—2027.5.5，劳动节", ["2027-05-01 ~ 2027-05-05 劳动节"]),
        ("2027-10-01-07 国庆节", ["2027-10-01 ~ 2027-10-07 国庆节"]),
        ("2027-10-01 to 10-07 National Day", ["2027-10-01 ~ 2027-10-07 National Day"]),
        ("２０２７－０２－２８，2027-02-14 调休", ["2027-02-14 调休", "2027-02-28 调休"]),
        ("2027-12-20 ~ 02-29", ["2027-12-20 ~ 2028-02-29"]),
        ("2027-02-01\n\n  2027-01-01 \n2027-02-01", ["2027-01-01", "2027-02-01"]),
        ("2027-04-05 清明节(法定)", ["2027-04-05 清明节(法定)"]),
    ],
)
def test_days_are_understood_as_people_write_them(typed: str, stored: list[str]) -> None:
    assert [str(span) for span in read(typed)] == stored
    assert HOLIDAYS.field.parse("\n".join(stored)) == "\n".join(stored)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("2027-01-01\n10月1日 国庆节", "Line 2: There is no date with year"),
        ("2027-02-29", "There is no day 2027-02-29"),
        ("2027-13-01", "There is no day 2027-13-01"),
        ("1027-01-01", "year must be"),
        ("2027-10-07 ~ 10-01", "2027-10-07 ~ 2027-10-01 is no range"),
        ("2027-01-01 ~ 2072-01-03", "is no range of 1 to 92 days"),
        ("2027-10-01 10-07", "“10-07” is not understood"),
        ("2027-10-01 2027-10-07", "“2027-10-07” is not understood"),
        ("2027-10-001", "There is no date"),
        (f"2027-10-01 {'节' * 41}", "At most 40 characters"),
        ("2027-02-30\nx\n2027-02-28", "2027-02-30. Line 2: "),
    ],
)
def test_what_is_no_day_is_refused_with_its_line(typed: str, said: str) -> None:
    with pytest.raises(ValueError, match="Line") as refusal:
        HOLIDAYS.field.parse(typed)
    assert said in str(refusal.value)
    with pytest.raises(ValueError, match="Line"):
        HOLIDAYS.field.from_json(typed)


def test_what_is_taken_can_be_read_again() -> None:
    """Also what is longer written out than it was typed."""
    lines = [f"{year}-{month}-1~3" for year in range(2027, 2063) for month in range(1, 13)]
    kept = HOLIDAYS.field.parse("\n".join(lines[:300]))
    assert HOLIDAYS.field.from_json(kept) == kept
    with pytest.raises(ValueError, match="At most 8000 characters"):
        HOLIDAYS.field.parse("\n".join(lines))


@pytest.mark.parametrize("setting", [WORKING_DAYS, HOLIDAYS])
@pytest.mark.parametrize("stored", [5, ["no day"], {"mon": 1}])
def test_what_was_stored_as_something_else_is_not_understood(
    setting: settings.Setting[object], stored: object
) -> None:
    """So that the default holds; nothing breaks where it is read."""
    with pytest.raises(ValueError, match=r"text|choice"):
        setting.field.from_json(stored)
