"""What an import must neither write nor tell (C79b, C35, C43, C46, C29): by hand, row by row."""

from typing import Any

import pytest
from sqlalchemy import Engine

from app.extensions import db
from tests.contract.calls import Api, grant_fields, pool_ids, stored, user_ids, write
from tests.contract.test_bulk import rows_in
from tests.contract.test_imports import counts, csv_of, reader, reasons, send
from tests.support.snapshot import changed, snapshot
from tests.support.worlds import World

MINE, FOREIGN = 1, 7
"""Customers of sales1a and of sales2a."""
OUR, BEHIND = "138001380{:02}", {"mode": "both"}


def test_a_foreign_record_is_neither_matched_nor_told_from_one_that_exists(
    world: World, engine: Engine
) -> None:
    """IMP: a clash with a record out of one's scope says that it exists, and nothing more."""
    code = "91330100799655058B"
    write(engine, "customer", FOREIGN, credit_code=code, remark="secret")
    name = stored(engine, "customer", FOREIGN)["name"]
    rows = [["客户名称", "统一社会信用代码", "备注"]]
    rows += [[name, None, "taken over"], ["另一家", code, "taken over"]]
    api, before = reader(world, "sales1a"), stored(engine, "customer", FOREIGN)
    answer = send(api, "customers", csv_of(rows), options=BEHIND)
    assert counts(answer) == (0, 0, 0, 2)
    assert set(reasons(answer).values()) == {"exists: 已存在。"}
    assert stored(engine, "customer", FOREIGN) == before
    by_number = csv_of([["编号", "客户名称"], [FOREIGN, "taken over"], [99_999, "nobody's"]])
    for mode in ("both", "update"):
        answer = send(api, "customers", by_number, options={"mode": mode})
        assert counts(answer) == (0, 0, 0, 2)
        assert len(set(reasons(answer).values())) == 1, "the two are not told apart (C19)"
    assert stored(engine, "customer", FOREIGN) == before


def test_system_hidden_and_read_only_columns_are_never_written(
    world: World, engine: Engine
) -> None:
    """C35, C46: by no mapping; recognised headings of theirs are left alone and said to be."""
    grant_fields(engine, "salesperson", "customer", remark={"level": 0}, phone={"level": 1})
    head = ["编号", "客户名称", "成交状态", "创建人", "备注", "电话", "手机"]
    data = csv_of([head, [MINE, None, "won", "admin", "hidden", "0571-88880000", "13800138077"]])
    api, before = reader(world, "sales1a"), stored(engine, "customer", MINE)
    answer = send(api, "customers", data, options=BEHIND)
    assert counts(answer) == (0, 1, 0, 0), reasons(answer)
    after = stored(engine, "customer", MINE)
    stamps = ("mobile", "version", "updated_at", "updated_by_id")
    assert {k for k in after if after[k] != before[k]} == set(stamps) - {
        k for k in stamps if after[k] == before[k]
    }
    for key in ("remark", "phone", "deal_status", "created_by", "pool", "version", "is_locked"):
        refused = send(api, "customers", data, mapping={"备注": key}, options=BEHIND)
        assert refused.status_code == 400, key
        given = {"mode": "create", "defaults": {key: "1"}}
        assert send(api, "customers", data, options=given).status_code in (400, 422), key


def test_masks_are_never_stored_and_masked_values_never_guessed(
    world: World, engine: Engine
) -> None:
    """C43, C44: a mask that comes back keeps the value; the right value counts as a change."""
    write(engine, "customer", MINE, mobile="13800138011")
    grant_fields(engine, "salesperson", "customer", mobile={"mask": 2})
    api = reader(world, "sales1a")

    def verdict(mobile: str) -> dict[str, Any]:
        data = csv_of([["编号", "手机"], [MINE, mobile]])
        return send(api, "customers", data, options=BEHIND, dry_run=True).json

    assert verdict("138****8011")["skipped"] == 1
    assert verdict("138****8012")["failed"] == 1
    right, wrong = verdict("13800138011"), verdict("13800138012")
    for said in (right, wrong):
        said.pop("import_id")
        assert said["sample"] == []
    assert right == wrong
    chosen = {**BEHIND, "match": ["mobile"]}
    data = csv_of([["手机", "备注"], ["13800138011", "found by it"]])
    assert send(api, "customers", data, options=chosen).status_code == 422


