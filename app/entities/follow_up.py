"""Follow-ups: what was talked about with a lead, a customer or a contact, and when (ACT)."""

from app.entities.choices import FOLLOW_UP_METHOD, FOLLOW_UP_RESULT
from app.rules.follow_ups import FollowUpRules
from app.spec.declare import Entity, Label, Scope, catalogue, field, grant, roles
from app.store.record import Attached, Record


class FollowUp(Attached, Record):
    """Belongs to one record; whoever reads that reads it (ACT-3)."""

    text = field.long_text(
        "Text",
        "跟进内容",
        max_length=5000,
        required=True,
        listed=True,
        search="text",
        has_phrases=True,
    )
    happened_at = Attached.happened_at
    author = Attached.author
    method = field.choice(
        "Method", "跟进方式", FOLLOW_UP_METHOD, listed=True, fact=True, quick=True
    )
    result = field.choice(
        "Result", "跟进结果", FOLLOW_UP_RESULT, listed=True, fact=True, quick=True
    )
    lead = field.link("Lead", "线索", "lead", listed=True, is_parent=True, editable=False)
    customer = field.link(
        "Customer", "客户", "customer", listed=True, is_parent=True, editable=False
    )
    contact = field.link(
        "Contact", "联系人", "contact", listed=True, is_parent=True, editable=False
    )
    next_contact_at = field.moment(
        "Next contact time", "下次联系时间", listed=True, fact=True, is_ahead=True
    )
    contacts = field.links(
        "Related contacts",
        "相关联系人",
        "contact",
        help=Label("Whom else it was about.", "还涉及哪些联系人。"),
    )


KEEPING = "list read create edit delete import"
WRITING = "list read create edit"
LOOKING = grant(Scope.ALL, "list read")

follow_up = catalogue.declare(
    Entity(
        model=FollowUp,
        key="follow_up",
        plural="follow-ups",
        one=Label("Follow-up", "跟进记录"),
        many=Label("Follow-ups", "跟进记录"),
        help=Label(
            "What was talked about with a lead, a customer or a contact. Whoever may read that "
            "record reads them.",
            "与线索、客户或联系人沟通的记录；能查看该记录的人都能看到。",
        ),
        icon="messages",
        menu="customers",
        rank=40,
        title="text",
        order="-happened_at",
        moment="happened_at",
        operations=(*KEEPING.split(), "restore", "purge", "export"),
        has_files=True,
        rules=FollowUpRules(),
        grants={
            roles.SALES_MANAGER: grant(Scope.DEPARTMENT_TREE, f"{KEEPING} restore export"),
            roles.SALESPERSON: grant(Scope.SELF, KEEPING),
            roles.CLERK: grant(Scope.SELF, f"{WRITING} delete import"),
            roles.MARKETING: grant(Scope.SELF, f"{WRITING} delete import"),
            roles.SERVICE: grant(Scope.SELF, f"{WRITING} delete"),
            roles.FINANCE: LOOKING,
            roles.LEGAL: LOOKING,
            roles.AUDITOR: LOOKING,
        },
        samples=(
            {"text": "电话沟通，客户希望下周看方案。", "method": "call"},
            {"text": "Met at the fair; asked for a price list.", "method": "visit"},
        ),
    )
)
