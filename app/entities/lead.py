"""Leads: somebody who may become a customer (LEAD)."""

from app.entities.choices import INDUSTRY, INVALID_REASON, LEVEL, SOURCE, due, next_contact
from app.entities.judged import JUDGED
from app.rules.leads import ConvertedRules
from app.spec.declare import (
    LOCKS,
    PLAIN,
    POOLED,
    TAGS,
    Beside,
    Conversion,
    Entity,
    Label,
    Scope,
    Section,
    View,
    catalogue,
    condition,
    field,
    grant,
    quality,
    roles,
    view,
)
from app.store.record import Lockable, Pooled, Record

EVERYDAY = (*POOLED, *LOCKS, "judge", *TAGS, "convert", "mark_invalid", "reopen")

_OPEN = (condition("is_converted", "eq", False), condition("invalid_reason", "empty"))


class Lead(Lockable, Pooled, Record):
    """A lead; in a lead pool when nobody owns it (LEAD-3)."""

    name = field.name("Name", "线索名称", max_length=120, also=("姓名", "联系人", "称呼"))
    company = field.company("Company", "公司", listed=True)
    mobile = field.mobile("Mobile", "手机", listed=True, fact=True, alike="phone")
    phone = field.phone("Phone", "电话", alike="phone")
    email = field.email("E-mail", "邮箱", listed=True, derived=(field.MAIL_DOMAIN,))
    source = field.choice("Lead source", "线索来源", SOURCE, listed=True, quick=True)
    industry = field.choice("Industry", "行业", INDUSTRY, quick=True)
    level = field.choice("Level", "级别", LEVEL, listed=True, fact=True, quick=True)
    next_contact_at = next_contact("is_converted invalid_reason", listed=True, fact=True)
    remark = field.long_text("Remark", "备注")
    tags = field.tags()
    province = field.text("Province", "省", max_length=40, section=Section.ADDRESS)
    city = field.text("City", "市", max_length=40, section=Section.ADDRESS)
    district = field.text("District", "区", max_length=40, section=Section.ADDRESS)
    address = field.text("Address", "详细地址", max_length=255, section=Section.ADDRESS,
                         mask="address")  # fmt: skip
    is_converted = field.boolean(
        "Converted", "已转化", flag="green", system=True, section=Section.SYSTEM
    )
    converted_at = field.moment("Converted at", "转化时间", system=True, section=Section.SYSTEM)
    customer = field.link("Customer", "客户", "customer", system=True, section=Section.SYSTEM)
    invalid_reason = field.choice(
        "Invalid reason", "无效原因", INVALID_REASON, system=True, section=Section.SYSTEM
    )


lead = catalogue.declare(
    Entity(
        model=Lead,
        key="lead",
        plural="leads",
        one=Label("Lead", "线索"),
        many=Label("Leads", "线索"),
        help=Label("Somebody who may become a customer.", "可能成为客户的人或公司。"),
        icon="target",
        menu="customers",
        rank=10,
        order="-updated_at",
        operations=(*EVERYDAY, "merge", "purge"),
        judged=JUDGED,
        has_timeline=True,
        has_files=True,
        children=due("lead"),
        rules=ConvertedRules(),
        conversion=Conversion(
            "customer",
            {"name": ("company", "name")},
            (Beside("contact", "customer", {"name": ("name",)}),),
        ),
        first_view="open",
        views=(
            View("open", Label("Open", "跟进中"), _OPEN),
            view("converted", "Converted", "已转化", "is_converted", "eq", True),
            view("invalid", "Invalid", "无效", "invalid_reason", "not_empty"),
            view("no_next_contact", "No next contact", "未安排联系", "next_contact_at", "empty"),
        ),
        quality=(*quality.REACHED, *quality.FOLLOWED),
        grants={
            roles.SALES_MANAGER: grant(Scope.DEPARTMENT_TREE, EVERYDAY),
            roles.SALESPERSON: grant(
                Scope.SELF,
                "list read create edit import claim release lock unlock judge add_team remove_team "
                "add_tags remove_tags convert mark_invalid reopen",
            ),
            roles.CLERK: grant(Scope.DEPARTMENT, (*PLAIN, "import", "judge", *TAGS)),
            roles.MARKETING: grant(
                Scope.ALL, "list read create edit import assign export judge add_tags remove_tags"
            ),
            roles.AUDITOR: grant(Scope.ALL, "list read"),
        },
        samples=(
            {"name": "李雷", "company": "上海晨光贸易", "mobile": "13700137000"},
            {"name": "Maria Rossi", "company": "Rossi S.r.l.", "email": "maria@rossi.example"},
        ),
    )
)
