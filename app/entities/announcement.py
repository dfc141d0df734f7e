"""Announcements: what the company tells its people, all of them or some departments (NOTE)."""

from sqlalchemy import Column, ForeignKey, Table

from app.extensions import db
from app.rules.announcements import AnnouncementRules
from app.spec import clock
from app.spec.declare import Entity, Label, Scope, catalogue, field, grant, roles
from app.store.record import Record


class Announcement(Record):
    """Read by everybody of its departments, and of those below them, while it runs."""

    name = field.name("Title", "标题", max_length=120)
    text = field.long_text("Text", "正文", max_length=5000, required=True)
    departments = field.links(
        "Audience", "可见部门", "department", listed=True, quick=True,
        table="announcement_departments",
        help=Label("With the departments below; none: everybody.", "含下级部门；留空则全员可见。"),
    )  # fmt: skip
    starts_at = field.moment(
        "From", "开始时间", listed=True, sortable=True, quick=True, default=clock.now
    )
    ends_at = field.moment("Until", "结束时间", listed=True, sortable=True, quick=True)


announcement_departments = Table(
    "announcement_departments",
    db.metadata,
    Column("announcement_id", ForeignKey("announcement.id"), primary_key=True),
    Column("department_id", ForeignKey("department.id"), primary_key=True, index=True),
)
KEEPING = "list read create edit delete restore"

announcement = catalogue.declare(
    Entity(
        model=Announcement,
        key="announcement",
        plural="announcements",
        one=Label("Announcement", "公告"),
        many=Label("Announcements", "公告"),
        help=Label(
            "What the company tells its people. Here it is written; it is read under Announcements "
            "and on the home page by everybody whom it is meant for.",
            "面向员工发布的公告。在此撰写和管理；可见范围内的员工在公告页和首页阅读。",
        ),
        icon="speakerphone",
        menu="organisation",
        rank=86,
        order="-starts_at",
        operations=tuple(KEEPING.split()),
        rules=AnnouncementRules(),
        grants={
            roles.SYSTEM_ADMIN: grant(Scope.ALL, KEEPING),
            roles.PEOPLE_ADMIN: grant(Scope.ALL, KEEPING),
            roles.AUDITOR: grant(Scope.ALL, "list read"),
        },
        samples=(
            {"name": "国庆放假通知", "text": "10 月 1 日至 7 日放假。"},
            {"name": "New office hours", "text": "From Monday on we open at nine."},
        ),
    )
)
