"""When an event takes place, told by as little as its writer says (EVT, docs/decisions/0039)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_

from app.operations.rules import Rules
from app.operations.telling import AT_ONCE, at_the_record
from app.spec import clock, recurring
from app.spec.entity import Entity
from app.spec.errors import Invalid
from app.spec.notices import Data, Notice, declare
from app.spec.plurals import ngettext
from app.spec.words import Label, either

INVITED = "event_invited"
"""As what participants are told."""
USUALLY = timedelta(hours=1)
"""How long an event lasts of which nobody says it."""
LONGEST, LONGEST_REPEATED = timedelta(days=366), timedelta(days=31)
_TIMES = ("starts_at", "ends_at", "is_all_day")
_LAST_SECOND = time(23, 59, 59)


class EventRules(Rules):
    looks_at = (*_TIMES, "repeat", "timezone")

    def ways_on(self, record_id: int) -> Sequence[tuple[Label, str, str]]:
        """The event as a file for other calendars."""
        words = Label("Calendar file (.ics)", "日历文件（.ics）")
        return ((words, "download", f"/events/ics/{record_id}"),)

    def workload(self, entity: Entity) -> Sequence[Any]:
        """What is over is nobody's load any more; what repeats goes on."""
        model: Any = entity.model
        return (or_(model.ends_at >= clock.now(), model.lasts_until >= clock.now()),)

    def before_create(self, entity: Entity, values: dict[str, Any]) -> None:
        """Invalid for times that are none."""
        settle(values, {}, values)

    def before_change(
        self, entity: Entity, record_id: int, before: Mapping[str, Any], values: dict[str, Any]
    ) -> None:
        """Invalid for times that are none."""
        if values.keys() & {*_TIMES, "repeat"}:
            settle({**before, **values}, before, values)


def settle(now: Mapping[str, Any], before: Mapping[str, Any], values: dict[str, Any]) -> None:
    """Complete the ``values`` of an event that was ``before`` and will be ``now``.

    Whoever says when it starts says it on his own clock: that is the one it keeps. Raises Invalid.
    """
    mine, kept = clock.readers_zone(), str(before.get("timezone") or "")
    theirs = clock.zone_of(kept) if kept else mine
    zone = mine if {"starts_at", "is_all_day"} & values.keys() else theirs
    start, end, is_all_day = now["starts_at"], now.get("ends_at"), bool(now.get("is_all_day"))
    if is_all_day:
        first = _day(start, mine if "starts_at" in values else theirs)
        last = _day(end, mine if "ends_at" in values else theirs) if end else first
        start, end = _moment(first, time(), zone), _moment(last, _LAST_SECOND, zone)
    end = start + USUALLY if end is None else end
    found = recurring.of(start, end, is_all_day=is_all_day, repeat=now.get("repeat"), zone=zone.key)
    _check(start, end, found)
    told = {"starts_at": start, "ends_at": end, "timezone": zone.key}
    told["lasts_until"] = recurring.lasts_until(found)
    values |= {k: v for k, v in told.items() if k in values or before.get(k) != v}


def _day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    return clock.from_reader(datetime.combine(day, at, zone))


def _check(start: datetime, end: datetime, found: recurring.Happening) -> None:
    """Invalid for an end before its start, for what lasts for ever, for days that are none."""
    longest = LONGEST_REPEATED if found.rule else LONGEST
    if end < start:
        raise Invalid(fields={"ends_at": [_l("The end must not be before the start.")]})
    if end - start > longest:
        raise Invalid(fields={"ends_at": [_l("It lasts at most %(n)s days.", n=longest.days)]})
    if not recurring.is_on_a_day_of_its_rule(found):
        raise Invalid(fields={"repeat": [_l("The start must be one of the days that it names.")]})


def _given(data: Data) -> str:
    who, count = either(*data["by_name"]), data["count"]
    if count == 1 and data.get("title"):
        text = _("%(who)s put an event into your calendar: %(title)s", who=who, title=data["title"])
    else:
        text = ngettext(
            "%(who)s put %(num)d event into your calendar.",
            "%(who)s put %(num)d events into your calendar.",
            count,
            who=who,
        )
    return f"{text} {data.get('message') or ''}".strip()


declare(
    Notice(
        "event_given",
        Label("Events given to you", "分配给您的日程"),
        _given,
        at_the_record,
        AT_ONCE,
    )
)


def _invited(data: Data) -> str:
    who, start = (
        either(*data["by_name"]),
        datetime.fromisoformat(data.get("at") or data["starts"]),
    )  # as earlier versions said it
    named = {"who": who, "title": data["title"], "time": clock.shown(start)}
    return str(_("%(who)s asks you to take part: %(title)s, %(time)s", **named))


declare(
    Notice(
        INVITED,
        Label("Events to take part in", "邀请参加日程"),
        _invited,
        at_the_record,
        AT_ONCE,
    )
)
