"""The oracle itself, against cases that were worked out by hand."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.oracle import Company, Grant, Oracle, Pool, Row, Seat, User, read_table

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
PAST, FUTURE = NOW - timedelta(minutes=1), NOW + timedelta(minutes=1)


def company(*rows: Row, pools: dict[str, Pool] | None = None) -> Company:
    """office > sales > north, south; head leads ann (north) and bob (south), bob leads cid."""
    people = [
        User("root", "office", None, ("super_admin",)),
        User("head", "sales", None, ("boss",)),
        User("ann", "north", "head", ("seller",)),
        User("bob", "south", "head", ("seller", "looker")),
        User("cid", "south", "bob", ("seller",)),
        User("eve", None, None, ("boss",)),
        User("zoe", "office", None, ()),
    ]
    return Company(
        now=NOW,
        departments={"office": None, "sales": "office", "north": "sales", "south": "sales"},
        users={person.name: person for person in people},
        pools=pools or {},
        rows={"thing": rows},
    )


def grant(role: str, scope: str, operations: str, **chosen: object) -> Grant:
    return Grant(role, "thing", scope, frozenset(operations.split()), **chosen)  # type: ignore[arg-type]


EVERYTHING = Grant("super_admin", "*", "all", frozenset({"everything"}))
THREE = (Row(1, "ann"), Row(2, "bob"), Row(3, "cid"), Row(4, None))


@pytest.mark.parametrize(
    ("scope", "user", "ids"),
    [
        ("none", "head", set()),
        ("self", "ann", {1}),
        ("subordinates", "bob", {2, 3}),
        ("subordinates", "head", {1, 2, 3}),
        ("department", "cid", {2, 3}),
        ("department", "head", set()),
        ("department_tree", "head", {1, 2, 3}),
        ("department_tree", "ann", {1}),
        ("department_tree", "eve", set()),
        ("department", "eve", set()),
        ("all", "ann", {1, 2, 3, 4}),
    ],
)
def test_scope_reaches_exactly_these_rows(scope: str, user: str, ids: set[int]) -> None:
    """PERM-1, by the owner's present department and superior; nobody's rows only for all."""
    grants = [grant(role, scope, "list") for role in ("boss", "seller")]
    assert Oracle(company(*THREE), grants).visible(user, "thing", "list") == ids


def test_chosen_departments_are_exact_unless_those_below_are_asked_for() -> None:
    exact = grant("boss", "chosen", "list", departments=frozenset({"sales"}))
    below = grant("boss", "chosen", "list", departments=frozenset({"sales"}), and_below=True)
    assert Oracle(company(*THREE), [exact]).visible("eve", "thing", "list") == set()
    assert Oracle(company(*THREE), [below]).visible("eve", "thing", "list") == {1, 2, 3}


def test_two_hats_gain_what_neither_has_nowhere() -> None:
    """PERM-2: [edit, self] with [list, all] lists all, edits the own, deletes none."""
    grants = [grant("seller", "self", "list edit"), grant("looker", "all", "list")]
    oracle = Oracle(company(*THREE), grants)
    assert oracle.visible("bob", "thing", "list") == {1, 2, 3, 4}
    assert oracle.visible("bob", "thing", "edit") == {2}
    assert not oracle.may("bob", "thing", "delete")
    assert oracle.visible("bob", "thing", "delete") == set()


@pytest.mark.parametrize(
    ("seat", "operation", "is_open"),
    [
        (Seat("ann", "read"), "read", True),
        (Seat("ann", "read", FUTURE), "list", True),
        (Seat("ann", "read", NOW), "read", False),
        (Seat("ann", "write", PAST), "read", False),
        (Seat("ann", "read"), "edit", False),
        (Seat("ann", "write"), "edit", True),
        (Seat("ann", "write"), "bulk_edit", False),
        (Seat("ann", "write"), "delete", False),
        (Seat("ann", "write"), "transfer", False),
        (Seat("ann", "write"), "export", False),
        (Seat("cid", "write"), "read", False),
    ],
)
def test_seat_opens_what_its_level_says(seat: Seat, operation: str, is_open: bool) -> None:
    """PERM-3 and CUS-4: expired seats stop at once."""
    grants = [grant("seller", "self", "list read edit bulk_edit delete transfer export")]
    oracle = Oracle(company(Row(1, "bob", seats=(seat,))), grants)
    assert oracle.visible("ann", "thing", operation) == ({1} if is_open else set())


@pytest.mark.parametrize(
    ("taker", "operation", "is_open"),
    [
        ("ann", "read", True),
        ("ann", "list", True),
        ("ann", "edit", False),
        ("ann", "delete", False),
        ("cid", "read", False),
    ],
)
def test_taking_part_opens_reading(taker: str, operation: str, is_open: bool) -> None:
    """Contract §6: owner or participant."""
    grants = [grant("seller", "self", "list read edit delete")]
    oracle = Oracle(company(Row(1, "bob", takers=(taker,))), grants)
    assert oracle.visible("ann", "thing", operation) == ({1} if is_open else set())


def test_seat_without_a_granting_role_opens_nothing() -> None:
    row = Row(1, "bob", seats=(Seat("zoe", "write"),))
    oracle = Oracle(company(row), [grant("seller", "self", "read")])
    assert not oracle.may("zoe", "thing", "read")
    assert oracle.visible("zoe", "thing", "read") == set()


def test_recycle_bin_holds_what_only_restore_reaches() -> None:
    grants = [grant("seller", "self", "list read edit delete restore")]
    oracle = Oracle(company(Row(1, "ann"), Row(2, "ann", is_deleted=True)), grants)
    assert oracle.visible("ann", "thing", "list") == {1}
    assert oracle.visible("ann", "thing", "delete") == {1}
    assert oracle.visible("ann", "thing", "restore") == {2}


POOLED = (
    Row(1, "ann"),
    Row(2, None, pool="open"),
    Row(3, None, pool="southern"),
    Row(4, None, pool="closed"),
    Row(5, None, pool="open", is_deleted=True),
)
POOLS = {
    "open": Pool("open", "thing"),
    "southern": Pool("southern", "thing", departments=frozenset({"south"})),
    "closed": Pool("closed", "thing", is_enabled=False),
}


@pytest.mark.parametrize(
    ("user", "operation", "pool", "ids"),
    [
        ("root", "list", None, {1}),
        ("ann", "list", None, {1}),
        ("ann", "read", "open", {2}),
        ("ann", "list", "southern", set()),
        ("cid", "list", "southern", {3}),
        ("root", "list", "southern", {3}),
        ("ann", "claim", None, {2}),
        ("bob", "claim", None, {2, 3}),
        ("ann", "edit", "open", set()),
        ("ann", "transfer", None, {1}),
        ("root", "delete", None, {1}),
        ("head", "assign", None, {1, 2}),
        ("zoe", "claim", None, set()),
        ("root", "claim", None, {2, 3, 4}),
    ],
)
def test_pooled_rows_show_in_their_pool_only(
    user: str, operation: str, pool: str | None, ids: set[int]
) -> None:
    """Contract §6 and POOL-1: members list and claim, everything else passes pooled rows by."""
    grants = [
        EVERYTHING,
        grant("boss", "all", "list assign"),
        grant("seller", "self", "list read edit transfer claim"),
    ]
    oracle = Oracle(company(*POOLED, pools=POOLS), grants)
    assert oracle.visible(user, "thing", operation, pool) == ids


def test_pool_members_need_the_operation_too() -> None:
    """POOL-1: the list of members and the role's grant must both say yes."""
    oracle = Oracle(company(*POOLED, pools=POOLS), [grant("seller", "self", "list")])
    assert oracle.visible("ann", "thing", "claim") == set()


