"""To-do lists (TODO): whom to contact, what came from others, which tasks are due."""

from app.spec.conditions import Condition
from app.spec.declare import Label, Tab, ToDo, any_of, catalogue, condition, field_of
from app.spec.recycling import LIST, SOON

LAST, NEXT = "last_follow_up_at", "next_contact_at"
WEEK = "next_7_days"

CONTACT = Label(
    "Whom somebody planned to get in touch with. Days are those of the reader's time zone; "
    "records in pools and in the recycle bin stay out.",
    "计划要联系的对象。日期按查看者的时区计算；公海与回收站中的记录不计。",
)
TODAY = Label(
    "The next contact is planned for today, and nobody has followed up since that time. "
    "Records never followed up count too.",
    "下次联系时间在今天，且到点之后还没有跟进的记录；从未跟进过的也算。",
)
OVERDUE = Label(
    "The next contact was planned for a day before today, and nobody has followed up since that "
    "time. Records never followed up count too.",
    "下次联系时间早于今天，且此后一直没有跟进的记录；从未跟进过的也算。",
)
PLANNED_TODAY = Label("The next contact is planned for today.", "下次联系时间在今天的记录。")
PLANNED_BEFORE = Label(
    "The next contact was planned for a day before today; no other time has been planned since.",
    "下次联系时间早于今天、此后没有改期的记录。",
)
DONE = Label(
    "Followed up today, with no contact left for today or earlier.",
    "今天已跟进，且没有今天或更早尚未完成的联系计划的记录。",
)
HANDED_OVER = Label(
    "What somebody assigned or transferred to its owner. What he claimed, imported or created is "
    "not meant; records in pools and in the recycle bin stay out.",
    "由他人分配或转移给负责人的记录；自己领取、导入或新建的不算，公海与回收站中的记录不计。",
)
NOT_YET = Label(
    "Nobody has followed up since it was assigned or transferred.",
    "分配或转移之后还没有跟进过的记录。",
)
TASKS = Label(
    "Open tasks that are due today or were due earlier. Days are those of the reader's time zone; "
    "tasks without a due time and those in the recycle bin stay out.",
    "今天到期或更早到期、尚未完成的任务。日期按查看者的时区计算；没有截止时间的和回收站中的不计。",
)
DUE_TODAY = Label("Open, and due today.", "进行中且今天到期的任务。")
DUE_BEFORE = Label("Open, and due on a day before today.", "进行中且在今天之前到期的任务。")
DONE_TODAY = Label("Marked done today.", "今天标记完成的任务。")
LOCKS = Label(
    "Locks that come to their end. What is locked no longer can be released, and goes into a pool "
    "when its rules say so. Locks without an end stay out.",
    "即将到期的锁定。锁定结束后，记录可以被放入公海，也会按公海规则被收回；没有结束时间的锁定不计。",
)
LOCK_TODAY = Label("Locked, and the lock ends today.", "已锁定，且锁定在今天结束的记录。")
LOCK_SOON = Label(
    "Locked, and the lock ends in the seven days that begin today, but not today.",
    "已锁定，且锁定在包括今天的七天内、但不在今天结束的记录。",
)
RECYCLED = Label(
    "What nobody looks after goes back into a pool by the pool's rules; a follow-up starts its "
    "days anew. Days are those of the company's time zone; locked records and those in the recycle "
    "bin stay out.",
    "长期未跟进或未成交的记录会按公海池规则自动收回；写一条跟进，未跟进的天数即重新计算。"
    "日期按公司时区计算；已锁定和回收站中的记录不计。",
)
SOON_GONE = Label(
    "A pool takes it within the days in which it warns of it.",
    "已进入公海池提醒期的记录。",
)
SINCE_THEN = Label(
    "Followed up since it was assigned or transferred.", "分配或转移之后已经跟进过的记录。"
)


def to_contact(key: str, label: Label, *open_: Condition, last: str = LAST) -> ToDo:
    """Whom to get in touch with: planned for today, planned earlier, or done today.

    ``last`` is the field of the last follow-up, "" for none; one at or after the planned time
    settles it, and a record never followed up qualifies like any other. ``open_`` is what else
    has to hold.
    """
    unsettled = (any_of(condition(last, "empty"), condition(last, "lt", field_of(NEXT))),)
    waits = (*open_, *(unsettled if last else ()))
    tabs = (
        Tab(
            key="today",
            label=Label("Today", "今日"),
            meaning=TODAY if last else PLANNED_TODAY,
            conditions=(*waits, condition(NEXT, "eq", "@today")),
            tone="today",
        ),
        Tab(
            key="overdue",
            label=Label("Overdue", "逾期"),
            meaning=OVERDUE if last else PLANNED_BEFORE,
            conditions=(*waits, condition(NEXT, "lt", "@today")),
            tone="late",
        ),
    )
    return ToDo(
        key=key,
        label=label,
        meaning=CONTACT,
        since=NEXT,
        tabs=(*tabs, _contacted(open_, last)) if last else tabs,
        shows=(NEXT, last) if last else (NEXT,),
        reminds="today",
        escalates="overdue",
    )


