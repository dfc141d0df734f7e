"""Reminders (NOTE, TODO): what is due today, what stays undone, and whose birthday it is.

Everybody is told once on each of his days, at the hour of a setting on his own clock: of what waits
in his to-do lists, of what his people have left for days, and of the birthdays of the people whose
records are his. Each message is about what he may list when it is written.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import prison

from app.extensions import db
from app.spec import clock, columns, notices, routines
from app.spec.catalogue import catalogue
from app.spec.conditions import Condition, any_of, condition
from app.spec.entity import MINE, Entity
from app.spec.notices import Channel, Data, Notice
from app.spec.plurals import ngettext
from app.spec.routines import Report, Routine
from app.spec.settings import Chapter, Setting, declare, value
from app.spec.words import Label
from app.store import access, outbox, reminders, todos
from app.store.context import acting_as
from app.store.figures import Rows
from app.store.listing import Query
from app.store.listing import page as page_of
from app.store.todos import Ask, Who

REMIND_AT: Setting[int] = declare(
    "remind_at",
    columns.integer(
        "Hour of reminders",
        "每日提醒时间（时）",
        default=9,
        minimum=0,
        maximum=23,
        help=Label(
            "On everybody's own clock: what is due today, and birthdays.",
            "按每个人自己的时区：今日到期事项与生日提醒。",
        ),
    ),
    Chapter.RECORDS,
)
ESCALATE_DAYS: Setting[int] = declare(
    "escalate_days",
    columns.integer(
        "Days overdue until the superior hears of it",
        "逾期多少天后通知上级",
        default=3,
        minimum=0,
        maximum=365,
        help=Label("Once per planned time; 0: never.", "每个计划时间只通知一次；0 表示从不通知。"),
    ),
    Chapter.RECORDS,
)
LONGEST_BREAK = 14
"""Days without reminders of which superiors still hear afterwards."""
LEAP_DAY = "02-29"
IN_TIME = frozenset({Channel.IN_APP, Channel.DIGEST})


def run() -> Report:
    """Remind everybody whose day has come to the hour. Commits person by person."""
    told = {"people": 0, "messages": 0}
    for user_id, zone, last in reminders.people():
        with clock.in_zone(zone or clock.DEFAULT_ZONE):
            today = clock.today()
            is_time = clock.local(clock.now()).hour >= value(REMIND_AT)
            if is_time and (last is None or last < today) and reminders.take(user_id, today):
                told["people"] += 1
                told["messages"] += _remind(user_id, last, today)
                db.session.commit()
    return told


def _remind(user_id: int, last: date | None, today: date) -> int:
    """Write one person's messages of a day; answers how many."""
    who = access.load_actor(user_id)
    with acting_as(who):
        found = [*_due(), *_left_undone(user_id, last, today), *_birthdays(today)]
        if who.rights.stands_in_for:
            found += _due(Who.AWAY, DUE_FOR_OTHERS)
    who.rights.derived.clear()  # everybody's at once would be hundreds of MiB
    return sum(
        outbox.tell_once(notice, f"{about}:{today.isoformat()}", [(user_id, data)])
        for notice, about, data in found
    )


Message = tuple[Notice, str, dict[str, Any]]


def _due(who: Who = Who.MINE, notice: Notice | None = None) -> Iterator[Message]:
    """What is due today in his own lists, or in those of the people he stands in for."""
    asks = [Ask(e, one, tab, who) for e, one in todos.readable(who) for tab in one.tabs]
    yield from _told(notice or DUE, [ask for ask in asks if ask.tab.key == ask.to_do.reminds])


def _left_undone(user_id: int, last: date | None, today: date) -> Iterator[Message]:
    """What the people directly below him have left undone for so many days, since he last heard."""
    days, below = value(ESCALATE_DAYS), access.directly_below(user_id)
    if not days or not below:
        return
    missed = min((today - last).days, LONGEST_BREAK) if last else 1
    window = [f"@today-{days + missed - 1}", f"@today-{days}"]
    asks = [
        Ask(
            entity,
            one,
            tab,
            Who.MY_PEOPLE,
            (
                condition(one.since, "between", window),
                condition(one.person, "in", below),
            ),
        )
        for entity, one in todos.readable(Who.MY_PEOPLE)
        for tab in one.tabs
        if tab.key == one.escalates
    ]
    yield from _told(LEFT, asks)


def _told(notice: Notice, asks: list[Ask]) -> Iterator[Message]:
    """A message for each list with something in it; one record alone is told as such."""
    for ask, number in zip(asks, todos.counts(asks), strict=True):
        if number:
            alone = todos.page(ask, [], slice(0, 1)).ids if number == 1 else ()
            yield (
                notice,
                ask.to_do.key,
                {
                    "to_do": ask.to_do.key,
                    "entity": ask.entity.key,
                    "count": number,
                    "record": next(iter(alone), None),
                },
            )


