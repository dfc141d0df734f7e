"""The demo company is the one that the contract promises (§8), always the same, and believable."""

import random
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

import pytest

from app.demo.contacts import contacts
from app.demo.customers import customers
from app.demo.leads import leads
from app.demo.names import CompanyNames, Shuffle
from app.demo.people import departments, users
from app.spec import checks
from app.spec.pinyin import readings
from app.spec.text import clean, company_key, digits
from app.spec.tokens import index_tokens, query_tokens

TODAY = date(2026, 11, 21)
USERS = users()
CUSTOMERS = list(customers(1000, 1, TODAY, USERS))
LEADS = list(leads(500, 1, TODAY, USERS))
CONTACTS = list(contacts(CUSTOMERS, 1))

USERNAMES = """
admin manager leader1 leader2 leader3 sales1a sales1b sales2a sales2b sales2c clerk1 clerk2 finance
legal service marketing people audit
"""
CUSTOMER_COLUMNS = """
name name_en short_name level source industry mobile phone email website province city district
address country credit_code main_business employee_range annual_revenue social_accounts tags
next_contact_at remark owner deal_status won_at is_locked locked_until lock_reason pool pooled_at
previous_owner obtained_at obtained_way last_follow_up_at last_follow_up_text created_at created_by
"""
LEAD_COLUMNS = """
name company mobile phone email source industry level province city district address
next_contact_at remark tags owner is_converted is_locked locked_until lock_reason pool pooled_at
previous_owner obtained_at obtained_way last_follow_up_at last_follow_up_text created_at created_by
"""
CONTACT_COLUMNS = """
name name_en customer mobile phone email position buying_role sex birthday address
next_contact_at remark owner is_primary created_at created_by
"""


def test_the_tree_and_the_people_of_the_contract() -> None:
    tree = {row["name"]: row["parent"] for row in departments()}
    assert tree == {
        "办公室": None, "销售部": "office", "销售一部": "sales", "销售二部": "sales",
        "市场部": "office", "客服部": "office", "财务部": "office", "法务部": "office",
        "人事部": "office",
    }  # fmt: skip
    people = {row["username"]: row for row in USERS}
    assert set(people) == set(USERNAMES.split())
    superiors = {name: people[name]["superior"] for name in people}
    assert superiors["leader1"] == superiors["leader2"] == "manager"
    assert superiors["sales1a"] == superiors["sales1b"] == "leader1"
    assert superiors["sales2a"] == superiors["sales2b"] == superiors["leader3"] == "leader2"
    assert superiors["sales2c"] == "leader3"
    english = {name for name, row in people.items() if row["language"] == "en"}
    assert english == {"leader3", "sales2c", "clerk2"}
    assert people["leader3"]["department"] == people["clerk2"]["department"] == "sales_2"


@pytest.mark.parametrize(
    ("user_count", "department_count"), [(18, 9), (19, 10), (20, 60), (500, 100), (2000, 9)]
)
def test_a_grown_company_holds_together(user_count: int, department_count: int) -> None:
    tree = departments(department_count, user_count)
    people = users(user_count, department_count)
    assert (len(people), len(tree)) == (user_count, department_count)
    keys = [row["key"] for row in tree]
    names = [row["username"] for row in people]
    for unique in (keys, names, [row["mobile"] for row in people], [row["name"] for row in tree]):
        assert len(set(unique)) == len(unique)
    assert all(row["parent"] in keys[:at] for at, row in enumerate(tree) if at)
    assert all(row["head"] in {*names, None} for row in tree)
    assert all(row["superior"] in {*names[:at], None} for at, row in enumerate(people))
    assert {row["department"] for row in people} <= set(keys)
    assert all(row["name"] and row["name_en"] and row["roles"] for row in people)
    assert all(checks.mobile(row["mobile"]) == row["mobile"] for row in people)


SHARES = {"sales1a": 18, "sales1b": 18, "sales2a": 18, "sales2b": 18, "sales2c": 8, "manager": 5}
"""Percent of all; the rest is in the pool."""


