"""The small company that the access tests look at: the oracle judges it, the loader stores it.

Three levels of departments with two siblings, every built-in role at least once, and for each
entity rows in every relation to the people: own, own department, department below, other
department, in a pool, in the recycle bin, with team seats that run, write, or have expired.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.oracle import Company, Pool, Row, Seat, User

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
LONG_AGO, FAR_AWAY = datetime(2000, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)

PASSWORD = "Kites over the harbour 2026"
"""Everybody's."""

DEPARTMENTS: dict[str, str | None] = {
    "Office": None,
    "Sales": "Office",
    "Sales 1": "Sales",
    "Sales 2": "Sales",
    "Marketing": "Office",
}
"""A department to its parent."""

PEOPLE = (
    User("admin", "Office", None, ("super_admin",)),
    User("system", "Office", None, ("system_admin",)),
    User("people", "Office", None, ("people_admin",)),
    User("manager", "Sales", None, ("sales_manager",)),
    User("leader1", "Sales 1", "manager", ("sales_manager",)),
    User("sales1a", "Sales 1", "leader1", ("salesperson",)),
    User("sales1b", "Sales 1", "leader1", ("salesperson",)),
    User("sales2a", "Sales 2", "manager", ("salesperson",)),
    User("clerk1", "Sales 1", "leader1", ("clerk",)),
    User("marketing", "Marketing", None, ("marketing",)),
    User("service", "Office", None, ("service",)),
    User("finance", "Office", None, ("finance",)),
    User("legal", "Office", None, ("legal",)),
    User("audit", "Office", None, ("auditor",)),
)

POOLS = (
    Pool("Open leads", "lead", admins=frozenset({"leader1"})),
    Pool("Open customers", "customer", admins=frozenset({"leader1"})),
    Pool("Customers of Sales 2", "customer", departments=frozenset({"Sales 2"})),
    Pool("Closed customers", "customer", is_enabled=False),
)


def owned_rows() -> tuple[Row, ...]:
    """Ten rows in every relation but the pools."""
    lent = (Seat("sales1a", "read", FAR_AWAY), Seat("sales1b", "write"))
    ended = (Seat("sales1a", "write", LONG_AGO), Seat("clerk1", "write", NOW - timedelta(days=1)))
    return (
        Row(1, "sales1a"),
        Row(2, "sales1a", seats=(Seat("sales2a", "write"),)),
        Row(3, "sales1b"),
        Row(4, "leader1"),
        Row(5, "manager"),
        Row(6, "sales2a", seats=lent),
        Row(7, "sales2a", seats=ended),
        Row(8, "marketing"),
        Row(9, "sales1a", is_deleted=True),
        Row(10, "sales2a", is_deleted=True, seats=(Seat("sales1a", "write"),)),
    )


def shared_rows() -> tuple[Row, ...]:
    """The same, with people who take part: of another department, below, without any scope."""
    takers = {
        1: ("sales2a", "finance"),
        3: ("sales1a",),
        5: ("sales1b", "leader1", "clerk1"),
        7: ("sales1a", "service"),
        8: ("legal", "sales2a", "audit"),
        9: ("sales1b",),
        10: ("sales1a", "clerk1"),
    }
    return tuple(replace(row, takers=takers.get(row.id, ())) for row in owned_rows())


def attached_rows() -> tuple[Row, ...]:
    """Follow-ups of records in every relation, by their owners and by others."""
    places: tuple[tuple[str, str, int], ...] = (
        ("sales1a", "customer", 1),
        ("leader1", "customer", 1),
        ("sales1b", "customer", 3),
        ("sales2a", "customer", 6),
        ("sales1a", "customer", 6),  # he has a seat there
        ("sales1a", "customer", 7),  # his seat has ended
        ("marketing", "lead", 8),
        ("sales1a", "contact", 1),
        ("sales2a", "contact", 6),
        ("sales1a", "customer", 11),  # in a pool
        ("sales2a", "lead", 1),
        ("leader1", "lead", 11),
        ("clerk1", "contact", 3),
        ("sales1a", "customer", 13),  # in a pool that is closed
        ("service", "customer", 6),
    )
    living = [Row(n, who, belongs_to=(kind, i)) for n, (who, kind, i) in enumerate(places, 1)]
    gone = (("sales1a", "customer", 9), ("sales1a", "customer", 1), ("sales2a", "customer", 6))
    binned = [
        Row(n, who, is_deleted=True, belongs_to=(kind, i))
        for n, (who, kind, i) in enumerate(gone, len(living) + 1)
    ]
    return (*living, *binned)


def logged_rows() -> tuple[Row, ...]:
    """The same, and rows of people of whom each has his own only."""
    alone = ("marketing", "service", "finance", "legal", "people", "clerk1")
    return (*shared_rows(), *(Row(number, who) for number, who in enumerate(alone, 11)))


def company() -> Company:
    """The whole of it, as the oracle reads it; ids are those that an empty database hands out."""
    customers = (
        *owned_rows(),
        Row(11, None, "Open customers"),
        Row(12, None, "Customers of Sales 2"),
        Row(13, None, "Closed customers"),
        Row(14, None, "Open customers", is_deleted=True),
    )
    leads = (*owned_rows(), Row(11, None, "Open leads"))
    return Company(
        now=NOW,
        departments=DEPARTMENTS,
        users={person.name: person for person in PEOPLE},
        pools={pool.name: pool for pool in POOLS},
        rows={
            "lead": leads,
            "customer": customers,
            "contact": owned_rows(),
            "follow_up": attached_rows(),
            "task": logged_rows(),
            "event": logged_rows(),
            "work_log": logged_rows(),
        },
    )
