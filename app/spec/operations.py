"""The verbs: one word each for permission, button, URL and history entry (contract §5).

What an operation *does* is written in ``app/operations``; here stands what everybody needs to know
of it: its name in both languages, what it asks for, and how it relates to the row scope.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from app.spec import clock
from app.spec.field import Field
from app.spec.kinds import DateTimeField, IntegerField, LongTextField, OptionField, TextField
from app.spec.operation_choices import EXPORT_COLUMNS, FILE_FORMAT, OLD_OWNER, SEAT_LEVEL, SPREAD
from app.spec.relations import LinksField, RelationField, TagsField
from app.spec.settings import Chapter, Setting, declare, value
from app.spec.values import ColumnsField
from app.spec.words import Label


@dataclass(frozen=True)
class Operation:
    """A verb that a role may be granted on an entity."""

    slug: str
    label: Label
    icon: str = ""
    params: tuple[Field, ...] = field(default=(), repr=False)
    is_bulk: bool = False
    """Runs over a selection, from the list's bulk bar and ``/bulk/<slug>``."""
    is_handover: bool = False
    """May push a row where the doer loses it: exempt from looking again (BULK-7)."""
    is_dangerous: bool = False
    """Asks twice and is marked in the permission matrix (MATRIX-2)."""
    is_final: bool = False
    """Can't be taken back in any way; says so before it is confirmed."""
    is_light: bool = False
    """Asks for nothing and is taken back by one click: from a record's page it runs at once, and
    from its row where rows lie in a pool."""
    needs: str = ""
    """What the entity must have for it: ``owner``, ``pool``, ``bin``, ``team``, ``judged``; or
    empty."""
    needs_fields: tuple[str, ...] = ()
    """The fields that it writes and the entity must therefore declare."""
    seats: str = ""
    """The team seat that adds rows to it (PERM-3): ``read`` for any seat, ``write``; or none."""
    for_partakers: bool = False
    """Open also to those whom a field of the record lets in (``LinksField.lets_in``)."""
    rows: str = "live"
    """Which rows it is about: ``live``, ``pool``, ``both`` (live and pool) or ``binned``."""


_MESSAGE = LongTextField(label=Label("Message", "留言"), key="message", max_length=500)
_REASON = LongTextField(label=Label("Reason", "原因"), key="reason", max_length=500)
_UNTIL = DateTimeField(label=Label("Valid until", "有效时间"), key="until", is_ahead=True)
SEAT_DAYS: Setting[int] = declare(
    "seat_days",
    IntegerField(
        label=Label("New team seats end after (days)", "新团队成员有效期（天）"),
        default=0,
        minimum=0,
        maximum=3650,
        help=Label(
            "Unless a date is given when somebody is added. 0: they don't end.",
            "添加成员时未填写日期时适用；0 表示长期有效。",
        ),
    ),
    Chapter.RECORDS,
)


def _seats_end() -> datetime | None:
    """When a team seat ends that is given now without a date; None: never (CUS-4)."""
    days = value(SEAT_DAYS)
    return clock.now() + timedelta(days=days) if days else None


