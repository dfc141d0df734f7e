"""What headings and names in a file mean (IMP): said once, or looked up as a person may."""

from typing import Any

import pytest
from sqlalchemy import Engine

from app.operations.importing import uploads
from app.operations.importing.options import MOST_MB
from app.spec import settings
from tests.contract.calls import stored, user_ids
from tests.contract.test_bulk import rows_in
from tests.contract.test_imports import HEAD, counts, csv_of, reader, reasons, send
from tests.support.worlds import World

MINE, FOREIGN = 1, 7
"""Customers of sales1a and of sales2a."""


def test_what_a_heading_means_is_remembered_for_its_person(world: World) -> None:
    """IMP: of the next file with the same headings, in whatever order; nobody else's."""
    api, other = reader(world, "sales1a"), reader(world, "sales1b")
    send(api, "customers", csv_of([HEAD, ["a", "b"]]), dry_run=True, mapping={"手机": "remark"})
    data = csv_of([HEAD[::-1], ["b", "a"]])
    for who, wanted in ((api, "remark"), (other, "mobile")):
        number = send(who, "customers", data, dry_run=True).json["import_id"]
        for _rehearsed_and_done in range(2):
            mapped = who.get(f"/imports/{number}").json["mapping"]
            assert mapped == {"客户名称": "name", "手机": wanted}
            who.post(f"/imports/{number}/run", {})


def test_records_and_people_are_found_by_name_or_number(world: World, engine: Engine) -> None:
    """IMP, C79b: as far as their reader may choose them; of others it says what it says of none."""
    mine, foreign = (stored(engine, "customer", number)["name"] for number in (MINE, FOREIGN))
    named = rows_in(engine, "user_account", username="sales1a")[0]["name"]
    rows: list[list[Any]] = [
        ["王一", mine, "sales1a"],
        ["王二", str(MINE), named],
        ["王三", foreign, None],
        ["王四", str(FOREIGN), None],
        ["王五", "没有这家", None],
    ]
    answer = send(reader(world, "sales1a"), "contacts", csv_of([["姓名", "客户", "负责人"], *rows]))
    assert counts(answer) == (2, 0, 0, 3), reasons(answer)
    for name in ("王一", "王二"):
        [made] = rows_in(engine, "contact", name=name)
        assert (made["customer_id"], made["owner_id"]) == (MINE, user_ids(engine)["sales1a"])
    told = [reasons(answer)[line] for line in (4, 5, 6)]
    said = [
        one.replace(name, "…") for one, name in zip(told, (foreign, "7", "没有这家"), strict=True)
    ]
    assert len(set(said)) == 1, told


def test_a_file_above_the_limit_is_refused(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """IMP: while it is copied, whatever its size was said to be."""
    low = {MOST_MB.key: 1}
    monkeypatch.setattr(uploads, "value", lambda s: low.get(s.key, settings.value(s)))
    rows = [["客户名称"], *([f"客户{n}"] for n in range(90_000))]
    answer = send(reader(world, "sales1a"), "customers", csv_of(rows))
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")
    assert not rows_in(engine, "import_file")


def test_repeated_rows_are_counted_together(world: World) -> None:
    """IMP: whichever line each of them repeats, in the dry run as in the report."""
    data = csv_of([["客户名称"], *([f"客户{n % 30}"] for n in range(60))])
    api = reader(world, "sales1a")
    dry = send(api, "customers", data, dry_run=True)
    assert [(one["code"], one["count"]) for one in dry.json["reasons"]] == [("repeated", 30)]
    assert "3" in reasons(dry)[33]
    done = send(api, "customers", data)
    page = api.client.get(f"/customers/import/{done.json['import_id']}").text
    assert page.count(dry.json["reasons"][0]["text"]) == 1
