"""Calendar events: what takes place at a time, once or again and again, alone or with others (EVT).

Seen by owner and participants, changed by the owner and his managers (docs/decisions/0031, 0039).
"""

from app.entities.choices import EVENT_KIND
from app.rules.events import INVITED, EventRules
from app.spec.declare import (
    BINNED,
    Entity,
    Label,
    Scope,
    Section,
    View,
    any_of,
    catalogue,
    field,
    grant,
    roles,
    view,
)
from app.spec.declare import condition as when
from app.store.indexes import index_numbers
from app.store.record import Owned, Record

OWN = "list read create edit delete transfer"
KEEPING = (*BINNED, "import", "transfer")
_SHOWN = {"listed": True, "fact": True}
_QUICK = {**_SHOWN, "quick": True}


class Event(Owned, Record):
    title = field.name("Title", "标题", max_length=200, also=("日程", "Event", "Name", "Subject"))
    kind = field.choice("Kind", "类型", EVENT_KIND, default="meeting", required=True, **_QUICK)
    starts_at = field.moment("Start", "开始时间", required=True, sortable=True, **_QUICK)
    ends_at = field.moment(
        "End", "结束时间", help=Label("Empty: one hour long.", "不填则为一小时。"), **_SHOWN
    )
    is_all_day = field.boolean("All day", "全天", listed=True)
    repeat = field.repeat("Repeat", "重复", **_SHOWN)
    reminder_minutes = field.minutes_before(
        "Reminder (minutes before)", "提前提醒（分钟）",
        help=Label("Empty: none. 1440 is a day before.", "不填则不提醒；1440 为提前一天。"),
    )  # fmt: skip
    place = field.text("Place", "地点", max_length=200, **_SHOWN)
    participants = field.links(
        "Participants", "参与人", "user", listed=True, lets_in=True, told_as=INVITED
    )
    lead = field.link("Lead", "线索", "lead")
    customer = field.link("Customer", "客户", "customer", listed=True)
    contact = field.link("Contact", "联系人", "contact")
    description = field.long_text("Description", "描述", max_length=5000)
    timezone = field.time_zone("Time zone", "时区", system=True, section=Section.SYSTEM)
    lasts_until = field.moment("Lasts until", "持续至", system=True, section=Section.SYSTEM)


_GOING_ON = any_of(when("ends_at", "ge", "@today"), when("lasts_until", "ge", "@today"))
_NOT_AGAIN = any_of(when("lasts_until", "empty"), when("lasts_until", "lt", "@today"))

event = catalogue.declare(
    Entity(
        model=Event,
        key="event",
        plural="events",
        one=Label("Calendar event", "日程"),
        many=Label("Calendar events", "日程"),
        help=Label("What takes place at a time, once or repeatedly.", "定时的安排，一次或重复。"),
        icon="calendar-event",
        menu="workbench",
        rank=65,
        title="title",
        order="starts_at",
        moment="starts_at",
        operations=(*KEEPING, "purge"),
        has_files=True,
        has_comments=True,
        rules=EventRules(),
        told_as=dict.fromkeys(("create", "transfer"), "event_given"),
        first_view="upcoming",
        views=(
            View("upcoming", Label("Upcoming", "即将开始"), (_GOING_ON,)),
            view("taking_part", "I take part", "我参与的", "participants", "any", ["@me"]),
            View("past", Label("Past", "已结束"), (when("ends_at", "lt", "@today"), _NOT_AGAIN)),
        ),
        grants={
            roles.SALES_MANAGER: grant(Scope.DEPARTMENT_TREE, KEEPING),
            **dict.fromkeys(roles.AT_CUSTOMERS, grant(Scope.SELF, OWN)),
            roles.AUDITOR: grant(Scope.ALL, "list read"),
        },
        samples=(
            {"title": "拜访张总", "starts_at": "2026-11-21T06:00:00Z", "is_all_day": False},
            {"title": "Weekly meeting", "starts_at": "2026-11-23T01:00:00Z"},
        ),
    )
)

index_numbers(Event, "short", "owner", "starts_at", "ends_at", only="lasts_until IS NULL")
index_numbers(Event, "lasting", "owner", "lasts_until", "starts_at", only="lasts_until IS NOT NULL")
"""The events of a span of days: those that their start finds, and those that last."""