@pytest.mark.parametrize("rows", [CUSTOMERS, LEADS], ids=["customers", "leads"])
def test_records_are_dealt_out_as_the_contract_says(rows: list[dict[str, Any]]) -> None:
    """Of the owned ones 3 % are locked, 5 % have a seat."""
    owned = {name: len(rows) * percent // 100 for name, percent in SHARES.items()}
    total = sum(owned.values())
    assert Counter(row["owner"] for row in rows) == {**owned, None: len(rows) - total}
    assert sum(row["is_locked"] for row in rows) == int(total * 0.03 + 0.5)
    assert sum(bool(row["team"]) for row in rows) == int(total * 0.05 + 0.5)


@pytest.mark.parametrize("rows", [CUSTOMERS, LEADS], ids=["customers", "leads"])
def test_seats_are_held_by_the_other_team(rows: list[dict[str, Any]]) -> None:
    department = {row["username"]: row["department"] for row in USERS}
    seats = [(row["owner"], seat) for row in rows for seat in row["team"]]
    assert len(seats) == round(len(rows) * 0.85 * 0.05 + 0.01)
    assert {seat["level"] for _, seat in seats} == {"read", "write"}
    for owner, seat in seats:
        assert department[seat["user"]] != department[owner]
        assert seat["until"] is None or seat["until"] > TODAY


@pytest.mark.parametrize("rows", [CUSTOMERS, LEADS], ids=["customers", "leads"])
def test_the_pool_is_where_nobody_owns(rows: list[dict[str, Any]]) -> None:
    assert sum(row["pool"] is True for row in rows) == len(rows) * 15 // 100
    for row in rows:
        assert (row["pool"] is None) == (row["owner"] is not None)
        assert (row["pool"] is None) == (row["pooled_at"] is None)
        assert not (row["pool"] and (row["team"] or row.get("is_locked")))


@pytest.mark.parametrize("count", [0, 1, 2, 7, 99, 1001])
def test_any_count_is_dealt_out(count: int) -> None:
    rows = list(customers(count, 5, TODAY, USERS))
    owned = Counter(row["owner"] for row in rows)
    assert len(rows) == count
    assert abs(owned["sales1a"] - count * 0.18) <= 1
    assert abs(owned[None] - count * 0.15) <= 1


def test_grown_people_share_what_salespeople_have() -> None:
    people = users(58, 12)
    owned = Counter(row["owner"] for row in customers(9000, 1, TODAY, people))
    sellers = {row["username"] for row in people if row["roles"] == ("salesperson",)}
    assert {owner for owner in owned if owner} == sellers | {"manager"}
    assert (owned[None], owned["manager"]) == (1350, 450)
    assert max(owned[name] for name in sellers) - min(owned[name] for name in sellers) <= 1


def test_the_same_seed_gives_the_same_company() -> None:
    assert list(customers(1000, 1, TODAY, USERS)) == CUSTOMERS
    assert list(leads(500, 1, TODAY, USERS)) == LEADS
    other = list(customers(1000, 2, TODAY, USERS))
    assert {row["name"] for row in other}.isdisjoint({row["name"] for row in CUSTOMERS[:50]})
    late = contacts(CUSTOMERS[700:], 1)
    assert list(late) == [row for row in CONTACTS if row["customer"] > 700]


def test_rows_have_the_columns_of_the_contract() -> None:
    assert set(CUSTOMERS[0]) == {*CUSTOMER_COLUMNS.split(), "key", "team"}
    assert set(LEADS[0]) == {*LEAD_COLUMNS.split(), "key", "team"}
    assert set(CONTACTS[0]) == set(CONTACT_COLUMNS.split())
    for rows in (CUSTOMERS, LEADS, CONTACTS):
        assert {frozenset(row) for row in rows} == {frozenset(rows[0])}


def test_every_value_would_pass_the_form() -> None:
    for row in (*CUSTOMERS, *LEADS, *CONTACTS):
        assert checks.mobile(row["mobile"]) == row["mobile"]
        assert len(row["mobile"]) == 11
        assert checks.phone(row["phone"] or "") == (row["phone"] or "")
        assert checks.email(row["email"] or "") == (row["email"] or "")
        assert clean(row["name"]) == row["name"]
    for row in CUSTOMERS:
        assert checks.credit_code(row["credit_code"] or "") == (row["credit_code"] or "")
        assert checks.website(row["website"] or "") == (row["website"] or "")
    assert sum(row["credit_code"] is not None for row in CUSTOMERS) > 850


def test_what_must_be_unique_is() -> None:
    rows = list(islice(customers(20_000, 3, TODAY, USERS), 20_000))
    for column in ("mobile", "credit_code"):
        values = [row[column] for row in rows if row[column]]
        assert len(set(values)) == len(values)
    assert len({company_key(row["name"]) for row in rows}) == len(rows)


def test_company_names_last_for_a_million_customers() -> None:
    names = CompanyNames(7)
    numbers = (*range(0, 1_000_000, 97), *range(-1, -500_000, -97))
    assert len({names.chinese(number).name for number in numbers}) == len(numbers)
    assert len({company_key(names.english(number).name) for number in numbers}) == len(numbers)


@pytest.mark.parametrize("size", [1, 2, 3, 10, 97, 1000])
def test_a_shuffle_loses_nothing(size: int) -> None:
    shuffle = Shuffle(size, 3)
    assert sorted(map(shuffle, range(size))) == list(range(size))


def test_names_come_in_both_languages() -> None:
    english = sum(row["name"].isascii() for row in CUSTOMERS)
    assert english == 200
    assert all(re.search(r"(公司|Ltd\.|Limited|Inc\.)$", row["name"]) for row in CUSTOMERS)


def test_everybody_has_one_to_three_contacts() -> None:
    per_customer = Counter(row["customer"] for row in CONTACTS)
    assert set(per_customer) == {row["key"] for row in CUSTOMERS}
    assert set(per_customer.values()) == {1, 2, 3}
    assert sum(row["is_primary"] for row in CONTACTS) == len(CUSTOMERS)
    owner = {row["key"]: row["owner"] for row in CUSTOMERS}
    assert all(row["owner"] == owner[row["customer"]] for row in CONTACTS)


def test_things_happen_in_their_order_within_two_years() -> None:
    earliest = datetime(2024, 11, 20, tzinfo=UTC)
    now = datetime(2026, 11, 21, tzinfo=UTC)
    for row in (*CUSTOMERS, *LEADS):
        order = ("created_at", "obtained_at", "last_follow_up_at", "pooled_at")
        times = [row[key] for key in order if row[key]]
        assert times == sorted(times)
        assert earliest < times[0]
        assert times[-1] < now
        won = row.get("won_at")
        assert won is None or row["obtained_at"] <= won < now
        assert (row.get("deal_status") == "won") == (won is not None)
        assert row["next_contact_at"] is None or row["next_contact_at"] < now + timedelta(days=15)
    months = {row["created_at"].strftime("%Y-%m") for row in CUSTOMERS}
    assert len(months) == 25


def tokens_of(row: dict[str, Any]) -> frozenset[str]:
    return index_tokens(
        [
            ("text", row["name"]),
            ("text", row["short_name"]),
            ("phone", row["mobile"]),
            ("phone", row["phone"]),
        ]
    )


INDEX = [tokens_of(row) for row in CUSTOMERS]


def test_a_demo_customer_needs_few_tokens() -> None:
    sizes = sorted(map(len, INDEX))
    assert sizes[len(sizes) // 2] <= 100
    assert sizes[len(sizes) * 95 // 100] <= 120


def has_initials(name: str, fragment: str) -> bool:
    letters = [{sound[0] for sound in readings(char)} for char in name if readings(char)]
    return any(
        all(letter in choice for letter, choice in zip(fragment, letters[start:], strict=False))
        for start in range(len(letters) - len(fragment) + 1)
    )


def contains(row: dict[str, Any], fragment: str) -> bool:
    """What a person would call a hit: the fragment stands there, or sounds or begins like that."""
    names = (row["name"].lower(), row["short_name"].lower())
    sounds = ["".join(readings(char)[0] for char in name if readings(char)) for name in names]
    numbers = (row["mobile"], digits(row["phone"] or ""))
    is_written = any(fragment in text for text in (*names, *sounds, *numbers))
    return is_written or any(has_initials(name, fragment) for name in names)


def fragment_of(row: dict[str, Any], kind: str, rng: random.Random) -> str:
    """Three to six neighbouring characters of one kind, as somebody might type them."""
    whole: str = row["name"]
    if kind == "digits":
        whole = row["mobile"]
    elif kind == "latin":
        whole = max(re.findall("[a-z]+", f"{row['name_en']} abc".lower()), key=len)
    else:
        whole = re.sub("[^\u4e00-\u9fff]", "", row["name"]) or "有限公司"
        if kind == "initials":
            whole = "".join(readings(char)[0][0] for char in whole)
    length = rng.randint(4 if kind == "digits" else 3, 6)
    start = rng.randrange(max(1, len(whole) - length + 1))
    return whole[start : start + length]


@pytest.mark.parametrize("kind", ["chinese", "initials", "pinyin", "latin", "digits"])
def test_search_finds_all_and_hardly_anything_else(kind: str) -> None:
    """Of all rows that are found, at most one in a hundred doesn't contain the fragment."""
    rng = random.Random(kind)  # noqa: S311 - which fragments are tried, nothing secret
    rows = [row for row in CUSTOMERS if row["name"].isascii() == (kind == "latin")]
    found = wrong = 0
    for _ in range(100):
        row = rng.choice(rows)
        fragment = fragment_of(row, kind, rng)
        query = query_tokens(fragment)
        hits = [row for row, tokens in zip(CUSTOMERS, INDEX, strict=True) if query.matches(tokens)]
        assert row in hits, fragment
        found += len(hits)
        wrong += sum(not contains(hit, fragment) for hit in hits)
    assert found >= 100
    assert wrong / found <= 0.01
