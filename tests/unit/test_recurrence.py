"""Repeats: which days a rule names, how it is said, and what no rule may say (EVT, C98)."""

import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.spec import clock, recurrence, recurring, repeats
from app.spec.recurrence import parse

WRONG = {
    "": "RRULE",
    "nonsense": "NONSENSE",
    "FREQ=HOURLY": "FREQ",
    "FREQ=MINUTELY;COUNT=3": "FREQ",
    "INTERVAL=2": "FREQ",
    "FREQ=DAILY;FREQ=WEEKLY": "FREQ",
    "FREQ=DAILY;INTERVAL=0": "INTERVAL",
    "FREQ=DAILY;INTERVAL=100": "INTERVAL",
    "FREQ=DAILY;INTERVAL=1,2": "INTERVAL",
    "FREQ=DAILY;COUNT=1000000000": "COUNT",
    "FREQ=DAILY;COUNT=0": "COUNT",
    "FREQ=DAILY;COUNT=٣": "COUNT",
    "FREQ=DAILY;UNTIL=20260230": "UNTIL",
    "FREQ=DAILY;UNTIL=18991231": "UNTIL",
    "FREQ=DAILY;UNTIL=tomorrow": "UNTIL",
    "FREQ=DAILY;COUNT=2;UNTIL=20261231": "COUNT",
    "FREQ=DAILY;BYDAY=MO": "BYDAY",
    "FREQ=DAILY;BYHOUR=9": "BYHOUR",
    "FREQ=WEEKLY;BYDAY=1MO": "BYDAY",
    "FREQ=WEEKLY;BYDAY=XX": "BYDAY",
    "FREQ=WEEKLY;WKST=SU": "WKST",
    "FREQ=MONTHLY;BYDAY=MO": "BYDAY",
    "FREQ=MONTHLY;BYDAY=-2FR": "BYDAY",
    "FREQ=MONTHLY;BYMONTHDAY=32": "BYMONTHDAY",
    "FREQ=MONTHLY;BYMONTHDAY=0": "BYMONTHDAY",
    "FREQ=MONTHLY;BYMONTH=3": "BYMONTH",
    "FREQ=MONTHLY;BYSETPOS=1;BYDAY=1MO": "BYSETPOS",
    "FREQ=YEARLY;BYMONTHDAY=3": "BYMONTH",
    "FREQ=YEARLY;BYMONTH=13;BYMONTHDAY=3": "BYMONTH",
    "FREQ=MONTHLY;BYMONTHDAY=1;BYDAY=1MO": "BYDAY",
    "FREQ=DAILY;" + "X" * 300: "200",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_rule_is_refused_by_the_part(text: str) -> None:
    with pytest.raises(ValueError, match=WRONG[text]) as refused:
        parse(text)
    assert WRONG[text] in str(refused.value.args[0])


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("rrule:freq=weekly;byday=su,mo;interval=1;wkst=MO", "FREQ=WEEKLY;BYDAY=MO,SU"),
        ("UNTIL=2026-12-31;FREQ=DAILY", "FREQ=DAILY;UNTIL=20261231"),
        ("FREQ=DAILY;UNTIL=20261231T155959Z;", "FREQ=DAILY;UNTIL=20261231"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1,15,1,1", "FREQ=MONTHLY;BYMONTHDAY=1,15,-1"),
        ("FREQ=MONTHLY;BYDAY=-1FR,+2TU", "FREQ=MONTHLY;BYDAY=2TU,-1FR"),
    ],
)
def test_a_rule_has_one_form(written: str, kept: str) -> None:
    assert str(parse(written)) == kept
    assert str(parse(kept)) == kept