LIST = Operation("list", Label("List", "查看列表"), seats="read", for_partakers=True)
READ = Operation("read", Label("Read", "查看"), seats="read", for_partakers=True)
CREATE = Operation("create", Label("Create", "新建"), "plus")
EDIT = Operation("edit", Label("Edit", "编辑"), "pencil", seats="write")
BULK_EDIT = Operation("bulk_edit", Label("Bulk edit", "批量编辑"), "edit", is_bulk=True)
DELETE = Operation(
    "delete", Label("Delete", "删除"), "trash", is_bulk=True, is_dangerous=True, needs="bin"
)
RESTORE = Operation(
    "restore", Label("Restore", "恢复"), "arrow-back-up", is_bulk=True, needs="bin", rows="binned"
)
PURGE = Operation(
    "purge",
    Label("Purge", "彻底删除"),
    "trash-x",
    is_bulk=True,
    is_dangerous=True,
    is_final=True,
    needs="bin",
    rows="binned",
)
IMPORT = Operation("import", Label("Import", "导入"), "upload")
EXPORT = Operation(
    "export",
    Label("Export", "导出"),
    "download",
    (
        OptionField(
            label=Label("Format", "格式"),
            key="format",
            choices=FILE_FORMAT,
            required=True,
            default="xlsx",
        ),
        ColumnsField(
            label=Label("Columns", "列"),
            key="columns",
            choices=EXPORT_COLUMNS,
            required=True,
            default="visible",
        ),
        _REASON,
    ),
    is_bulk=True,
    is_dangerous=True,
)
TRANSFER = Operation(
    "transfer",
    Label("Transfer", "转移"),
    "arrows-exchange",
    (
        RelationField(
            label=Label("New owner", "新负责人"), key="new_owner", to="user", required=True
        ),
        OptionField(
            label=Label("Former owner", "原负责人"),
            key="old_owner",
            choices=OLD_OWNER,
            required=True,
            default="remove",
        ),
        replace(_UNTIL, only_with=("old_owner", "read", "write"), default=_seats_end),
        _MESSAGE,
    ),
    is_bulk=True,
    is_handover=True,
    needs="owner",
)
ASSIGN = Operation(
    "assign",
    Label("Assign", "分配"),
    "user-plus",
    (
        LinksField(label=Label("To", "分配给"), key="to", to="user"),
        RelationField(
            label=Label("And to everybody with the role", "以及具有该角色的所有人"),
            key="role",
            to="role",
        ),
        OptionField(
            label=Label("How", "方式"), key="how", choices=SPREAD, required=True, default="equal"
        ),
    ),
    is_bulk=True,
    is_handover=True,
    needs="owner",
    rows="both",
)
CLAIM = Operation(
    "claim",
    Label("Claim", "领取"),
    "hand-grab",
    is_bulk=True,
    is_light=True,
    needs="pool",
    rows="pool",
)
RELEASE = Operation(
    "release",
    Label("Release to pool", "放入公海"),
    "package-export",
    (
        RelationField(label=Label("Pool", "公海池"), key="pool", to="pool", required=True),
        _REASON,
    ),
    is_bulk=True,
    is_handover=True,
    needs="pool",
)
MOVE_POOL = replace(
    RELEASE, slug="move_pool", label=Label("Move to another pool", "转移到其他公海"), rows="pool"
)
RECYCLE = Operation(
    "recycle", Label("Automatic recycling", "自动收回"), "recycle", is_handover=True, needs="pool"
)
"""A release by the rules of a pool (POOL-5). Nobody is granted it: the system does it, and who may
release takes it back."""
LOCK = Operation(
    "lock",
    Label("Lock", "锁定"),
    "lock",
    (
        TextField(label=Label("Reason", "原因"), key="reason", required=True, max_length=255),
        _UNTIL,
    ),
    is_bulk=True,
    needs_fields=("is_locked", "locked_until", "lock_reason"),
)
UNLOCK = Operation(
    "unlock", Label("Unlock", "解锁"), "lock-open", is_bulk=True, needs_fields=LOCK.needs_fields
)
SET_DEAL_STATUS = Operation(
    "set_deal_status",
    Label("Set deal status", "设置成交状态"),
    "trophy",
    is_bulk=True,
    needs_fields=("deal_status", "won_at"),
)
JUDGE = Operation("judge", Label("Judge", "评定"), "scale", is_bulk=True, needs="judged")
ADD_TEAM = Operation(
    "add_team",
    Label("Add team members", "添加团队成员"),
    "users-plus",
    (
        LinksField(label=Label("Users", "员工"), key="users", to="user", required=True),
        OptionField(
            label=Label("Level", "权限"),
            key="level",
            choices=SEAT_LEVEL,
            required=True,
            default="read",
        ),
        replace(_UNTIL, default=_seats_end),
    ),
    is_bulk=True,
    needs="team",
)
REMOVE_TEAM = Operation(
    "remove_team",
    Label("Remove team members", "移除团队成员"),
    "users-minus",
    (LinksField(label=Label("Users", "员工"), key="users", to="user", required=True),),
    is_bulk=True,
    needs="team",
)
ADD_TAGS = Operation(
    "add_tags",
    Label("Add tags", "添加标签"),
    "tags",
    (TagsField(label=Label("Tags", "标签"), key="tags", required=True),),
    is_bulk=True,
    needs_fields=("tags",),
)
REMOVE_TAGS = Operation(
    "remove_tags",
    Label("Remove tags", "移除标签"),
    "tag-off",
    (TagsField(label=Label("Tags", "标签"), key="tags", required=True, is_open=False),),
    is_bulk=True,
    needs_fields=("tags",),
)
MERGE = Operation(
    "merge",
    Label("Merge", "合并"),
    "git-merge",
    is_bulk=True,
    is_dangerous=True,
    needs="bin",
)
CONVERT = Operation(
    "convert",
    Label("Convert", "转化"),
    "step-into",
    is_bulk=True,
    is_handover=True,
    needs="owner",
    needs_fields=("is_converted", "converted_at"),
)
MARK_INVALID = Operation(
    "mark_invalid",
    Label("Mark invalid", "标记无效"),
    "ban",
    is_bulk=True,
    needs_fields=("invalid_reason",),
)
REOPEN = Operation(
    "reopen", Label("Re-open", "重新启用"), "rotate", is_bulk=True, needs_fields=("invalid_reason",)
)
COMPLETE = Operation(
    "complete",
    Label("Mark done", "标记完成"),
    "circle-check",
    is_bulk=True,
    is_light=True,
    needs_fields=("status", "done_at"),
    for_partakers=True,
)
RESUME = Operation(
    "resume",
    Label("Set open again", "重新打开"),
    "rotate",
    is_bulk=True,
    is_light=True,
    needs_fields=COMPLETE.needs_fields,
    for_partakers=True,
)
DISABLE = Operation("disable", Label("Disable", "停用"), "user-off", is_bulk=True)
ENABLE = Operation("enable", Label("Enable", "启用"), "user-check", is_bulk=True)
RESET_PASSWORD = Operation(
    "reset_password", Label("Reset password", "重置密码"), "key", is_dangerous=True
)
HAND_OVER = Operation("hand_over", Label("Hand over", "交接"), "user-share", is_handover=True)
LOG_OUT = Operation(
    "log_out", Label("Log out everywhere", "强制退出"), "logout", is_bulk=True, is_final=True
)
SHARE = Operation("share", Label("Share with others", "共享给他人"), "share")

