"""The Gantt view of tasks by person: who has what to do until when, week by week (TASK)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_skeleton
from flask import render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.admin import state
from app.admin.manual import explained
from app.admin.page import Page, expose
from app.pages.calendar.place import a_day
from app.rules import task_gantt
from app.rules.task_board import KEY
from app.rules.task_gantt import DAY, DRAWN, Bar, Line
from app.spec import clock, workdays
from app.spec.catalogue import catalogue
from app.spec.entity import OpenPage
from app.spec.errors import BadRequest, NotFound
from app.spec.words import Label, language
from app.store import titles
from app.store.context import actor
from app.store.periods import period

PATH = "/tasks/gantt/"
GANTT = catalogue.declare_open_page(
    OpenPage(
        Label("Gantt view of tasks", "任务甘特图"),
        PATH,
        "calendar-stats",
        "workbench",
        (KEY, "list"),
        rank=62,
    )
)
WEEKS = (2, 4, 12)
PEOPLE = 20
"""So many people stand on a page."""


@dataclass(frozen=True)
class Place:
    """Which weeks, whose, and which page of the people."""

    first: date
    weeks: int = 4
    person: int = 0
    """One person, or 0: the reader and all of his people."""
    page: int = 1

    @property
    def after(self) -> date:
        return self.first + timedelta(weeks=self.weeks)

    @property
    def days(self) -> list[date]:
        return [self.first + n * DAY for n in range(7 * self.weeks)]

    def url(self, **changes: Any) -> str:
        """The address of this place, or of one that differs from it."""
        where = replace(self, **changes)
        said = {"date": where.first.isoformat(), "weeks": str(where.weeks)}
        said |= {"person": str(where.person)} if where.person else {}
        said |= {"page": str(where.page)} if where.page > 1 else {}
        return f"{PATH}?{urlencode(said)}"


class TaskGanttView(Page):
    """``/tasks/gantt/``: one's own tasks and those of one's people, as bars over some weeks."""

    route_base = PATH.rstrip("/")
    default_view = "show"

    @expose("/")
    @explained(
        _l(
            "Each bar is a task of the person before it, from the day it was made until the day it "
            "is due. Tasks without a due time and cancelled ones aren't drawn."
        )
    )
    def show(self) -> str:
        """The people and their bars."""
        task_gantt.policy()
        state.only(request.args, ("date", "weeks", "person", "page"))
        return render_template("task_gantt.html", screen=screen(read(request.args)))


def read(args: Mapping[str, str]) -> Place:
    """The place that an address names, from a Monday on; BadRequest and NotFound for none."""
    weeks, page = state.whole(args.get("weeks"), 4), state.whole(args.get("page"), 1)
    person, me = state.whole(args.get("person"), 0), actor()
    if weeks not in WEEKS or page < 1:
        raise BadRequest
    if person and person not in {me.user_id, *me.rights.people}:
        raise NotFound
    day = a_day(args["date"]) if args.get("date") else clock.today()
    return Place(period("this_week", day)[0], weeks, person, page)


def screen(where: Place) -> dict[str, Any]:
    """Everything the page shows: the same number of statements whatever there is."""
    people = _people()
    chosen = {where.person: people[where.person]} if where.person else people
    start = (where.page - 1) * PEOPLE
    shown = list(chosen)[start : start + PEOPLE]
    if not shown:
        raise NotFound
    found = task_gantt.lines(shown, where.first, where.after)
    has_more = start + PEOPLE < len(chosen)
    return {
        "title": str(GANTT.label),
        "where": where,
        "period": f"{_written(where.first)} – {_written(where.after - DAY)}",
        "before_url": where.url(first=where.first - timedelta(weeks=where.weeks)),
        "after_url": where.url(first=where.after),
        "today_url": where.url(first=period("this_week", clock.today())[0]),
        "spans": [
            {"label": _("%(n)s weeks", n=n), "url": where.url(weeks=n), "active": n == where.weeks}
            for n in WEEKS
        ],
        "people": list(people.items()) if len(people) > 1 else [],
        "days": list(_days(where)),
        "heads": [_head(week) for week in where.days[::7]],
        "lines": [_line(found[one], one, chosen[one], where) for one in shown],
        "prev_url": where.url(page=where.page - 1) if where.page > 1 else "",
        "next_url": where.url(page=where.page + 1) if has_more else "",
        "may_create": actor().rights.may(KEY, "create"),
    }


def _people() -> dict[int, str]:
    """The reader, then his people by name."""
    me = actor()
    names = titles.by_ids(catalogue.get("user"), {me.user_id, *me.rights.people})
    others = sorted((name, number) for number, name in names.items() if number != me.user_id)
    return {me.user_id: names.get(me.user_id, me.name)} | {number: name for name, number in others}


def _days(where: Place) -> Iterator[dict[str, Any]]:
    working, today = workdays.calendar(), clock.today()
    for day in where.days:
        yield {
            "iso": day.isoformat(),
            "text": str(day.day),
            "is_off": not working.works(day),
            "is_today": day == today,
            "name": working.made_up.get(day, working.holidays.get(day, "")),
        }


def _head(monday: date) -> str:
    return str(format_skeleton("MMMd", monday, locale=language.get()))


def _written(day: date) -> str:
    return str(format_skeleton("yMMMd", day, locale=language.get()))


def _line(line: Line, person: int, name: str, where: Place) -> dict[str, Any]:
    return {
        "name": name,
        "url": where.url(person=person, page=1),
        "bars": [_bar(bar, where) for bar in line.bars],
        "more": max(line.count - len(line.bars), 0),
        "list_url": _list_url(person, where),
    }


def _bar(bar: Bar, where: Place) -> dict[str, Any]:
    """Where a bar lies among the days of the page, and what is said of it."""
    begins, due = max(bar.begins, where.first), min(bar.due, where.after - DAY)
    said = {"late": _("overdue"), "today": _("today"), "over": _("finished"), "": ""}
    dates = _("%(first)s to %(last)s", first=bar.begins.isoformat(), last=bar.due.isoformat())
    return {
        "title": bar.title,
        "url": f"/tasks/show/{bar.id}",
        "before": (begins - where.first).days,
        "length": (due - begins).days + 1,
        "after": (where.after - DAY - due).days,
        "is_from_before": bar.begins < where.first,
        "is_going_on": bar.due >= where.after,
        "urgency": bar.urgency,
        "said": said[bar.urgency],
        "dates": dates,
    }


def _list_url(person: int, where: Place) -> str:
    """The list of all that a person's line is about."""
    conditions = (
        {"col": "owner", "opr": "eq", "value": person},
        {"col": "status", "opr": "in", "value": list(DRAWN)},
        {"col": "due_at", "opr": "ge", "value": where.first.isoformat()},
        {"col": "created_at", "opr": "lt", "value": where.after.isoformat()},
    )
    return state.ListState("/tasks/list/", conditions=conditions).url()