def test_super_admin_may_what_nobody_has_thought_of_yet() -> None:
    """PERM-7."""
    assert Oracle(company(), [EVERYTHING]).may("root", "anything", "teleport")


def test_default_grants_of_the_reviewed_table() -> None:
    """Spot checks of contract §7, so that a slip of the pen in the table shows."""
    roles = {grant.role for grant in read_table()}
    people = {role: User(role, "office", None, (role,)) for role in roles}
    oracle = Oracle(Company(NOW, {"office": None}, people))
    assert len(roles) == 11
    assert oracle.may("salesperson", "customer", "claim")
    assert not oracle.may("salesperson", "customer", "delete")
    assert oracle.may("salesperson", "contact", "delete")
    assert not oracle.may("salesperson", "contact", "restore")
    assert not oracle.may("clerk", "customer", "export")
    assert not oracle.may("system_admin", "customer", "list")
    assert not oracle.may("auditor", "customer", "export")
    assert oracle.may("auditor", "audit", "read")
    assert not oracle.may("system_admin", "user", "delete")
    assert oracle.may("super_admin", "customer", "purge")


@pytest.mark.parametrize(
    "line", ["seller thing self", "seller thing mine list", "seller thing self list list"]
)
def test_table_refuses_lines_that_say_nothing(tmp_path: Path, line: str) -> None:
    table = tmp_path / "access.txt"
    table.write_text(line, encoding="utf-8")
    with pytest.raises(ValueError, match=r"access.txt:1"):
        read_table(table)
