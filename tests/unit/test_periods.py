"""Named periods are half-open, start on Mondays, and unknown names are refused (LIST-2)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.spec.errors import BadRequest
from app.store.figures import change
from app.store.periods import before, edges, last_year, period

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
        ("over_7_days_ago", date(1900, 1, 1), date(2026, 11, 15)),
    ],
)
def test_periods_of_a_known_day(name: str, start: date, after: date) -> None:
    assert period(name, SATURDAY) == (start, after)


@pytest.mark.parametrize(
    "name",
    ["", "week", "this_", "last_0x_days", "this_day", "@today", "over_7_days", "last_7_days_ago"],
)
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


@pytest.mark.parametrize(
    ("name", "days", "earlier", "a_year_earlier"),
    [
        ("this_month", "2026-03-01 2026-04-01",
         "2026-02-01 2026-03-01", "2025-03-01 2025-04-01"),
        ("last_month", "2028-02-01 2028-03-01",
         "2028-01-01 2028-02-01", "2027-02-01 2027-03-01"),
        ("this_quarter", "2026-01-01 2026-04-01",
         "2025-10-01 2026-01-01", "2025-01-01 2025-04-01"),
        ("this_week", "2026-11-16 2026-11-23",
         "2026-11-09 2026-11-16", "2025-11-17 2025-11-24"),
        ("last_30_days", "2026-10-23 2026-11-22",
         "2026-09-23 2026-10-23", "2025-10-23 2025-11-22"),
        ("today", "2028-02-29 2028-03-01",
         "2028-02-28 2028-02-29", "2027-02-28 2027-03-01"),
        ("custom", "2028-02-28 2028-02-29",
         "2028-02-27 2028-02-28", "2027-02-28 2027-03-01"),
    ],
)  # fmt: skip
def test_what_a_period_is_compared_with(
    name: str, days: str, earlier: str, a_year_earlier: str
) -> None:
    """REP-5: the period before of equal kind, or the same one last year; weeks keep Mondays."""
    start, after = map(date.fromisoformat, days.split())
    assert " ".join(map(str, before(name, start, after))) == earlier
    assert " ".join(map(str, last_year(name, start, after))) == a_year_earlier


@given(st.dates(date(1990, 1, 1), date(2060, 1, 1)), st.integers(1, 7_320))
def test_a_period_is_cut_without_gaps(start: date, length: int) -> None:
    after = start + timedelta(days=length)
    unit, found = edges(start, after)
    assert (found[0], found[-1]) == (start, after)
    assert list(found) == sorted(set(found))
    assert len(found) <= 45
    if unit == "week":
        assert all(day.weekday() == 0 for day in found[1:-1])
    if unit == "month":
        assert all(day.day == 1 for day in found[1:-1])


@pytest.mark.parametrize(
    ("now", "earlier", "part"),
    [(15, 10, "0.5"), (5, 10, "-0.5"), (0, 10, "-1"), (-5, -10, "0.5"), (10, 10, "0"),
     (3, 0, None), (0, 0, None)],
)  # fmt: skip
def test_change_is_measured_against_what_was(now: int, earlier: int, part: str | None) -> None:
    """REP-6: (now − before) / |before|, and nothing made up where nothing was."""
    assert change(now, earlier) == (None if part is None else Decimal(part))
