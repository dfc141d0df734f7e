"""Customers: the companies and people we do business with (CUS)."""

from app.entities.choices import DEAL_STATUS, EMPLOYEES, INDUSTRY, LEVEL, SOURCE, due, next_contact
from app.entities.judged import JUDGED
from app.spec.declare import (
    LOCKS,
    PLAIN,
    POOLED,
    TAGS,
    Child,
    Entity,
    Label,
    Scope,
    Section,
    catalogue,
    field,
    grant,
    quality,
    roles,
    view,
)
from app.store.record import Lockable, Pooled, Record

EVERYDAY = (*POOLED, *LOCKS, "set_deal_status", "judge", *TAGS)
_WON = {"system": True, "section": Section.COOPERATION}


class Customer(Lockable, Pooled, Record):
    """A customer; in a pool when nobody owns it."""

    name = field.name("Name", "客户名称", max_length=120, unique=field.UNIQUE_COMPANY)
    name_en = field.text("English name", "英文名称", search="text")
    short_name = field.text("Short name", "简称", max_length=40, search="text")
    level = field.choice("Customer level", "客户级别", LEVEL, listed=True, fact=True, quick=True)
    deal_status = field.choice(
        "Deal status", "成交状态", DEAL_STATUS, default="not_won", listed=True, fact=True, **_WON
    )
    mobile = field.mobile("Mobile", "手机", listed=True, fact=True, alike="phone")
    phone = field.phone("Phone", "电话", alike="phone")
    email = field.email("E-mail", "邮箱", derived=(field.MAIL_DOMAIN,))
    source = field.choice("Customer source", "客户来源", SOURCE, listed=True, quick=True)
    industry = field.choice("Industry", "客户行业", INDUSTRY, listed=True, quick=True)
    next_contact_at = next_contact("", listed=True, fact=True)
    tags = field.tags()
    website = field.website("Website", "网址")
    remark = field.long_text("Remark", "备注")
    credit_code = field.credit_code(
        "Unified social credit code", "统一社会信用代码", unique=True, section=Section.BUSINESS
    )
    main_business = field.text(
        "Main business", "主营业务", max_length=255, section=Section.BUSINESS
    )
    employee_range = field.choice("Employees", "人员规模", EMPLOYEES, section=Section.STRENGTH)
    annual_revenue = field.money("Annual revenue", "年营业额", section=Section.STRENGTH)
    social_accounts = field.text(
        "Social accounts", "社交账号", max_length=255, section=Section.SOCIAL
    )
    country = field.text("Country or region", "国家/地区", max_length=60, section=Section.ADDRESS)
    province = field.text("Province", "省", max_length=40, section=Section.ADDRESS)
    city = field.text("City", "市", max_length=40, section=Section.ADDRESS)
    district = field.text("District", "区", max_length=40, section=Section.ADDRESS)
    address = field.text(
        "Address", "详细地址", max_length=255, section=Section.ADDRESS, mask="address"
    )
    primary_contact = field.link(
        "Primary contact",
        "首要联系人",
        "contact",
        system=True,
        section=Section.SOCIAL,
        told_with="mobile",
        is_constrained=False,
    )
    won_at = field.moment("Won at", "成交时间", **_WON)


customer = catalogue.declare(
    Entity(
        model=Customer,
        key="customer",
        plural="customers",
        one=Label("Customer", "客户"),
        many=Label("Customers", "客户"),
        help=Label("The companies and people we sell to.", "与我们有业务往来的公司和个人。"),
        icon="building",
        menu="customers",
        rank=20,
        order="-updated_at",
        operations=(*EVERYDAY, "merge", "purge"),
        judged=JUDGED,
        has_timeline=True,
        has_files=True,
        children=(Child("contact", "customer", in_sheets=True), *due("customer")),
        views=(
            view("won", "Won", "已成交", "deal_status", "eq", "won"),
            view("locked", "Locked", "已锁定", "is_locked", "eq", True),
        ),
        quality=(*quality.REACHED, *quality.FOLLOWED, quality.lacking("won_at", deal_status="won")),
        grants={
            roles.SALES_MANAGER: grant(Scope.DEPARTMENT_TREE, EVERYDAY),
            roles.SALESPERSON: grant(
                Scope.SELF,
                "list read create edit import claim release lock unlock judge add_team remove_team "
                "add_tags remove_tags",
            ),
            roles.CLERK: grant(Scope.DEPARTMENT, (*PLAIN, "import", "judge", *TAGS)),
            roles.MARKETING: grant(Scope.ALL, "list read", hidden="annual_revenue"),
            roles.SERVICE: grant(Scope.ALL, "list read judge"),
            roles.FINANCE: grant(Scope.ALL, "list read"),
            roles.LEGAL: grant(Scope.ALL, "list read", masked="mobile phone email"),
            roles.AUDITOR: grant(Scope.ALL, "list read"),
        },
        samples=(
            {"name": "杭州海纳科技有限公司", "name_en": "Hangzhou Haina", "mobile": "13800138000"},
            {"name": "Nguyễn Trading Co., Ltd.", "email": "sales@nguyen.example", "level": "A"},
            {"name": "北京远山文化传媒有限公司", "annual_revenue": "1200000.50"},
        ),
    )
)
