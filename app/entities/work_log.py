"""Work logs: what somebody did in a day, a week or a month, and what comes next (LOG)."""

from app.rules import work_logs
from app.spec import clock
from app.spec.declare import (
    PLAIN,
    Entity,
    Label,
    Scope,
    catalogue,
    field,
    fixed,
    grant,
    option,
    roles,
    view,
)
from app.store.indexes import index_numbers
from app.store.record import Owned, Record

LOG_KIND = fixed(
    "log_kind",
    "Kind",
    "类型",
    option("daily", "Daily", "日报", "blue"),
    option("weekly", "Weekly", "周报", "green"),
    option("monthly", "Monthly", "月报", "purple"),
)
_WRITTEN = {"max_length": 5000, "search": "text", "has_phrases": True}
_SHOWN = {"required": True, "listed": True, "fact": True, "quick": True}


class WorkLog(Owned, Record):
    """Seen by its author, by whom he sends it to, and by his managers (contract §6)."""

    owner = field.person("Author", "提交人", listed=True, fact=True, quick=True, editable=False)
    name = field.name("Title", "标题", max_length=120, default=work_logs.first_title)
    kind = field.choice("Kind", "类型", LOG_KIND, default="daily", **_SHOWN)
    day = field.date(
        "Date", "日期", sortable=True, default=clock.today, **_SHOWN,
        help=Label("Of a week or month any day of it.", "周报、月报填其中任意一天。"),
    )  # fmt: skip
    done = field.long_text("Done", "已完成工作", required=True, **_WRITTEN)
    next_steps = field.long_text("Next", "下一步计划", **_WRITTEN)
    problems = field.long_text("Problems", "遇到的问题", **_WRITTEN)
    recipients = field.links(
        "Recipients", "接收人", "user", listed=True, fact=True, lets_in=True,
        told_as=work_logs.SENT.key, hears=False,
        default=work_logs.usual_recipients,
        help=Label("They are told and may read it.", "将收到通知并可查看。"),
    )  # fmt: skip


WRITING = (*PLAIN, "delete")

work_log = catalogue.declare(
    Entity(
        model=WorkLog,
        key=work_logs.KEY,
        plural="work-logs",
        one=Label("Work log", "工作日志"),
        many=Label("Work logs", "工作日志"),
        help=Label(
            "What somebody did in a day, a week or a month, what comes next and what is in the "
            "way. Read by those it is sent to and by the author's managers.",
            "某人一天、一周或一个月的工作、下一步计划和遇到的问题；接收人及其上级可以查看。",
        ),
        icon="notebook",
        menu="workbench",
        rank=70,
        order="-day",
        operations=(*WRITING, "restore", "purge", "export"),
        has_files=True,
        has_comments=True,
        rules=work_logs.WorkLogRules(),
        views=(view("received", "Sent to me", "发给我的", "recipients", "any", ["@me"]),),
        grants={
            roles.PEOPLE_ADMIN: grant(Scope.SELF, WRITING),
            roles.SALES_MANAGER: grant(Scope.DEPARTMENT_TREE, (*WRITING, "restore", "export")),
            roles.SALESPERSON: grant(Scope.SELF, WRITING),
            roles.CLERK: grant(Scope.SELF, WRITING),
            roles.MARKETING: grant(Scope.SELF, WRITING),
            roles.SERVICE: grant(Scope.SELF, WRITING),
            roles.FINANCE: grant(Scope.SELF, WRITING),
            roles.LEGAL: grant(Scope.SELF, WRITING),
            roles.AUDITOR: grant(Scope.ALL, "list read"),
        },
        samples=(
            {"name": "日报", "done": "拜访三家客户，签下一份合同。"},
            {"name": "Week 47", "kind": "weekly", "done": "Two offers sent; one deal won."},
        ),
    )
)

index_numbers(WorkLog, "due", "kind", "day", "owner")
"""Who has written which: the list of who hasn't (LOG)."""
