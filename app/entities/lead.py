"""Leads: somebody who may become a customer (LEAD)."""

from app.entities.choices import INDUSTRY, INVALID_REASON, LEVEL, SOURCE
from app.spec.catalogue import catalogue
from app.spec.columns import (
    boolean,
    choice,
    email,
    link,
    long_text,
    mobile,
    moment,
    name,
    phone,
    text,
)
from app.spec.entity import Entity, View
from app.spec.field import Section
from app.spec.operations import POOLED
from app.spec.roles import AUDITOR, CLERK, MARKETING, SALES_MANAGER, SALESPERSON, grant
from app.spec.scopes import Scope
from app.spec.words import Label
from app.store.record import Pooled, Record


class Lead(Pooled, Record):
    """A lead; in a lead pool when nobody owns it (LEAD-3)."""

    name = name("Name", "线索名称", max_length=120)
    company = text("Company", "公司", listed=True, search="text")
    mobile = mobile("Mobile", "手机", listed=True, fact=True)
    phone = phone("Phone", "电话")
    email = email("E-mail", "邮箱", listed=True)
    source = choice("Lead source", "线索来源", SOURCE, listed=True, quick=True)
    industry = choice("Industry", "行业", INDUSTRY, quick=True)
    level = choice("Level", "级别", LEVEL, listed=True, fact=True, quick=True)
    next_contact_at = moment(
        "Next contact time", "下次联系时间", listed=True, sortable=True, fact=True
    )
    remark = long_text("Remark", "备注")
    province = text("Province", "省", max_length=40, section=Section.ADDRESS)
    city = text("City", "市", max_length=40, section=Section.ADDRESS)
    district = text("District", "区", max_length=40, section=Section.ADDRESS)
    address = text("Address", "详细地址", max_length=255, section=Section.ADDRESS, mask="address")
    is_converted = boolean("Converted", "已转化", system=True, section=Section.SYSTEM)
    converted_at = moment("Converted at", "转化时间", system=True, section=Section.SYSTEM)
    customer = link("Customer", "客户", "customer", system=True, section=Section.SYSTEM)
    invalid_reason = choice(
        "Invalid reason", "无效原因", INVALID_REASON, system=True, section=Section.SYSTEM
    )


lead = catalogue.declare(
    Entity(
        model=Lead,
        key="lead",
        plural="leads",
        one=Label("Lead", "线索"),
        many=Label("Leads", "线索"),
        icon="target",
        menu="customers",
        rank=10,
        order="-updated_at",
        operations=POOLED,
        views=(
            View(
                "no_next_contact",
                Label("No next contact", "未安排联系"),
                ({"col": "next_contact_at", "opr": "empty"},),
            ),
        ),
        grants={
            SALES_MANAGER: grant(Scope.DEPARTMENT_TREE, " ".join(POOLED)),
            SALESPERSON: grant(
                Scope.SELF, "list read create edit claim release add_team remove_team"
            ),
            CLERK: grant(Scope.DEPARTMENT, "list read create edit"),
            MARKETING: grant(Scope.ALL, "list read create edit assign export"),
            AUDITOR: grant(Scope.ALL, "list read"),
        },
        samples=(
            {"name": "李雷", "company": "上海晨光贸易", "mobile": "13700137000"},
            {"name": "Maria Rossi", "company": "Rossi S.r.l.", "email": "maria@rossi.example"},
        ),
    )
)