def _contacted(open_: tuple[Condition, ...], last: str) -> Tab:
    settled = any_of(
        condition(NEXT, "empty"),
        condition(NEXT, "gt", "@today"),
        condition(last, "ge", field_of(NEXT)),
    )
    return Tab(
        key="done",
        label=Label("Done", "已联系"),
        meaning=DONE,
        conditions=(*open_, condition(last, "eq", "@today"), settled),
        waits=False,
    )


def handed_over(key: str, label: Label, *open_: Condition) -> ToDo:
    """What others gave to somebody by assigning or transferring it, until he follows up."""
    given = (*open_, condition("obtained_way", "in", ["assigned", "transferred"]))
    return ToDo(
        key=key,
        label=label,
        meaning=HANDED_OVER,
        since="obtained_at",
        tabs=(
            Tab(
                key="open",
                label=Label("Not followed up", "待跟进"),
                meaning=NOT_YET,
                conditions=(*given, condition("is_followed_up", "neq", True)),
                tone="today",
            ),
            Tab(
                key="done",
                label=Label("Followed up", "已跟进"),
                meaning=SINCE_THEN,
                conditions=(*given, condition("is_followed_up", "eq", True)),
                waits=False,
            ),
        ),
        shows=("obtained_at", "obtained_way", LAST),
    )


def to_finish(key: str, label: Label) -> ToDo:
    """What is due and not done yet: today, earlier; and what was done today."""
    still = condition("status", "eq", "open")
    tabs = (
        ("today", Label("Today", "今日"), DUE_TODAY, (still, condition("due_at", "eq", "@today"))),
        (
            "late",
            Label("Overdue", "逾期"),
            DUE_BEFORE,
            (still, condition("due_at", "lt", "@today")),
        ),
    )
    waiting = (
        Tab(key=name, label=said, meaning=meaning, conditions=conditions, tone=name)
        for name, said, meaning, conditions in tabs
    )
    done = Tab(
        key="done",
        label=Label("Done", "已完成"),
        meaning=DONE_TODAY,
        conditions=(condition("done_at", "eq", "@today"),),
        waits=False,
    )
    return ToDo(
        key=key,
        label=label,
        meaning=TASKS,
        since="due_at",
        tabs=(*waiting, done),
        shows=("priority", "due_at"),
        reminds="today",
        escalates="late",
    )


def lock_ending(key: str, label: Label) -> ToDo:
    """Locked records of which the lock ends within a week: from then on they can be recycled."""
    held = condition("is_locked", "eq", True)
    soon = (condition("locked_until", "gt", "@today"), condition("locked_until", "within", WEEK))
    return ToDo(
        key=key,
        label=label,
        meaning=LOCKS,
        since="locked_until",
        tabs=(
            Tab(
                key="today",
                label=Label("Ends today", "今日到期"),
                meaning=LOCK_TODAY,
                conditions=(held, condition("locked_until", "eq", "@today")),
                tone="today",
            ),
            Tab(
                key="soon",
                label=Label("Ends within a week", "一周内到期"),
                meaning=LOCK_SOON,
                conditions=(held, *soon),
            ),
        ),
        shows=("locked_until", "lock_reason", LAST),
        reminds="today",
    )


def to_be_recycled(plural: str, label: Label) -> ToDo:
    """What a pool is about to take from somebody, unless he follows up (POOL-6)."""
    soon = Tab(
        key="soon",
        label=Label("About to be recycled", "即将收回"),
        meaning=SOON_GONE,
        conditions=(condition("days_left", "le", SOON),),
        tone="late",
    )
    return ToDo(
        key=f"{LIST}{plural}",
        label=label,
        meaning=RECYCLED,
        since="obtained_at",
        also_since=LAST,
        tabs=(soon,),
        shows=("days_left", LAST),
    )


OPEN_LEADS = (condition("is_converted", "neq", True), condition("invalid_reason", "empty"))

catalogue.list_to_dos(
    "lead",
    to_contact("contact_leads", Label("Leads to contact", "待联系线索"), *OPEN_LEADS),
    handed_over("leads_given", Label("Assigned leads", "分配的线索"), *OPEN_LEADS),
    to_be_recycled("leads", Label("Leads about to be recycled", "即将收回的线索")),
)
catalogue.list_to_dos(
    "customer",
    to_contact("contact_customers", Label("Customers to contact", "待联系客户")),
    handed_over("customers_given", Label("Assigned customers", "分配的客户")),
    lock_ending("customer_locks", Label("Locks ending", "即将到期的锁定")),
    to_be_recycled("customers", Label("Customers about to be recycled", "即将收回的客户")),
)
catalogue.list_to_dos(
    "contact",
    to_contact(
        "contact_contacts", Label("Contacts to get in touch with", "待联系的联系人"), last=""
    ),
)
catalogue.list_to_dos("task", to_finish("tasks_due", Label("Tasks due", "待完成任务")))
