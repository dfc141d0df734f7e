"""Contacts: the people we talk to at a customer, each scoped by his own owner (CON, PERM-3)."""

from app.entities.choices import BUYING_ROLE, SEX, due, next_contact
from app.rules.contacts import PrimaryContactRules
from app.spec.declare import TAGGED, Entity, Label, Scope, catalogue, field, grant, quality, roles
from app.store.record import Owned, Record

WORKING = "list read create edit import add_tags remove_tags"


class Contact(Owned, Record):
    name = field.name("Name", "姓名", max_length=80, also=("联系人", "称呼"))
    name_en = field.text("English name", "英文名", max_length=80, search="text")
    customer = field.link(
        "Customer", "客户", "customer", required=True, listed=True, fact=True, is_parent=True
    )
    mobile = field.mobile("Mobile", "手机", listed=True, fact=True)
    phone = field.phone("Phone", "电话")
    email = field.email("E-mail", "邮箱", listed=True, fact=True)
    position = field.text("Position", "职务", max_length=80, listed=True, fact=True,
                          also=("职位", "Title"))  # fmt: skip
    buying_role = field.choice("Role in buying", "采购角色", BUYING_ROLE, listed=True, quick=True)
    sex = field.choice("Sex", "性别", SEX)
    birthday = field.birthday("Birthday", "生日")
    address = field.text("Address", "地址", max_length=255, mask="address")
    next_contact_at = next_contact()
    remark = field.long_text("Remark", "备注")
    tags = field.tags(listed=False, quick=True)


contact = catalogue.declare(
    Entity(
        model=Contact,
        key="contact",
        plural="contacts",
        one=Label("Contact", "联系人"),
        many=Label("Contacts", "联系人"),
        help=Label("The people we talk to at a customer.", "我们在客户那里打交道的人。"),
        icon="address-book",
        menu="customers",
        rank=30,
        order="-updated_at",
        operations=(*TAGGED, "merge", "purge"),
        has_timeline=True,
        has_files=True,
        children=due("contact"),
        rules=PrimaryContactRules(),
        quality=(*quality.REACHED, quality.unborn("birthday")),
        grants={
            roles.SALES_MANAGER: grant(Scope.DEPARTMENT_TREE, TAGGED),
            roles.SALESPERSON: grant(Scope.SELF, f"{WORKING} delete add_team remove_team"),
            roles.CLERK: grant(Scope.DEPARTMENT, WORKING),
            roles.SERVICE: grant(Scope.ALL, "list read"),
            roles.AUDITOR: grant(Scope.ALL, "list read"),
        },
        samples=({"name": "王小明", "mobile": "13900139000"}, {"name": "Anna Schmidt"}),
    )
)
