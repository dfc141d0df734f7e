"""The words of the contract, written down by hand: other people's programs use them (§4, §5).

Everything else in the tests reads keys, options and parameters from the declarations, so a renamed
one would pass there. What may be declared besides is not said here.
"""

import re

import pytest

from app.operations.registry import behaviour
from app.spec.catalogue import catalogue
from app.spec.field import Field
from app.spec.kinds import OptionField
from app.spec.operations import OPERATIONS

KEYS = {
    "customer": "name name_en short_name level source industry mobile phone email website province "
    "city district address country credit_code main_business employee_range annual_revenue "
    "social_accounts tags next_contact_at remark owner deal_status won_at is_locked locked_until "
    "lock_reason pool pooled_at previous_owner obtained_at obtained_way last_follow_up_at "
    "last_follow_up_text primary_contact",
    # campaign comes with the marketing
    "lead": "name company mobile phone email source industry level province city district address "
    "next_contact_at remark tags owner is_converted converted_at customer invalid_reason pool "
    "obtained_at obtained_way last_follow_up_at",
    "contact": "name name_en customer mobile phone email position buying_role sex birthday address "
    "next_contact_at remark owner",
    "department": "name name_en parent head",
    "user": "username name name_en mobile email department position superior roles language "
    "timezone is_active",
}
REQUIRED = {
    "customer": {"name"},
    "lead": {"name"},
    "contact": {"name", "customer"},
    "department": {"name"},
    "user": {"username", "name", "department", "roles"},
    "pool": {"name", "kind"},
}
UNIQUE = {"customer": {"name", "credit_code"}, "user": {"username", "mobile", "email"}}
CODES = {
    ("customer", "level"): "A B C",
    ("customer", "deal_status"): "not_won won",
    ("customer", "source"): "promotion search_engine advertisement referral online_sign_up "
    "online_inquiry appointment cold_visit phone_inquiry email_inquiry",
    ("lead", "industry"): "it finance real_estate business_services logistics manufacturing "
    "government media",
    ("contact", "buying_role"): "decision_maker influencer user gatekeeper",
}
WORDS = {
    "list": "查看列表", "read": "查看", "create": "新建", "edit": "编辑", "bulk_edit": "批量编辑",
    "delete": "删除", "restore": "恢复", "purge": "彻底删除", "import": "导入", "export": "导出",
    "transfer": "转移", "assign": "分配", "claim": "领取", "release": "放入公海", "lock": "锁定",
    "unlock": "解锁", "set_deal_status": "设置成交状态", "add_team": "添加团队成员",
    "remove_team": "移除团队成员", "add_tags": "添加标签", "remove_tags": "移除标签",
    "convert": "转化", "merge": "合并", "move_pool": "转移到其他公海",
}  # fmt: skip
"""approve, reject, void and print come with what is approved and printed."""
LONGER = {
    "release": "Release to pool",
    "move_pool": "Move to another pool",
    "add_team": "Add team members",
    "remove_team": "Remove team members",
}
"""English names that say more than the slug."""
PARAMETERS = {
    "transfer": "new_owner old_owner until cascade cascade_of message",
    "assign": "to how",
    "claim": "",
    "release": "pool reason",
    "move_pool": "pool reason",
    "lock": "reason until",
    "unlock": "",
    "set_deal_status": "status",
    "add_team": "users level until cascade",
    "remove_team": "users",
    "add_tags": "tags",
    "remove_tags": "tags",
    "delete": "",
    "restore": "",
    "purge": "",
    "export": "format columns reason",
}
VALUES = {
    ("transfer", "old_owner"): "remove read write",
    ("transfer", "cascade_of"): "old_owner all",
    ("assign", "how"): "equal round_robin load room",
    ("add_team", "level"): "read write",
    ("export", "format"): "xlsx csv",
    ("export", "columns"): "visible all",
}


def declared(entity: str) -> dict[str, Field]:
    return dict(catalogue.get(entity).fields)


def codes(field: Field) -> list[str]:
    assert isinstance(field, OptionField)
    return [option.code for option in field.choices.current()]


@pytest.mark.parametrize("entity", KEYS)
def test_records_have_the_keys_of_the_contract(entity: str) -> None:
    """§4."""
    assert set(KEYS[entity].split()) - set(declared(entity)) == set()


@pytest.mark.parametrize("entity", REQUIRED)
def test_what_must_be_given_and_be_unique(entity: str) -> None:
    """The marks ✔ and U of the domain; a customer's name is compared by its key."""
    fields = declared(entity)
    assert {key for key, f in fields.items() if f.required} == REQUIRED[entity]
    given = {key for key, f in fields.items() if f.is_unique and not f.system}
    assert given == UNIQUE.get(entity, set())


@pytest.mark.parametrize(("entity", "key"), CODES)
def test_options_have_the_codes_of_the_contract(entity: str, key: str) -> None:
    assert codes(declared(entity)[key]) == CODES[entity, key].split()


def test_codes_are_english_words_in_snake_case() -> None:
    """§4; the levels are letters."""
    said = {
        (e.key, f.key, code)
        for e in catalogue
        for f in e.fields.values()
        if isinstance(f, OptionField) and f.key not in ("language", "timezone", "level", "kind")
        for code in codes(f)
    }
    assert len(said) > 50
    assert [one for one in said if not re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", one[2])] == []


@pytest.mark.parametrize("slug", WORDS)
def test_operations_are_called_as_in_the_contract(slug: str) -> None:
    label = OPERATIONS[slug].label
    assert label.zh == WORDS[slug]
    assert label.en == LONGER.get(slug, slug.replace("_", " ").capitalize())


FURTHER = {"assign": {"role"}}
"""What may be said besides: programs written for the contract need not know it (TASK: by role)."""
FURTHER_VALUES = {("assign", "how"): "level region"}
"""The same of what a parameter may say (POOL-3)."""


@pytest.mark.parametrize("slug", PARAMETERS)
def test_operations_ask_for_what_the_contract_says(slug: str) -> None:
    """§5, of the customer: the only one with all of them."""
    fields = {f.key: f for f in behaviour(slug).params(catalogue.get("customer"))}
    assert set(fields) == set(PARAMETERS[slug].split()) | FURTHER.get(slug, set())
    assert not any(fields[key].required for key in FURTHER.get(slug, ()))
    for (operation, key), words in VALUES.items():
        if operation == slug:
            further = FURTHER_VALUES.get((operation, key), "")
            assert codes(fields[key]) == f"{words} {further}".split()
