"""What other programs head the columns of their exports with: 悟空 CRM, EspoCRM, Odoo (IMP).

What stands here is recognised in the headings of a file besides a field's own names.
"""

from app.spec import calling

_PLACE: dict[str, tuple[str, ...]] = {
    "province": ("省份", "State", "Billing Address State", "Address State", "State/Name"),
    "city": ("城市", "Billing Address City", "Address City"),
    "district": ("区县",),
}
_STREET = ("地址", "Street", "Billing Address Street", "Address Street", "Street2")
_COMMON: dict[str, tuple[str, ...]] = {
    "owner": ("所有人", "Assigned User", "Assigned User Name", "Salesperson", "Account Manager"),
    "remark": ("说明", "描述", "Description", "Notes", "Internal Notes", "Comments"),
    "next_contact_at": ("下次跟进时间", "Next Contact At", "Next Activity Deadline"),
    "tags": ("Tags/Name", "Tag", "Labels"),
    "mobile": ("Phone Mobile", "Mobile Phone", "Cell Phone"),
    "phone": ("Phone Number", "Phone Office", "Work Phone"),
    "email": ("Email Address", "电子邮件地址"),
    "address": _STREET,
}
CUSTOMER: dict[str, tuple[str, ...]] = {
    **_COMMON,
    **_PLACE,
    "name": ("客户", "Account Name", "Company Name", "Display Name"),
    "level": ("级别", "Rating"),
    "source": ("来源", "Source"),
    "industry": ("行业",),
    "country": ("国家", "Billing Address Country", "Country/Country Name"),
    "website": ("Website Link",),
    "credit_code": ("Tax ID", "VAT"),
}
CONTACT: dict[str, tuple[str, ...]] = {
    **_COMMON,
    "customer": (
        *("客户名称", "公司", "公司名称", "Account", "Account Name", "Company", "Company Name"),
        *("Related Company", "Related Company/Name", "Parent"),
    ),
    "position": ("Job Position", "Function", "Account Title"),
    "buying_role": ("是否关键决策人",),
}
LEAD: dict[str, tuple[str, ...]] = {
    **_COMMON,
    **_PLACE,
    "name": ("Contact Name", "Opportunity", "Lead"),
    "company": ("Account Name", "Company Name"),
    "source": ("来源", "Source"),
    "industry": ("客户行业",),
    "level": ("客户级别", "Rating"),
}

calling.declare("customer", CUSTOMER)
calling.declare("contact", CONTACT)
calling.declare("lead", LEAD)
