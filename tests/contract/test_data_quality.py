"""The data quality list finds what an independent look at the rows finds, and why (CUS-9)."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.extensions import db
from app.spec.catalogue import catalogue
from app.store.context import system_scope
from app.store.writer import Context, insert_rows
from tests.oracle import Oracle
from tests.support.statements import count_statements
from tests.support.worlds import World

NOW = datetime.now(UTC).replace(microsecond=0)
LONG_AGO = NOW - timedelta(days=200)
ROW = re.compile(r'<tr data-id="(\d+)">(.*?)</tr>', re.DOTALL)
REASON = re.compile(r'<span class="badge bg-orange-lt">([^<]+)</span>')

CHECKS = {
    "unreachable": "Neither telephone nor e-mail",
    "shared_mobile": "Mobile also of another record",
    "neglected": "Neglected for long",
    "overtaken": "Planned for before the last follow-up",
    "lacking_level": "Customer level is missing",
    "lacking_source": "Customer source is missing",
    "lacking_won_at": "Won at is missing",
}


def spoil(world: World) -> None:
    """Give some customers each a fault; the loader's own rows have none but their age."""
    with world.app.app_context(), system_scope("rows with faults"):
        table = catalogue.get("customer").model.__table__
        db.session.execute(update(table).values(updated_at=NOW, level="B", source="referral"))
        for number, values in {
            1: {"mobile": None},
            2: {"mobile": "13800001111"},
            3: {"mobile": "13800001111"},
            4: {"next_contact_at": LONG_AGO, "last_follow_up_at": NOW},
            5: {"deal_status": "won"},
            6: {"mobile": "13800001111", "deal_status": "won"},
            7: {"level": None},
            8: {"updated_at": LONG_AGO, "source": None},
        }.items():
            db.session.execute(update(table).where(table.c.id == number).values(**values))
        db.session.commit()


def faults(rows: list[Any]) -> dict[int, set[str]]:
    """The second opinion: what is wrong with each of these rows, seen among them alone."""
    mobiles = [row.mobile for row in rows]
    found: dict[int, set[str]] = {}
    for row in rows:
        wrong = {
            "unreachable": not (row.mobile or row.phone or row.email),
            "shared_mobile": bool(row.mobile) and mobiles.count(row.mobile) > 1,
            "neglected": row.updated_at < NOW - timedelta(days=90),
            "overtaken": bool(row.next_contact_at and row.last_follow_up_at)
            and row.next_contact_at < row.last_follow_up_at,
            "lacking_level": row.level is None,
            "lacking_source": row.source is None,
            "lacking_won_at": row.deal_status == "won" and row.won_at is None,
        }
        if any(wrong.values()):
            found[row.id] = {CHECKS[key] for key, is_wrong in wrong.items() if is_wrong}
    return found


def shown(world: World, actor: str, path: str = "/data-quality/customers") -> dict[int, set[str]]:
    client = world.client(actor)
    client.get("/lang/en")
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return {int(row[1]): set(REASON.findall(row[2])) for row in ROW.finditer(answer.text)}


@pytest.mark.parametrize("actor", ["admin", "manager", "leader1", "sales1a", "clerk1", "finance"])
def test_each_sees_the_faults_of_his_scope(world: World, oracle: Oracle, actor: str) -> None:
    """A number shared with a record out of sight is not told."""
    spoil(world)
    ids = oracle.visible(actor, "customer", "list")
    with world.app.app_context(), system_scope("look"):
        model = catalogue.get("customer").model
        rows = list(db.session.scalars(select(model).where(model.id.in_(ids))))
        expected = faults(rows)
    assert shown(world, actor) == expected
    counts = world.client(actor).get("/data-quality/customers/counts").text
    for key, label in CHECKS.items():
        mine = {i: {label} for i, labels in expected.items() if label in labels}
        assert shown(world, actor, f"/data-quality/customers?check={key}") == mine
        told = re.search(rf'data-check="{key}".*?tab-count">(\d+)<', counts)
        assert told is not None, counts
        assert int(told[1]) == len(mine), key


def test_masked_fields_are_checked_for_nobody(world: World) -> None:
    """C43: who reads numbers as masks learns nothing of them here either."""
    spoil(world)
    client = world.client("legal")
    page = client.get("/data-quality/customers").text
    assert "check=shared_mobile" not in page
    assert "check=unreachable" not in page
    assert "check=lacking_won_at" in page
    assert client.get("/data-quality/customers?check=shared_mobile").status_code == 400
    assert client.get("/data-quality/leads").status_code == 403


def test_verdicts_and_statements(world: World) -> None:
    client = world.client("leader1")
    assert client.get("/data-quality/").location == "/data-quality/leads"
    for path, status in (
        ("nothing", 404),
        ("users", 404),
        ("customers?owner=x", 400),
        ("customers?page=0", 400),
        ("customers?check=x", 400),
        ("customers?x=1", 400),
        ("customers?owner=me&page=2", 200),
    ):
        assert client.get(f"/data-quality/{path}").status_code == status, path
    assert world.client("people").get("/data-quality/").status_code == 403
    counts = []
    for extra in (0, 30):
        with world.app.app_context(), system_scope("more rows"):
            rows = [{"name": f"Silent {n}", "owner": 1} for n in range(extra)]
            insert_rows(catalogue.get("customer"), rows, Context("create"))
            db.session.commit()
        for path in ("customers", "customers/counts"):
            client.get(f"/data-quality/{path}")
            with count_statements() as asked:
                client.get(f"/data-quality/{path}")
            counts.append(len(asked))
            assert len(asked) <= 8, str(asked)
    assert counts[:2] == counts[2:]