@pytest.mark.parametrize(
    ("rule", "begin", "found"),
    [
        ("FREQ=MONTHLY", "2026-01-31", "2026-01-31 2026-03-31 2026-05-31"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "2028-01-31", "2028-01-31 2028-02-29 2028-03-31"),
        ("FREQ=YEARLY", "2024-02-29", "2024-02-29 2028-02-29 2032-02-29"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU", "2026-11-23", "2026-11-23 2026-11-29 2026-12-07"),
        ("FREQ=MONTHLY;BYDAY=5TH", "2026-10-29", "2026-10-29 2026-12-31 2027-04-29"),
        ("FREQ=YEARLY;BYMONTH=3,9;BYDAY=-1SU", "2026-03-29", "2026-03-29 2026-09-27 2027-03-28"),
        ("FREQ=DAILY;INTERVAL=30", "2026-12-25", "2026-12-25 2027-01-24 2027-02-23"),
    ],
)
def test_days(rule: str, begin: str, found: str) -> None:
    """Months without that day, and years without that date, are left out, as calendars do."""
    start, parsed = date.fromisoformat(begin), parse(rule)
    walked = recurrence.days(parsed, start, date(1900, 1, 1), date(2999, 12, 31))
    assert " ".join(str(next(walked)) for _ in range(3)) == found


@pytest.mark.parametrize("every", recurrence.EVERY)
@pytest.mark.parametrize("interval", [1, 2, 5])
def test_a_span_far_away_shows_the_same_days(every: str, interval: int) -> None:
    """Looked at from the beginning or in the middle: the same days."""
    rule, begin = parse(f"FREQ={every};INTERVAL={interval}"), date(2024, 1, 15)
    far = list(recurrence.days(rule, begin, date(2041, 3, 1), date(2052, 3, 1)))
    whole = recurrence.days(rule, begin, begin, date(2052, 3, 1))
    assert far == [day for day in whole if day >= date(2041, 3, 1)]
    assert far


def test_the_work_is_bounded_however_long_it_repeats() -> None:
    """FREQ=DAILY since 1900: the days of a month in the time of a month."""
    rule, begin = parse("FREQ=DAILY"), date(1900, 1, 1)
    taken = {}
    for year in (1900, 2999):
        started = time.process_time()
        for _ in range(50):
            found = recurrence.days(rule, begin, date(year, 11, 1), date(year, 11, 30))
            assert len(list(found)) == 30
        taken[year] = time.process_time() - started
    assert taken[2999] < 20 * taken[1900], "400,000 days were walked each time"
    assert recurrence.last_day(parse("FREQ=YEARLY;COUNT=999"), date(2024, 2, 29)) == date(
        2996, 2, 29
    )


@pytest.mark.parametrize(
    ("rule", "begin", "last"),
    [
        ("FREQ=DAILY", "2026-01-01", None),
        ("FREQ=DAILY;COUNT=3", "2026-02-27", "2026-03-01"),
        ("FREQ=MONTHLY;UNTIL=20260430", "2026-01-31", "2026-03-31"),
        ("FREQ=YEARLY;UNTIL=20310101", "2024-02-29", "2028-02-29"),
        ("FREQ=WEEKLY;UNTIL=20260101", "2026-01-01", "2026-01-01"),
    ],
)
def test_the_last_day(rule: str, begin: str, last: str | None) -> None:
    found = recurrence.last_day(parse(rule), date.fromisoformat(begin))
    assert found == (date.fromisoformat(last) if last else None)


def moment(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Shanghai"])
def test_the_time_of_day_stays_when_clocks_are_changed(zone: str) -> None:
    """C98: nine o'clock stays nine o'clock for a year, and each takes an hour."""
    start = moment("2026-01-05T09:00", zone)
    what = recurring.of(start, start + timedelta(hours=1), repeat="FREQ=WEEKLY", zone=zone)
    found = recurring.occurrences(what, start, start + timedelta(days=365))
    assert len(found) == 53
    assert {one.start.astimezone(ZoneInfo(zone)).strftime("%a %H:%M") for one in found} == {
        "Mon 09:00"
    }
    assert {one.end - one.start for one in found} == {timedelta(hours=1)}
    offsets = {one.start.astimezone(ZoneInfo(zone)).utcoffset() for one in found}
    assert len(offsets) == (1 if zone == "Asia/Shanghai" else 2)


def test_a_time_that_a_day_does_not_have_and_one_it_has_twice() -> None:
    """C98: once each, an hour later in spring, the first of the two in autumn."""
    start = moment("2026-03-28T02:30", "Europe/Berlin")
    what = recurring.of(start, start, repeat="FREQ=DAILY", zone="Europe/Berlin")
    spring = recurring.occurrences(what, start, moment("2026-03-30T12:00"))
    told = [one.start.isoformat()[:16] for one in spring]
    assert told == ["2026-03-28T01:30", "2026-03-29T01:30", "2026-03-30T00:30"]
    autumn = recurring.occurrences(what, moment("2026-10-25T00:00"), moment("2026-10-26T00:00"))
    assert [one.start.isoformat()[:16] for one in autumn] == ["2026-10-25T00:30"]


def test_over_midnight_and_at_the_edges_of_a_span() -> None:
    """What touches the span belongs to it; what ends where it begins doesn't."""
    start = moment("2026-11-21T22:00")
    night = recurring.of(start, start + timedelta(hours=4), repeat="FREQ=DAILY", zone="UTC")
    day = recurring.occurrences(night, moment("2026-11-23T00:00"), moment("2026-11-24T00:00"))
    assert [one.start.day for one in day] == [22, 23]
    after = recurring.occurrences(night, moment("2026-11-23T02:00"), moment("2026-11-23T22:00"))
    assert after == []
    at_once = recurring.of(start, start)
    assert len(recurring.occurrences(at_once, start, start + timedelta(1))) == 1
    assert recurring.occurrences(at_once, start - timedelta(1), start) == []
    assert len(recurring.occurrences(night, start, start + timedelta(90), limit=7)) == 7


@pytest.mark.parametrize("reader", ["Asia/Shanghai", "America/New_York", "Pacific/Kiritimati"])
def test_whole_days_are_those_days_for_everybody(reader: str) -> None:
    """25 December is 25 December wherever one is, once or every year, over leap days too."""
    start = moment("2026-12-25T00:00", "Asia/Shanghai")
    end = moment("2026-12-26T23:59:59", "Asia/Shanghai")
    zone = ZoneInfo(reader)
    token = clock.zone.set(reader)
    try:
        for repeat, year in (("", 2026), ("FREQ=YEARLY", 2031)):
            what = recurring.of(start, end, is_all_day=True, repeat=repeat, zone="Asia/Shanghai")
            first = datetime(year, 12, 1, tzinfo=zone).astimezone(UTC)
            [one] = recurring.occurrences(what, first, first + timedelta(days=31))
            local = (one.start.astimezone(zone), one.end.astimezone(zone))
            assert [f"{at:%Y-%m-%d %H:%M}" for at in local] == [
                f"{year}-12-25 00:00",
                f"{year}-12-26 23:59",
            ]
    finally:
        clock.zone.reset(token)


@pytest.mark.parametrize(
    ("repeat", "hours", "lasts"),
    [
        ("", 1, None),
        ("", 26, None),
        ("", 27, "2026-11-22T03:00"),
        ("FREQ=DAILY;COUNT=2", 1, "2026-11-22T01:00"),
        ("FREQ=DAILY", 1, "2999-12-31T23:59"),
    ],
)
def test_what_is_kept_to_find_it_by(repeat: str, hours: int, lasts: str | None) -> None:
    start = moment("2026-11-21T00:00")
    found = recurring.lasts_until(
        recurring.of(start, start + timedelta(hours=hours), repeat=repeat, zone="UTC")
    )
    assert (found and found.isoformat()[:16]) == lasts


@pytest.mark.parametrize(
    ("chosen", "parts", "rule"),
    [
        ("", {"interval": "2", "MO": "1"}, ""),
        ("FREQ=WEEKLY", {}, "FREQ=WEEKLY"),
        ("FREQ=WEEKLY", {"WE": "1", "interval": "2"}, "FREQ=WEEKLY;INTERVAL=2;BYDAY=WE"),
        ("FREQ=DAILY", {"MO": "1", "count": "5"}, "FREQ=DAILY;COUNT=5"),
        ("FREQ=MONTHLY", {"until": "2026-12-31", "interval": "1"}, "FREQ=MONTHLY;UNTIL=20261231"),
        ("FREQ=WEEKLY;BYDAY=MO;COUNT=3", {}, "FREQ=WEEKLY;BYDAY=MO;COUNT=3"),
        ("abc", {"until": "2026-12-31"}, "abc"),
        ("FREQ=DAILY", {"until": "soon"}, "FREQ=DAILY;UNTIL=soon"),
    ],
)  # fmt: skip
def test_a_form_says_a_rule(chosen: str, parts: dict[str, str], rule: str) -> None:
    """And taken apart it fills the same inputs."""
    assert repeats.composed(chosen, parts) == rule
    apart = repeats.taken_apart(rule)
    beside = dict.fromkeys(apart["weekdays"], "1")
    beside |= {part: apart[part] for part in ("interval", "until", "count")}
    assert repeats.composed(apart["chosen"], beside).upper() == rule.upper()