OPERATIONS: dict[str, Operation] = {
    operation.slug: operation
    for operation in (
        LIST,
        READ,
        CREATE,
        EDIT,
        BULK_EDIT,
        DELETE,
        RESTORE,
        PURGE,
        IMPORT,
        EXPORT,
        TRANSFER,
        ASSIGN,
        CLAIM,
        RELEASE,
        MOVE_POOL,
        LOCK,
        UNLOCK,
        SET_DEAL_STATUS,
        JUDGE,
        ADD_TEAM,
        REMOVE_TEAM,
        ADD_TAGS,
        REMOVE_TAGS,
        MERGE,
        CONVERT,
        MARK_INVALID,
        REOPEN,
        COMPLETE,
        RESUME,
        DISABLE,
        ENABLE,
        RESET_PASSWORD,
        LOG_OUT,
        HAND_OVER,
        SHARE,
    )
}
"""All verbs, in the order of the permission matrix. A new one is nobody's (style.md 5)."""

ALSO_CALLED = {"edit": "bulk_edit"}
"""Other words that programs may use for bulk operations (contract §5)."""

PLAIN = ("list", "read", "create", "edit")
BINNED = (*PLAIN, "bulk_edit", "delete", "restore", "export")
SHARED = (*BINNED, "import", "transfer", "add_team", "remove_team")
POOLED = (*SHARED, "assign", "claim", "release", "move_pool")
LOCKS = ("lock", "unlock")
TAGS = ("add_tags", "remove_tags")
TAGGED = (*SHARED, *TAGS)
