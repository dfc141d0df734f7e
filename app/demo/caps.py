"""The caps of the demo company: how many customers its sales people may have and lock (POOL-9)."""

from collections.abc import Mapping

from app.spec.catalogue import catalogue
from app.store.writer import Context, insert_rows

SMALLEST, LARGEST = 500, 10_000
"""Customers between which a company has caps; other ones are made to be tested and measured."""
SHARE = 4
"""Nobody has more than this part of all customers."""
LOCKS = 20


def write(departments: Mapping[str, int], customers: int) -> None:
    """Store them, for the sales department with all below it."""
    if not SMALLEST <= customers <= LARGEST:
        return
    most = customers // SHARE
    named = (
        ("销售人员客户数", "Customers per salesperson", "holding", most),
        ("销售人员锁定数", "Locks per salesperson", "locked", LOCKS),
    )
    rows = [
        {
            "name": name,
            "name_en": english,
            "kind": "customers",
            "counted": counted,
            "number": number,
            "departments": [departments["sales"]],
            "is_enabled": True,
        }
        for name, english, counted, number in named
    ]
    insert_rows(catalogue.get("cap"), rows, Context("create"))
