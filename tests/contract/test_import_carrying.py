"""Files that hold more than one thing (IMP): a child beside its record, several sheets."""

import io
import re
from collections.abc import Sequence
from typing import Any

import pytest
import xlsxwriter
from sqlalchemy import Engine

from app.admin import allowance
from app.jobs.runner import Runner
from app.spec import settings
from app.store.organisation import RightsVersion, RoleGrant
from tests.contract.calls import Api, grant_fields, role_ids, stored, user_ids
from tests.contract.test_bulk import rows_in
from tests.contract.test_imports import (
    counts,
    csv_of,
    in_all,
    reader,
    reasons,
    send,
    stop_after_a_portion,
)
from tests.support.web import hidden_inputs
from tests.support.worlds import World

MINE, FOREIGN = 1, 7
"""Customers of sales1a and of sales2a."""
HEAD = ["客户名称", "备注", "联系人姓名", "联系人：手机"]
FILLERS = 500
"""So many, and the last rows are looked at in another portion than the first, by a job."""


def sheet(engine: Engine, fillers: int) -> list[list[Any]]:
    mine, foreign = (stored(engine, "customer", number)["name"] for number in (MINE, FOREIGN))
    return [
        ["云山贸易", None, "王一", "13900139001"],
        ["云山贸易", None, "王二", None],
        ["云山贸易", None, "王一", None],
        [mine, None, "李一", None],
        [foreign, None, "赵一", None],
        ["坏联系", None, None, "13900139002"],
        ["无联系", "new", None, None],
        *([f"大客户{n}", None, None, None] for n in range(fillers)),
        ["云山贸易", None, "王三", None],
        [mine, None, "李二", None],
    ]


ALL = ([2, 3, 5, 9, 10], ["王一", "王二", "王三"], ["李一", "李二"])
EXPECTED = {
    "create": ([2, 3, 9], ["王一", "王二", "王三"], []),
    "attach": ALL,
    "update": ([5, 10], [], ["李一", "李二"]),
    "both": ALL,
}
"""The lines that write something, without fillers; the contacts of the new customer and of mine."""


@pytest.mark.parametrize("mode", EXPECTED)
def test_a_row_may_carry_a_contact_of_its_customer(world: World, engine: Engine, mode: str) -> None:
    """IMP, C79, BULK-5: to one that is new, met or repeated; the dry run says the same; undone."""
    told, of_new, of_mine = EXPECTED[mode]
    fillers = FILLERS if mode == "both" else 0
    api, before = reader(world, "sales1a"), stored(engine, "customer", MINE)
    old = rows_in(engine, "contact", customer_id=MINE)
    had, had_ids = ([row[key] for row in old] for key in ("name", "id"))
    data = csv_of([HEAD, *sheet(engine, fillers)])
    rehearsed = send(api, "customers", data, dry_run=True, options={"mode": mode}).json
    assert not rows_in(engine, "contact", name="王一")
    started = send(api, "customers", data, options={"mode": mode})
    assert started.status_code == (202 if fillers else 200), started.text
    Runner(world.app).run_due()
    done = api.get(f"/imports/{started.json['import_id']}/report").json
    assert [rehearsed[key] for key in ("created", "updated")] == [done["created"], done["updated"]]
    left = {row["line"]: row["code"] for row in [*done["skipped"], *done["failed"]]}
    assert {row["line"]: row["code"] for row in rehearsed["rows"]} == left
    assert left.keys().isdisjoint(line if line < 9 else line + fillers for line in told)
    assert left[7] == ("missing" if mode == "update" else "invalid")
    assert not rows_in(engine, "customer", name="坏联系")
    assert not rows_in(engine, "contact", name="赵一")
    new = {row["id"] for row in rows_in(engine, "customer", name="云山贸易")}
    made = [row for row in rows_in(engine, "contact") if row["customer_id"] in new]
    assert [row["name"] for row in made] == of_new
    assert {row["owner_id"] for row in made} <= {user_ids(engine)["sales1a"]}
    page = api.client.get(f"/customers/show/{MINE}?tab=history").text
    said = re.findall(r"<dt>(?:Attached|已附加)</dt>\s*<dd>(.*?)</dd>", page, re.DOTALL)
    assert bool(said) == bool(of_mine), page
    mine = [row["name"] for row in rows_in(engine, "contact", customer_id=MINE)]
    assert mine == [*had, *of_mine]
    assert (stored(engine, "customer", MINE)["version"] > before["version"]) == bool(of_mine)
    undone = api.post(f"/operations/{done['operation_id']}/undo", {})
    if undone.status_code == 202:
        Runner(world.app).run_due()
    names = {row["name"] for row in rows_in(engine, "contact", deleted_at=None)}
    assert names.isdisjoint([*of_new, *of_mine])
    after = stored(engine, "customer", MINE)
    assert after["deleted_at"] is None
    assert after["primary_contact_id"] in {before["primary_contact_id"], *had_ids}