def _birthdays(today: date) -> Iterator[Message]:
    """Whose birthday it is among his own records; one of the leap day is on the day before else."""
    days = [today.isoformat()[5:]]
    if days == ["02-28"] and (today + timedelta(days=1)).month == 3:
        days.append(LEAP_DAY)
    for entity in catalogue:
        keys = [f.key for f in entity.fields.values() if f.kind == "birthday"]
        for key in keys if entity.is_owned else ():
            own = (any_of(*(condition(key, "ew", day) for day in days)), *MINE.filters)
            rows = Rows(entity, own)
            if rows.are_readable():
                found = page_of(rows.policy, Query(conditions=own, order="id", size=2), [])
                if found.count:
                    data = {
                        "entity": entity.key,
                        "field": key,
                        "days": days,
                        "count": found.count,
                        "record": found.ids[0] if found.count == 1 else None,
                    }
                    yield BIRTHDAY, f"{entity.key}.{key}", data


def _list_name(data: Data) -> str:
    key = data["to_do"]
    return next((str(one.label) for _entity, one in catalogue.to_dos() if one.key == key), key)


def _says_due(data: Data) -> str:
    return str(
        ngettext(
            "%(list)s: %(num)d is due today.",
            "%(list)s: %(num)d are due today.",
            data["count"],
            list=_list_name(data),
        )
    )


def _says_due_for_others(data: Data) -> str:
    return str(
        ngettext(
            "%(list)s: %(num)d of those you stand in for is due today.",
            "%(list)s: %(num)d of those you stand in for are due today.",
            data["count"],
            list=_list_name(data),
        )
    )


def _says_left(data: Data) -> str:
    return str(
        ngettext(
            "%(list)s: %(num)d of your people's has been overdue for days.",
            "%(list)s: %(num)d of your people's have been overdue for days.",
            data["count"],
            list=_list_name(data),
        )
    )


def _says_birthday(data: Data) -> str:
    return str(
        ngettext(
            "%(num)d birthday today among yours (%(kind)s).",
            "%(num)d birthdays today among yours (%(kind)s).",
            data["count"],
            kind=catalogue.get(data["entity"]).many,
        )
    )


def _record(data: Data) -> str:
    if not data.get("record"):
        return ""
    return f"/{catalogue.get(data['entity']).plural}/show/{data['record']}"


def _at_the_list(tab: str, query: str = "") -> Any:
    """The record where there is only one, else the list; all lists when that one is gone."""

    def leads_to(data: Data) -> str:
        for _entity, one in catalogue.to_dos():
            if one.key == data["to_do"]:
                return _record(data) or f"/to-dos/{one.key}/{getattr(one, tab)}{query}"
        return "/to-dos/"

    return leads_to


def _at_the_people(data: Data) -> str:
    entity: Entity = catalogue.get(data["entity"])
    born: list[Condition] = [condition(data["field"], "ew", day) for day in data["days"]]
    filters = prison.dumps([any_of(*born), *MINE.filters])
    return _record(data) or f"/{entity.plural}/list/?{urlencode({'filters': filters})}"


DUE = notices.declare(
    Notice(
        "to_do_due",
        Label("To-dos of today", "今日待办提醒"),
        _says_due,
        _at_the_list("reminds"),
        IN_TIME,
    )
)
DUE_FOR_OTHERS = notices.declare(
    Notice(
        "to_do_away",
        Label("To-dos of people you stand in for", "代理的今日待办提醒"),
        _says_due_for_others,
        _at_the_list("reminds", "?who=away"),
        IN_TIME,
    )
)
LEFT = notices.declare(
    Notice(
        "to_do_left",
        Label("To-dos that your people leave undone", "下属逾期待办提醒"),
        _says_left,
        _at_the_list("escalates", "?who=my_people"),
        IN_TIME,
    )
)
BIRTHDAY = notices.declare(
    Notice("birthday", Label("Birthdays", "生日提醒"), _says_birthday, _at_the_people, IN_TIME)
)
ROUTINE = routines.declare(
    Routine(
        key="reminders",
        label=Label("Remind people of what is due", "发送到期提醒"),
        at="*/30 * * * *",
        does=run,
        counted={
            "people": Label("people whose day began", "已处理人数"),
            "messages": Label("messages", "消息数"),
        },
        catch_up=timedelta(days=1),
        kept=timedelta(days=30),
    )
)
