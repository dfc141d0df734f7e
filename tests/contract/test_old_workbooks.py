"""Workbooks of the old kind (xls) go in as those of the new one do (IMP)."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine

from app.extensions import db
from tests.contract.test_bulk import rows_in
from tests.contract.test_imports import counts, reader, reasons, send
from tests.support.old_workbooks import FOLDER, LONG, new_workbook
from tests.support.snapshot import changed, snapshot
from tests.support.worlds import World

LOST = 5
"""The line whose credit code is a number, and so has lost digits."""
FILES = {name: (FOLDER / name).read_bytes() for name in ("excel-97.xls", "excel-97-mac.xls")}
FILES["new.xlsx"] = new_workbook()
COLUMNS = ("name", "mobile", "credit_code", "next_contact_at", "annual_revenue", "remark")


def at(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=UTC)  # type: ignore[arg-type, misc]


WANTED: set[tuple[Any, ...]] = {
    (
        *("云山贸易", "13800138001", "91330100799655058B"),
        *(at(2026, 12, 1, 0, 30), Decimal("1234567.50"), LONG),
    ),
    (
        *("远山贸易", "13800138002", "111111111111111001"),
        *(at(2026, 12, 23, 16), Decimal("1234567.89"), "=1+1"),
    ),
    ("𠮷野贸易", "13800138003", None, at(2026, 1, 1, 16), Decimal("88.00"), LONG + "末"),
    ("泰山贸易", "13800000000", None, at(2026, 2, 27, 16), Decimal("0.10"), "泰" + LONG),
}
"""Moments of people in Shanghai, as the database keeps them."""


@pytest.mark.parametrize("name", FILES)
def test_a_good_workbook_goes_in_whatever_wrote_it(world: World, engine: Engine, name: str) -> None:
    """Long digits, days of either epoch, text in two records; dry run and run say the same."""
    api, data = reader(world, "sales1a"), FILES[name]
    before = snapshot(engine, db.metadata)
    rehearsed = send(api, "customers", data, name, dry_run=True)
    assert counts(rehearsed) == (4, 0, 0, 1), reasons(rehearsed)
    assert "customer" not in changed(before, snapshot(engine, db.metadata))
    done = send(api, "customers", data, name)
    assert counts(done) == (4, 0, 0, 1)
    assert reasons(done) == reasons(rehearsed)
    assert {line: said.split(":")[1] for line, said in reasons(done).items()} == {
        LOST: " 统一社会信用代码"
    }
    made = rows_in(engine, "customer", obtained_way="imported")
    assert {tuple(row[column] for column in COLUMNS) for row in made} == WANTED


def test_characters_of_a_code_page_that_cannot_be_read_are_said(
    world: World, engine: Engine
) -> None:
    """Before 1997 text was in its machine's code page: refused with the line, never garbled."""
    api, before = reader(world, "sales1a"), snapshot(engine, db.metadata)
    data = (FOLDER / "excel-95-gbk.xls").read_bytes()
    answer = send(api, "customers", data, "excel-95-gbk.xls")
    assert answer.status_code == 422, answer.text
    [sentence] = answer.json["fields"]["file"]
    assert "第 1 行" in sentence
    assert "xlsx" in sentence
    assert not changed(before, snapshot(engine, db.metadata))