def test_owners_pools_and_relations_stay_within_reach(world: World, engine: Engine) -> None:
    """C29, C23: nobody gives what he may not give, nor points at what he doesn't see."""
    foreign = stored(engine, "customer", FOREIGN)["name"]
    pool = pool_ids(engine)["Open customers"]
    sales, clerk = reader(world, "sales1a"), reader(world, "clerk1")
    row = csv_of([["客户名称"], ["云山贸易"]])
    assert send(clerk, "customers", row, options={"pool": pool}).status_code == 400
    contact = csv_of([["姓名", "客户"], ["王一", foreign], ["王二", str(FOREIGN)]])
    answer = send(sales, "contacts", contact)
    assert counts(answer) == (0, 0, 0, 2)
    assert not rows_in(engine, "contact", name="王一")
    owner = csv_of([["编号", "负责人"], [MINE, "sales1b"]])
    answer = send(reader(world, "admin"), "customers", owner, options=BEHIND)
    assert counts(answer) == (0, 0, 0, 1)
    assert stored(engine, "customer", MINE)["owner_id"] == user_ids(engine)["sales1a"]
    pooled = send(sales, "customers", row, options={"pool": pool})
    assert counts(pooled) == (1, 0, 0, 0)
    [made] = rows_in(engine, "customer", name="云山贸易")
    assert (made["owner_id"], made["pool_id"]) == (None, pool)


@pytest.mark.parametrize("other", ["sales1b", "manager"])
def test_a_file_is_its_uploaders_alone(world: World, engine: Engine, other: str) -> None:
    mine = send(
        reader(world, "sales1a"), "customers", csv_of([["客户名称"], ["云山贸易"]]), dry_run=True
    )
    number = mine.json["import_id"]
    api = Api(world, other)
    before = snapshot(engine, db.metadata)
    assert api.get(f"/imports/{number}").status_code == 404
    assert api.client.get(f"/api/v1/imports/{number}/report?format=xlsx").status_code == 404
    assert api.post(f"/imports/{number}/run", {}).status_code == 404
    assert api.client.get(f"/leads/import/{number}").status_code == 404
    assert not changed(before, snapshot(engine, db.metadata))


def test_users_come_without_passwords_and_with_no_more_than_their_importer_has(
    world: World, engine: Engine
) -> None:
    """C5, MATRIX-8: nobody can log in with what stands in a file; roles are given as by form."""
    head = ["用户名", "姓名", "部门", "角色", "密码", "password"]
    department = rows_in(engine, "department")[0]["name"]
    roles = {row["code"]: row["name"] for row in rows_in(engine, "role")}
    rows = [["new1", "新一", department, roles["salesperson"], "secret-2026!", "secret-2026!"]]
    rows += [["new2", "新二", department, roles["super_admin"], "", ""]]
    answer = send(reader(world, "people"), "users", csv_of([head, *rows]))
    assert counts(answer) == (1, 0, 0, 1), reasons(answer)
    [made] = rows_in(engine, "user_account", username="new1")
    assert made["password"] is None
    assert made["is_active"]
    assert not rows_in(engine, "user_account", username="new2")


def test_a_gb18030_file_goes_in_comes_out_and_goes_in_again_unchanged(
    world: World, engine: Engine
) -> None:
    """EXP-4, issue 4: eleven-digit telephones, eighteen-character codes, dates, tags, formulas."""
    head = ["客户名称", "手机", "统一社会信用代码", "年营业额", "下次联系时间", "客户级别", "备注"]
    codes = ("91330100799655058B", "91110000600037341L")
    rows = [
        ["云山贸易", "13800138001", codes[0], "1,234.50", "2026年12月1日", "A", "=1+1"],
        [
            "远山文化",
            "１３９００１３９０００",
            codes[1],
            "￥２０００",
            "2026/12/2 08:30",
            "",
            "'quoted",
        ],
        ["+86 公司", "", "", "", "", "C", "'13800138000"],
    ]
    api = reader(world, "admin")
    first = send(api, "customers", csv_of([head, *rows], "gb18030"))
    assert counts(first) == (3, 0, 0, 0), reasons(first)
    ids = [row["id"] for row in rows_in(engine, "customer", obtained_way="imported")]
    for kind in ("csv", "xlsx"):
        params = {"format": kind, "columns": "all"}
        file = api.bulk("customers", "export", ids, params).json["download"]
        data = api.client.get(file, buffered=True).data
        if kind == "csv":
            data = data.decode("utf-8-sig").encode("gb18030")
        again = send(api, "customers", data, f"again.{kind}", options=BEHIND)
        assert counts(again) == (0, 0, 3, 0), (kind, reasons(again))
        assert {r.split(":")[0] for r in reasons(again).values()} == {"unchanged"}
    [first_row] = rows_in(engine, "customer", name="云山贸易")
    assert (first_row["mobile"], first_row["credit_code"]) == ("13800138001", codes[0])
    assert first_row["remark"] == "=1+1"
