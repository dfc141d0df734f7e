"""Work logs beside their own pages (LOG): figures and readers of one, and who hasn't sent any."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import render_template, request
from flask_babel import lazy_gettext as _l

from app.admin import cells, state
from app.admin.manual import explained
from app.admin.page import Page, expose
from app.admin.record import panels
from app.admin.record.panels import Panel, Seen
from app.rules import work_logs
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.entity import OpenPage
from app.spec.errors import BadRequest
from app.spec.kinds import in_living_memory, iso_date
from app.spec.words import Label, either
from app.store import directory, door, kept_figures
from app.store.context import actor, operating
from app.store.policy import Policy

PLACE, READ_BY = "/submitted-logs/", Label("Read by", "阅读情况")
SUBMITTED = catalogue.declare_open_page(
    OpenPage(
        Label("Submitted logs", "日志提交情况"),
        PLACE,
        "list-check",
        "workbench",
        needs=(work_logs.KEY, "list"),
        rank=71,
    )
)


class SubmittedLogsView(Page):
    """``/submitted-logs/``: of a day, week or month who has sent a log and who hasn't."""

    route_base = PLACE.rstrip("/")
    default_view = "show"

    @expose("/")
    @explained(
        _l(
            "Who has sent a log of that day, week or month, and who hasn't, of those whose logs "
            "you may list. Days off are those of the working calendar; who is waited for, and for "
            "which logs, is a setting."
        )
    )
    def show(self) -> str:
        """The people within reach, those that are waited for first."""
        door.demand(work_logs.KEY, "list")
        state.only(request.args, {"kind", "day"})
        kind, day = request.args.get("kind") or "daily", _day(request.args.get("day", ""))
        if kind not in work_logs.SPANS:
            raise BadRequest
        return render_template("submitted_logs.html", screen=_screen(kind, day))


def _day(text: str) -> date:
    """The day that is asked for; today for none, BadRequest for what is no day."""
    if not text:
        return clock.today()
    try:
        return in_living_memory(date.fromisoformat(iso_date(text)))
    except ValueError:
        raise BadRequest from None


def _screen(kind: str, day: date) -> dict[str, Any]:
    entity = catalogue.get(work_logs.KEY)
    kinds = entity.fields["kind"].choices  # type: ignore[attr-defined]
    first, after = work_logs.span(kind, day)
    reach = actor().rights.reach(entity.key, "list")
    people = work_logs.writers(None if reach.everything else reach.owners)
    with operating("list", entity.key):
        sent = work_logs.written(kind, first, after)
    places = directory.names()
    rows = [_row(person, sent.get(person.id), places) for person in people]
    return {
        "title": str(SUBMITTED.label),
        "kinds": [
            {"label": str(one.label), "url": _url(one.code, day), "active": one.code == kind}
            for one in kinds.current()
        ],
        "from": first.isoformat(),
        "to": (after - timedelta(days=1)).isoformat(),
        "before_url": _url(kind, first - timedelta(days=1)),
        "after_url": _url(kind, after),
        "is_due": work_logs.is_due(kind, first, after),
        "missing": [row for row in rows if not row["url"]],
        "sent": [row for row in rows if row["url"]],
    }


def _row(person: Any, log: Any, places: Mapping[int, str]) -> dict[str, Any]:
    return {
        "name": either(person.name, person.name_en),
        "department": places.get(person.department_id, ""),
        "url": f"/work-logs/show/{log.id}" if log else "",
        "title": log.name if log else "",
        "when": cells.moment(log.created_at) if log else "",
    }


def _url(kind: str, day: date) -> str:
    return f"{PLACE}?{urlencode({'kind': kind, 'day': day.isoformat()})}"


def _figures(seen: Seen) -> Mapping[str, Any] | None:
    """The author's briefing as it stood; of a sum only to who reads the field summed (C43)."""
    if seen.entity.key != work_logs.KEY:
        return None
    found = kept_figures.of(work_logs.KEY, seen.record.id)
    items = [
        {
            "label": str(metric.label),
            "meaning": str(metric.meaning),
            "text": cells.short(found[metric.key] if metric.sums else int(found[metric.key])),
        }
        for entity, metric in catalogue.metrics()
        if metric.key in found
        and (not metric.sums or metric.sums in Policy(actor(), entity, "list", in_list=True).plain)
    ]
    return {"items": items} if items else None


def _readers(seen: Seen) -> Mapping[str, Any] | None:
    """Whom it was sent to, and when they read it."""
    if seen.entity.key != work_logs.KEY:
        return None
    people = [
        {
            "name": either(person.name, person.name_en),
            "when": cells.moment(person.at) if person.at else "",
        }
        for person in work_logs.recipients_of(seen.record.id)
    ]
    return {"people": people} if people else None


panels.declare(
    Panel(
        "log_figures",
        Label("Figures", "销售简报"),
        "chart-bar",
        "panels/log_figures.html",
        _figures,
        rank=42,
    )
)
panels.declare(Panel("log_readers", READ_BY, "eye", "panels/log_readers.html", _readers, rank=44))
