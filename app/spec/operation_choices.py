"""What can be chosen when an operation is asked for (contract §5)."""

from app.spec.options import Dictionary, fixed, option

OLD_OWNER = fixed(
    "old_owner",
    "Former owner",
    "原负责人",
    option("remove", "Remove", "移出"),
    option("read", "Keep as team member, read-only", "转为团队成员（只读）"),
    option("write", "Keep as team member, read-write", "转为团队成员（读写）"),
)
LEAVING = Dictionary(OLD_OWNER.key, OLD_OWNER.label, OLD_OWNER.options[:1], is_editable=False)
"""The same where records have no team to stay in."""
SEAT_LEVEL = fixed(
    "seat_level",
    "Level",
    "权限",
    option("read", "Read-only", "只读"),
    option("write", "Read-write", "读写"),
)
SPREAD = fixed(
    "spread",
    "How",
    "方式",
    option("equal", "Equal shares", "平均分配"),
    option("round_robin", "In turn", "轮流分配"),
    option("load", "Least loaded first", "按负载"),
    option("room", "Most room first", "按剩余名额"),
    option("level", "Every level evenly", "按级别均分"),
    option("region", "Each province to one person", "按省份归人"),
)
SPREAD_BY = {"level": "level", "region": "province"}
"""The ways that ask for a field, with that field: only entities that have it know them."""
CASCADE_OF = fixed(
    "cascade_of",
    "Whose",
    "范围",
    option("old_owner", "The former owner's", "原负责人的"),
    option("all", "All", "全部"),
)
FILE_FORMAT = fixed(
    "file_format", "Format", "格式", option("xlsx", "Excel", "Excel"), option("csv", "CSV", "CSV")
)
EXPORT_COLUMNS = fixed(
    "export_columns",
    "Columns",
    "列",
    option("visible", "Columns of the list", "列表中的列"),
    option("all", "All permitted columns", "全部有权限的列"),
)