def test_what_was_carried_is_known_to_whoever_takes_the_import_up(
    world: World, engine: Engine
) -> None:
    """C77, C79: a new customer's contact is not created again beside the same customer."""
    api, first = reader(world, "sales1a"), ["云山贸易", None, "王一", None]
    rows = [first, *([f"大客户{n}", None, None, None] for n in range(FILLERS))]
    again = [first, ["云山贸易", None, "王四", None]]
    send(api, "customers", csv_of([HEAD, *rows, *again]), options={"mode": "create"})
    stop_after_a_portion(world)
    in_all(engine, "job", lease_until=None)
    Runner(world.app).run_due()
    [new] = rows_in(engine, "customer", name="云山贸易")
    made = [row["name"] for row in rows_in(engine, "contact", customer_id=new["id"])]
    assert made == ["王一", "王四"]


def test_what_is_carried_keeps_to_the_rights_of_its_own_kind(world: World, engine: Engine) -> None:
    """C46, C79b: of a field that one may not write, or a kind that one may not import, nothing."""
    grant_fields(engine, "salesperson", "contact", mobile={"level": 1})
    api, data = reader(world, "sales1a"), csv_of([HEAD, ["云山贸易", "x", "王一", "13900139001"]])
    number = send(api, "customers", data, dry_run=True).json["import_id"]
    mapped = api.get(f"/imports/{number}").json["mapping"]
    assert [mapped[heading] for heading in HEAD] == ["name", "remark", "contact.name", ""]
    wrong = send(api, "customers", data, mapping={"联系人：手机": "contact.mobile"})
    assert wrong.status_code == 400
    grant, role = RoleGrant.__table__, role_ids(engine)["salesperson"]
    mine = grant.c.role_id == role, grant.c.entity == "contact"
    with engine.begin() as connection:
        connection.execute(grant.update().where(*mine).values(operations=["list", "read"]))
        version = RightsVersion.__table__
        connection.execute(version.update().values(number=version.c.number + 1))
    answer = send(reader(world, "sales1a"), "customers", data)
    assert counts(answer) == (1, 0, 0, 0), reasons(answer)
    assert not rows_in(engine, "contact", name="王一")


def book(**sheets: Sequence[Sequence[Any]]) -> bytes:
    file = io.BytesIO()
    made = xlsxwriter.Workbook(file)
    for name, rows in sheets.items():
        page = made.add_worksheet(name)
        for line, cells in enumerate(rows):
            page.write_row(line, 0, cells)
    made.close()
    return file.getvalue()


def test_the_sheets_of_a_workbook_are_chosen_from_after_one_upload(
    world: World, engine: Engine
) -> None:
    """IMP: each is mapped, rehearsed, imported and undone by itself; what is no table is named."""
    rows = {
        name: [["客户名称", "手机"], [f"{name}贸易", "13800138001"]] for name in ("一月", "二月")
    }
    data = book(
        空=[], **rows, 说明=[["自由文本"], ["x"]], 坏=[["客户名称", "客户名称*"], ["a", "b"]]
    )
    client = reader(world, "sales1a").client
    form = client.get("/customers/import").text
    sent = {**hidden_inputs(form), "file": (io.BytesIO(data), "客户.xlsx")}
    answer = client.post("/customers/import", data=sent, content_type="multipart/form-data")
    assert answer.status_code == 302, answer.text
    page = client.get(answer.headers["Location"]).text
    found = re.findall(r'href="(/customers/import/\d+)"([^>]*)>(\w+)<', page)
    assert [(name, "current" in how) for _url, how, name in found] == [
        ("一月", True),
        ("二月", False),
    ]
    assert "说明" in page
    assert "坏" in page
    api, url = reader(world, "sales1a"), found[1][0]
    second = url.rpartition("/")[2]
    about = api.get(f"/imports/{second}").json
    assert (about["sheet"], about["total"]) == ("二月", 1)
    assert about["mapping"] == {"客户名称": "name", "手机": "mobile"}
    assert counts(api.post(f"/imports/{second}/run", {})) == (1, 0, 0, 0)
    assert [row["name"] for row in rows_in(engine, "customer", obtained_way="imported")] == [
        "二月贸易"
    ]
    assert "已导入" in client.get(answer.headers["Location"]).text
    assert Api(world, "sales1b").get(f"/imports/{second}").status_code == 404
    named = send(api, "customers", data, "客户.xlsx", sheet="一月")
    assert counts(named) == (1, 0, 0, 0)
    refused = send(api, "customers", data, "客户.xlsx", sheet="三月")
    assert refused.status_code == 422


def test_nobody_sends_more_than_his_share(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C68: files an hour, megabytes a day, refused files included; nothing is staged then."""
    low = {allowance.MOST_FILES.key: 2}
    monkeypatch.setattr(allowance, "value", lambda s: low.get(s.key, settings.value(s)))
    api, data = reader(world, "sales1a"), csv_of([HEAD[:1], ["云山贸易"]])
    assert send(api, "customers", b"", dry_run=True).status_code == 422
    assert send(api, "customers", data, dry_run=True).status_code == 200
    before = len(rows_in(engine, "import_file"))
    for key in (allowance.MOST_FILES.key, allowance.MOST_MB.key):
        low.clear()
        low[key] = 2
        full = send(api, "customers", data, dry_run=True)
        assert full.status_code == 429, full.text
        assert int(full.headers["Retry-After"]) > 0
    assert len(rows_in(engine, "import_file")) == before
    assert send(reader(world, "sales1b"), "customers", data, dry_run=True).status_code == 200
