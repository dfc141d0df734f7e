"""Named periods are half-open, start on Mondays, and unknown names are refused (LIST-2)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.spec.errors import BadRequest
from app.store.periods import NAMED, period

SATURDAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("name", "start", "after"),
    [
        ("today", date(2026, 11, 21), date(2026, 11, 22)),
        ("yesterday", date(2026, 11, 20), date(2026, 11, 21)),
        ("this_week", date(2026, 11, 16), date(2026, 11, 23)),
        ("last_week", date(2026, 11, 9), date(2026, 11, 16)),
        ("next_month", date(2026, 12, 1), date(2027, 1, 1)),
        ("last_month", date(2026, 10, 1), date(2026, 11, 1)),
        ("this_quarter", date(2026, 10, 1), date(2027, 1, 1)),
        ("last_year", date(2025, 1, 1), date(2026, 1, 1)),
        ("last_7_days", date(2026, 11, 15), date(2026, 11, 22)),
        ("next_7_days", date(2026, 11, 21), date(2026, 11, 28)),
    ],
)
def test_periods_of_a_known_day(name: str, start: date, after: date) -> None:
    assert period(name, SATURDAY) == (start, after)


@pytest.mark.parametrize("name", ["", "week", "this_", "last_0x_days", "this_day", "@today"])
def test_unknown_periods_are_refused(name: str) -> None:
    with pytest.raises(BadRequest):
        period(name, SATURDAY)


@given(st.dates(min_value=date(1990, 1, 1), max_value=date(2090, 1, 1)))
def test_this_period_holds_today_and_touches_its_neighbours(today: date) -> None:
    for unit in ("week", "month", "quarter", "year"):
        start, after = period(f"this_{unit}", today)
        assert start <= today < after
        assert period(f"last_{unit}", today)[1] == start
        assert period(f"next_{unit}", today)[0] == after
        assert (after - start) >= timedelta(days=7)
    assert {"this_week", "today", "next_year"} <= set(NAMED)
