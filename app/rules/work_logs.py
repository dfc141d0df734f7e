"""What happens around a work log (LOG): its figures, who hears of it, who has to write one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import and_, select

from app.extensions import db
from app.operations.rules import Rules
from app.spec import clock, workdays
from app.spec.catalogue import catalogue
from app.spec.conditions import condition
from app.spec.entity import Entity
from app.spec.kinds import BooleanField, TextField
from app.spec.metrics import Card, Metric
from app.spec.notices import Channel, Data, Notice
from app.spec.notices import declare as declare_notice
from app.spec.settings import Chapter, Setting, declare, value
from app.spec.words import Label, either
from app.store import access, figures, kept_figures, links, periods, readings
from app.store.context import actor, current, system_scope
from app.store.figures import Ask, Rows
from app.store.organisation import User
from app.store.scope import member_of

KEY = "work_log"
SPANS = {"daily": "today", "weekly": "this_week", "monthly": "this_month"}
"""The period that a log of each kind is about, as that of its own day."""


def _due(kind: str, en: str, zh: str, *, default: bool) -> Setting[bool]:
    words = Label("Who hasn't is listed.", "未提交的人会列出。")
    field = BooleanField(label=Label(en, zh), default=default, help=words)
    return declare(f"{kind}_logs_due", field, Chapter.RECORDS)


DUE: Mapping[str, Setting[bool]] = {
    "daily": _due("daily", "A work log every working day", "每个工作日须提交日报", default=True),
    "weekly": _due("weekly", "A work log every week", "每周须提交周报", default=False),
    "monthly": _due("monthly", "A work log every month", "每月须提交月报", default=False),
}
EXEMPT: Setting[str] = declare(
    "logs_exempt",
    TextField(
        label=Label("Nobody waits for logs of", "无须提交日志的员工"),
        default="",
        max_length=2000,
        help=Label("Usernames, parted by commas.", "填写用户名，用逗号分隔。"),
    ),
    Chapter.RECORDS,
)


def _says(data: Data) -> str:
    name = either(*data["by_name"])
    return str(_("%(name)s sent you a work log: %(title)s", name=name, title=data["title"]))


SENT = declare_notice(
    Notice(
        key="work_log_sent",
        label=Label("A work log is sent to you", "收到工作日志"),
        says=_says,
        leads_to=lambda data: f"/work-logs/show/{data['record']}",
        channels=frozenset({Channel.IN_APP, Channel.DIGEST}),
    )
)


class WorkLogRules(Rules):
    def before_create(self, entity: Entity, values: dict[str, Any]) -> None:
        """Look up the figures now: they are those of the moment in which it is sent.

        Of somebody else's log, written in his name, there are none: they are the author's own.
        """
        is_mine = values.get("owner") == actor().user_id
        found = briefing(*span(values["kind"], values["day"])) if is_mine else {}
        current().memory[KEY] = (dict(values), found)

    def after_write(self, entity: Entity, ids: Sequence[int]) -> None:
        """Keep the figures of a new one."""
        values, found = current().memory.pop(KEY, ({}, {}))
        if not values:
            return
        [number] = ids
        kept_figures.keep(KEY, number, found)

    def viewed(self, entity: Entity, record_id: int) -> None:
        readings.note(actor().user_id, KEY, [record_id])


def span(kind: str, day: date) -> tuple[date, date]:
    """The first day that a log is about, and the day after the last."""
    return periods.period(SPANS[kind], day)


def briefing(first: date, after: date) -> dict[str, Any]:
    """My own figures of these days, by metric: what my briefing shows of them (REP)."""
    asked: dict[str, Ask] = {}
    for entity, metric in catalogue.metrics():
        if Card.BRIEFING in metric.cards and metric.date and metric.person:
            rows = Rows(entity, metric.conditions, tuple(_mine(metric, first, after)))
            if rows.are_readable(metric.sums):
                asked[metric.key] = Ask(rows, metric.sums)
    numbers = figures.measure(list(asked.values()))
    return {key: figures.whole(n.values()) for key, n in zip(asked, numbers, strict=True)}


def _mine(metric: Metric, first: date, after: date) -> Iterable[Any]:
    yield condition(metric.person, "in", ["@me"])
    yield condition(metric.date, "ge", first.isoformat())
    yield condition(metric.date, "lt", after.isoformat())


def first_title() -> str:
    """What a new log is called until its author says otherwise."""
    return str(_("Work log %(date)s", date=clock.today().isoformat()))


def usual_recipients() -> list[int]:
    """Whom I sent my last log to; my superior, when there is none yet."""
    entity = catalogue.get(KEY)
    table = links.table_of(entity.fields["recipients"])  # type: ignore[arg-type]
    model, me = entity.model, actor().user_id
    with system_scope("whom somebody sent his own last log to"):
        mine = select(model.id).where(model.owner_id == me, model.deleted_at.is_(None))
        last = mine.order_by(model.id.desc()).limit(1).scalar_subquery()
        sent = (table.c.work_log_id == last, User.is_active)
        found = select(User.id).join(table, table.c.user_id == User.id).where(*sent)
        people = list(db.session.scalars(found.order_by(User.id)))
    if people:
        return people
    above = access.superior_of(me)
    return [above] if above and access.is_active(above) else []


def is_due(kind: str, first: date, after: date) -> bool:
    """Whether one of that kind is waited for: by the settings and the working calendar."""
    return value(DUE[kind]) and workdays.calendar().between(first, after) > 0


def writers(reach: Collection[int] | None) -> list[Any]:
    """The active people within reach (None: all) whose roles let them write logs, by department.

    Those of whom the settings say so are left out.
    """
    exempt = {one.strip() for one in value(EXEMPT).replace("，", ",").split(",")}
    asked = [User.is_active]
    if reach is not None:
        asked.append(member_of(User.id, sorted(reach)))
    columns = (User.id, User.username, User.name, User.name_en, User.department_id)
    with system_scope("who has to write logs"):
        rows = db.session.execute(
            select(*columns).where(*asked).order_by(User.department_id, User.name_sort, User.id)
        ).all()
    now = access.snapshot()
    return [
        row
        for row in rows
        if row.username not in exempt and access.resolve(now, row.id).may(KEY, "create")
    ]


def written(kind: str, first: date, after: date) -> dict[int, Any]:
    """The first log of that kind about these days that each author has sent, as I may see it."""
    model = catalogue.get(KEY).model
    found = db.session.execute(
        select(model.owner_id, model.id, model.name, model.created_at)
        .where(model.kind == kind, model.day >= first, model.day < after)
        .order_by(model.id.desc())
    )
    return {row.owner_id: row for row in found}


def recipients_of(record_id: int) -> list[Any]:
    """Whom a log was sent to, by name, each with the moment ``at`` which he first read it."""
    table = links.table_of(catalogue.get(KEY).fields["recipients"])  # type: ignore[arg-type]
    read, person = readings.Reading.__table__, User.__table__
    opened = (read.c.entity == KEY, read.c.record_id == record_id, read.c.user_id == person.c.id)
    found = (
        select(person.c.id, person.c.name, person.c.name_en, read.c.at)
        .join_from(table, person, person.c.id == table.c.user_id)
        .outerjoin(read, and_(*opened))
        .where(table.c.work_log_id == record_id)
        .order_by(person.c.name_sort, person.c.id)
    )
    return list(db.session.execute(found))
