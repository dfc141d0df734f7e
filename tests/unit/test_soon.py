"""When somebody may be contacted next: working days, each once, never today."""

from datetime import date

import pytest

from app.admin.record import soon
from app.spec import workdays
from app.spec.workdays import Calendar


@pytest.mark.parametrize(
    ("today", "found"),
    [
        (
            "2026-11-17",  # a Tuesday
            {"Tomorrow": "2026-11-18", "In 3 days": "2026-11-20", "Next week": "2026-11-23",
             "In a month": "2026-12-17"},
        ),
        (
            "2026-11-20",  # a Friday
            {"Next working day": "2026-11-23", "In 3 days": "2026-11-23",
             "Next week": "2026-11-23", "In a month": "2026-12-21"},
        ),
        (
            "2026-01-31",  # a Saturday; a month has no 31st, its last day is one too
            {"Next working day": "2026-02-02", "In 3 days": "2026-02-03",
             "Next week": "2026-02-02", "In a month": "2026-03-02"},
        ),
        (
            "2026-09-30",  # before the holidays
            {"Next working day": "2026-10-08", "In 3 days": "2026-10-08",
             "Next week": "2026-10-08", "In a month": "2026-10-30"},
        ),
    ],
)  # fmt: skip
def test_only_working_days_are_offered(
    monkeypatch: pytest.MonkeyPatch, today: str, found: dict[str, str]
) -> None:
    holidays = {date(2026, 10, day): "国庆节" for day in range(1, 8)}
    calendar = Calendar(frozenset(range(5)), holidays, {})
    monkeypatch.setattr(workdays, "calendar", lambda: calendar)
    offered = {label: str(day) for label, day in soon._days(date.fromisoformat(today))}
    assert offered == found
