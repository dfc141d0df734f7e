"""The people the scope gate stands on: departments, users, roles and what roles are granted.

Their pages are declared in ``app/entities`` as any other's; the models stand here because rights
and scopes are resolved from them.
"""

from typing import Any

from sqlalchemy import JSON, Column, ForeignKey, Integer, String, Table
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec import columns as field
from app.spec.company import LANGUAGES, language, time_zone
from app.spec.field import Section
from app.spec.roles import EXPORT_LIMIT
from app.spec.words import Label
from app.store.record import Record, Row


class Department(Record):
    """A node of the one tree (ORG): the root can be renamed, not deleted."""

    name = field.name("Name", "名称", max_length=80)
    name_en = field.text("English name", "英文名称", max_length=80, listed=True, search="text")
    parent = field.link("Parent department", "上级部门", "department", listed=True, quick=True)
    head = field.person(
        "Department head", "部门负责人", listed=True, quick=True, is_constrained=False
    )
    position = field.integer("Order", "顺序", default=0)


class Role(Row):
    """A named set of grants (PERM). ``code`` is set for the built-in ones."""

    name = field.name("Name", "名称", max_length=80)
    name_en = field.text("English name", "英文名称", max_length=80, listed=True, search="text")
    code = field.text("Code", "编码", max_length=40, system=True, unique=True)
    description = field.text("Description", "说明", max_length=255, listed=True)
    export_limit = field.integer(
        "Exported without approval, up to (records)",
        "免审批导出上限（条）",
        default=EXPORT_LIMIT,
        minimum=0,
        help=Label(
            "More than that needs a reason and the superior's approval. Empty: any number. Of "
            "several roles that grant an export the largest counts.",
            "超过时需填写原因并由上级审批；留空表示不限。多个角色都有导出权限时取最大值。",
        ),
    )
    is_active = field.boolean("Active", "启用", system=True, listed=True)


class User(Row):
    """A person with an account; never deleted, only disabled (ORG-1)."""

    username = field.text(
        "Username",
        "用户名",
        required=True,
        unique=True,
        listed=True,
        fact=True,
        sortable=True,
        editable=False,
        max_length=64,
        search="text",
    )
    name = field.name("Name", "姓名", max_length=80)
    name_en = field.text("English name", "英文名", max_length=80, listed=True, search="text")
    mobile = field.mobile("Mobile", "手机", unique=True, listed=True, fact=True)
    email = field.email("E-mail", "邮箱", unique=True, listed=True)
    department = field.link(
        "Department", "部门", "department", required=True, listed=True, fact=True, quick=True
    )
    position = field.text("Position", "职务", max_length=80, listed=True, fact=True)
    superior = field.person("Direct superior", "直属上级", listed=True, fact=True)
    roles = field.links(
        "Roles",
        "角色",
        "role",
        required=True,
        listed=True,
        fact=True,
        quick=True,
        table="user_role",
    )
    language = field.choice("Language", "语言", LANGUAGES, default=language)
    timezone = field.time_zone("Time zone", "时区", default=time_zone)
    is_active = field.boolean("Active", "启用", system=True, listed=True, quick=True)
    last_login_at = field.moment("Last login", "最后登录时间", system=True, section=Section.SYSTEM)

    password: Mapped[Any] = mapped_column(String(255), nullable=True)
    must_change_password: Mapped[bool] = mapped_column(default=False)
    session_epoch: Mapped[int] = mapped_column(default=0)


user_role = Table(
    "user_role",
    db.metadata,
    Column("user_id", ForeignKey("user_account.id"), primary_key=True),
    Column("role_id", ForeignKey("role.id"), primary_key=True, index=True),
)


class RoleGrant(db.Model):  # type: ignore[name-defined,misc]
    """One row of the permission matrix: what a role may do with one entity."""

    __tablename__ = "role_grant"
    __table_args__ = {"extend_existing": False}  # noqa: RUF012 - SQLAlchemy's own form

    role_id: Mapped[int] = mapped_column(ForeignKey("role.id"), primary_key=True)
    entity: Mapped[str] = mapped_column(String(40), primary_key=True)
    scope: Mapped[str] = mapped_column(String(20), default="none")
    departments: Mapped[Any] = mapped_column(JSON, default=list)
    operations: Mapped[Any] = mapped_column(JSON, default=list)
    fields: Mapped[Any] = mapped_column(JSON, default=dict)


class RightsVersion(db.Model):  # type: ignore[name-defined,misc]
    """A single row: raised by everything that changes who may do what (MATRIX-9)."""

    __tablename__ = "rights_version"
    __table_args__ = {"extend_existing": False}  # noqa: RUF012 - SQLAlchemy's own form

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    number: Mapped[int] = mapped_column(default=0)
