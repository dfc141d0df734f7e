"""Tasks: what somebody has to do, alone or with others, until when (TASK).

Seen and done by owner and participants, changed by the owner and his managers (contract §6, 0031).
"""

from app.entities.choices import TASK_BUCKET, TASK_PRIORITY, TASK_STATUS
from app.rules.tasks import JOINED, TaskRules
from app.spec.declare import (
    BINNED,
    Entity,
    Label,
    Scope,
    View,
    catalogue,
    field,
    grant,
    roles,
    view,
)
from app.spec.declare import condition as when
from app.store.indexes import index_numbers
from app.store.record import Owned, Record

OWN = "list read create edit delete transfer complete resume"
"""What everybody who works with customers may do with his own."""
KEEPING = (*BINNED, "import", "transfer", "assign", "complete", "resume")
_SHOWN = {"required": True, "listed": True, "fact": True, "quick": True}


class Task(Owned, Record):
    title = field.name("Title", "标题", max_length=200, also=("任务", "Task", "Name", "Subject"))
    status = field.choice("Status", "状态", TASK_STATUS, default="open", **_SHOWN)
    priority = field.choice("Priority", "优先级", TASK_PRIORITY, default="none", **_SHOWN)
    due_at = field.moment(
        "Due", "截止时间", is_due=True, due_while=("status", "open"), sortable=True, listed=True,
        fact=True, also=("Due date", "Deadline"),
    )  # fmt: skip
    reminder_minutes = field.minutes_before(
        "Reminder (minutes before)", "提前提醒（分钟）",
        help=Label("Empty: none. 1440 is a day before.", "不填则不提醒；1440 为提前一天。"),
    )  # fmt: skip
    bucket = field.choice(
        "Bucket", "分组", TASK_BUCKET, required=True, default="inbox", quick=True,
        help=Label("Its column on the board of its owner.", "在负责人任务看板中的列。"),
    )  # fmt: skip
    participants = field.links(
        "Participants", "参与人", "user", listed=True, lets_in=True, told_as=JOINED,
        help=Label("They see the task and may mark it done.", "可查看该任务并标记完成。"),
    )  # fmt: skip
    lead = field.link("Lead", "线索", "lead")
    customer = field.link("Customer", "客户", "customer", listed=True)
    contact = field.link("Contact", "联系人", "contact")
    description = field.long_text("Description", "描述", max_length=5000)
    checklist = field.checklist()
    done_at = field.moment("Done at", "完成时间", sortable=True, system=True, beside="care")


_OPEN, _LATE = when("status", "eq", "open"), when("due_at", "lt", "@today")

task = catalogue.declare(
    Entity(
        model=Task,
        key="task",
        plural="tasks",
        one=Label("Task", "任务"),
        many=Label("Tasks", "任务"),
        help=Label("What somebody has to do, alone or with others.", "需独自或与他人完成的工作。"),
        icon="clipboard",
        menu="workbench",
        rank=60,
        title="title",
        order="due_at",
        moment="created_at",
        operations=(*KEEPING, "purge"),
        has_files=True,
        has_checklist=True,
        has_comments=True,
        rules=TaskRules(),
        told_as=dict.fromkeys(("create", "transfer", "assign"), "task_assigned"),
        first_view="open",
        views=(
            View("open", Label("Open", "进行中"), (_OPEN,)),
            view("taking_part", "I take part", "我参与的", "participants", "any", ["@me"]),
            View("overdue", Label("Overdue", "已逾期"), (_OPEN, _LATE)),
            view("done", "Done", "已完成", "status", "eq", "done"),
        ),
        grants={
            roles.SALES_MANAGER: grant(Scope.DEPARTMENT_TREE, KEEPING),
            **dict.fromkeys(roles.AT_CUSTOMERS, grant(Scope.SELF, OWN)),
            roles.AUDITOR: grant(Scope.ALL, "list read"),
        },
        samples=(
            {"title": "给张总回电话", "priority": "high"},
            {"title": "Send the revised offer", "bucket": "next"},
        ),
    )
)

index_numbers(Task, "open", "owner", "bucket", "due_at", only="status = 'open'")
"""What is still to be done: the board, what is due, and how much everybody has."""
