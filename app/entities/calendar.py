"""What stands in calendars: tasks due (TASK), and whom somebody plans to contact (ACT-1)."""

from app.entities.to_dos import LAST, NEXT, OPEN_LEADS
from app.spec.conditions import Condition
from app.spec.declare import CalendarKind, Label, catalogue, condition, field_of

TASKS = Label(
    "Tasks that are open or done, at the time they are due. Cancelled ones, those without a due "
    "time and those in the recycle bin stay out.",
    "进行中或已完成的任务，按截止时间显示。已取消的、没有截止时间的和回收站中的不计。",
)
EVENTS = Label(
    "Events that one owns or takes part in, with each of their times when they repeat.",
    "本人负责或参与的日程；重复的日程显示其每一次。",
)
CONTACT = Label(
    "Whom somebody planned to get in touch with, at the next contact time. Done is what was "
    "followed up at or after that time, or marked as handled; records in pools and in the recycle "
    "bin stay out.",
    "计划要联系的对象，按下次联系时间显示。到点之后已跟进的、或已标记为已处理的算已完成；"
    "公海与回收站中的记录不计。",
)
FOLLOWED_UP = (condition(LAST, "ge", field_of(NEXT)),)


def to_contact(
    to_do: str,
    label: Label,
    colour: str,
    *conditions: Condition,
    over: tuple[Condition, ...] = FOLLOWED_UP,
) -> CalendarKind:
    """The next contacts that the to-do list of that key is about: of all days, done or not."""
    return CalendarKind(
        key=to_do,
        label=label,
        meaning=CONTACT,
        starts=NEXT,
        conditions=conditions,
        over=over,
        to_do=to_do,
        colour=colour,
        moves=True,
    )


catalogue.list_in_calendar(
    "task",
    CalendarKind(
        key="tasks_due",
        label=Label("Tasks due", "任务到期"),
        meaning=TASKS,
        starts="due_at",
        conditions=(condition("status", "neq", "cancelled"),),
        over=(condition("status", "eq", "done"),),
        to_do="tasks_due",
        partakers="participants",
        colour="blue",
        moves=True,
        creates=True,
    ),
)
catalogue.list_in_calendar(
    "event",
    CalendarKind(
        key="events",
        label=Label("Events", "日程"),
        meaning=EVENTS,
        starts="starts_at",
        ends="ends_at",
        all_day="is_all_day",
        repeats="repeat",
        zone="timezone",
        lasts="lasts_until",
        partakers="participants",
        colour="indigo",
        is_due=False,
        moves=True,
        creates=True,
    ),
)
catalogue.list_in_calendar(
    "lead",
    to_contact("contact_leads", Label("Leads to contact", "待联系线索"), "orange", *OPEN_LEADS),
)
catalogue.list_in_calendar(
    "customer", to_contact("contact_customers", Label("Customers to contact", "待联系客户"), "teal")
)
catalogue.list_in_calendar(
    "contact",
    to_contact(
        "contact_contacts",
        Label("Contacts to get in touch with", "待联系的联系人"),
        "purple",
        over=(),
    ),
)
