"""Imports (IMP, C77-C79c): what a file may be, what becomes of its rows, what stays untouched."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import date, datetime, timedelta
from html import escape
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from sqlalchemy import Engine
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import TestResponse, encode_multipart

from app.extensions import db
from app.jobs.runner import Runner
from app.operations.importing import plan, sheets
from app.operations.importing.applying import Importer
from app.spec import calling
from app.spec.catalogue import catalogue
from app.store import imports
from tests.contract.calls import Api, pool_ids, stored, user_ids
from tests.contract.test_bulk import rows_in
from tests.support.snapshot import changed, snapshot
from tests.support.web import hidden_inputs, submit
from tests.support.worlds import World

Cells = Sequence[Sequence[Any]]
MORNING = datetime(2026, 12, 1, 8, 30)  # noqa: DTZ001 - as a sheet has it


def csv_of(rows: Cells, encoding: str = "utf-8", end: str = "\r\n") -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator=end).writerows(rows)
    return text.getvalue().encode(encoding)


def xlsx_of(rows: Cells, *more: str, arrange: Callable[[Any], Any] | None = None) -> bytes:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"strings_to_formulas": True})
    sheet = book.add_worksheet("Data")
    formats = {
        date: book.add_format({"num_format": "yyyy-mm-dd"}),
        datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
    }
    for line, cells in enumerate(rows):
        for place, cell in enumerate(cells):
            if type(cell) in formats:
                sheet.write_datetime(line, place, cell, formats[type(cell)])
            elif cell is not None:
                sheet.write(line, place, cell)
    if arrange:
        arrange(sheet)
    for name in more:
        book.add_worksheet(name)
    book.close()
    return file.getvalue()


def reader(world: World, username: str, language: str = "zh") -> Api:
    """Somebody who reads that language."""
    api = Api(world, username)
    api.client.get(f"/lang/{language}")
    return api


def send(
    api: Api, plural: str, data: bytes, name: str = "rows.csv", headers: Any = None, **more: Any
) -> TestResponse:
    """Upload and import, or only rehearse."""
    form = {k: v if isinstance(v, str) else json.dumps(v) for k, v in more.items()}
    file = FileStorage(io.BytesIO(data), name)
    boundary, body = encode_multipart(MultiDict([*form.items(), ("file", file)]))
    return api.client.post(
        f"/api/v1/{plural}/import",
        data=body,
        headers={**api.headers, **(headers or {})},
        content_type=f"multipart/form-data; boundary={boundary}",
    )


def counts(answer: TestResponse) -> tuple[int, int, int, int]:
    """Created, updated, skipped, failed; they add up to what was read (C79)."""
    assert answer.status_code == 200, answer.text
    body = answer.json
    said = [body[k] for k in ("created", "updated", "skipped", "failed")]
    made = [n if isinstance(n, int) else len(n) for n in said]
    assert sum(made) == body["total"], body
    return made[0], made[1], made[2], made[3]


def reasons(answer: TestResponse) -> dict[int, str]:
    body = answer.json
    rows = body["rows"] if "rows" in body else [*body["skipped"], *body["failed"]]
    return {row["line"]: f"{row['code']}: {row['reason']}" for row in rows}


ENCODED = {
    "utf-8": csv_of([["客户名称", "手机"], ["云山贸易", "13800138001"]]),
    "with a mark": csv_of([["客户名称", "手机"], ["云山贸易", "13800138001"]], "utf-8-sig"),
    "gb18030": csv_of([["客户名称", "手机"], ["云山贸易", "13800138001"]], "gb18030"),
    "utf-16": csv_of([["客户名称", "手机"], ["云山贸易", "13800138001"]], "utf-16"),
    "utf-16 unmarked": csv_of([["Name", "Mobile"], ["Cloud Hill", "13800138001"]], "utf-16-le"),
    "mixed ends": "客户名称,手机\r云山贸易,13800138001\n\r\n".encode(),
    "semicolons": csv_of([["客户名称;手机"], ["云山贸易;13800138001"]]),
    "guarded": "客户名称,手机\n云山贸易,'13800138001\n".encode(),
    "full width": csv_of([["客户名称*", "手机号"], ["云山贸易", "１３８００１３８００１"]]),
}


@pytest.mark.parametrize("how", ENCODED)
def test_a_text_file_is_read_whatever_its_encoding(world: World, engine: Engine, how: str) -> None:
    api = reader(world, "sales1a")
    answer = send(api, "customers", ENCODED[how])
    assert counts(answer) == (1, 0, 0, 0), reasons(answer)
    [made] = rows_in(engine, "customer", mobile="13800138001")
    assert made["owner_id"] == user_ids(engine)["sales1a"]
    assert made["obtained_way"] == "imported"


def bomb() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (40 * 1024 * 1024))
    return file.getvalue()


def archive(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name in names:
            made.writestr(name, "<a/>")
    return file.getvalue()


HEAD = ["客户名称", "手机"]
BAD_FILES: dict[str, tuple[str, bytes, str]] = {
    "nothing": ("a.csv", b"", "空"),
    "no such kind": ("a.pdf", b"%PDF-1.7", "xlsx"),
    "a page called xls": ("a.xls", b"<html><table></table></html>", "xls"),
    "a page called csv": ("a.csv", b"\n<!DOCTYPE html>", "csv"),
    "text called xlsx": ("a.xlsx", csv_of([HEAD]), "xlsx"),
    "a workbook called csv": ("a.csv", xlsx_of([HEAD]), "csv"),
    "a picture called csv": ("a.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0", "1"),
    "neither encoding": ("a.csv", b"name\nfine\n\xff\xff\xff\n", "3"),
    "a bad character after a mark": ("a.csv", b"\xef\xbb\xbfname\nfine\n\xff\n", "第 3 行"),
    "half a character": ("a.csv", csv_of([["name"], ["\u0a0a"]], "utf-16") + b"a", "第 3 行"),
    "an open quote": ("a.csv", b'name,x\nfine,1\n"open,2\n', "3"),
    "a long cell": ("a.csv", b"name\nfine\n" + b"a" * (2 * 1024 * 1024), "3"),
    "too many rows": ("a.csv", b"name\n" + b"a\n" * 1_048_577, "200002"),
    "too many columns": ("a.csv", b"name\n" + b"a," * 300 + b"z\n", "2"),
    "headings twice": ("a.csv", csv_of([["客户名称", "客户名称*"], ["a", "b"]]), "1"),
    "headings only": ("a.csv", csv_of([HEAD]), "标题"),
    "an empty sheet": ("a.xlsx", xlsx_of([]), "空"),
    "a damaged workbook": ("a.xlsx", xlsx_of([HEAD])[:900], "损坏"),
    "another archive": ("a.xlsx", archive("word/document.xml"), "工作簿"),
    "a bomb": ("a.xlsx", bomb(), "拆分"),
    "very many sheets": (
        "a.xlsx",
        archive("xl/workbook.xml", *(f"xl/worksheets/sheet{n}.xml" for n in range(10_000))),
        "工作表",
    ),
    "an old damaged workbook": ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "损坏"),
    "a locked workbook": ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "密码"),
}


@pytest.mark.parametrize("what", BAD_FILES)
def test_what_cannot_be_imported_is_said_and_leaves_nothing(
    world: World, engine: Engine, what: str
) -> None:
    """C68, C78, C79c: a sentence in the reader's language, with the line where there is one."""
    name, data, said = BAD_FILES[what]
    api, before = reader(world, "sales1a"), snapshot(engine, db.metadata)
    answer = send(api, "customers", data, name)
    assert answer.status_code == 422, answer.text
    [sentence] = answer.json["fields"]["file"]
    assert said in sentence, sentence
    assert not changed(before, snapshot(engine, db.metadata))
    assert not rows_in(engine, "import_file")
    assert not rows_in(engine, "import_part")


def test_nobody_waits_while_a_file_is_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """R10: no transaction is under way before the last row has been read."""
    read, held = sheets._said, list[bool]()

    def watched(*how: Any) -> Any:
        for some in read(*how):
            held.append(db.session().in_transaction())
            yield some

    monkeypatch.setattr(sheets, "_said", watched)
    data = csv_of([HEAD, *([f"客户{n}", None] for n in range(600))])
    assert send(reader(world, "sales1a"), "customers", data, dry_run=True).status_code == 200
    assert held == [False, False, False], "the sheet, and two portions"


BAD_ROWS: dict[str, tuple[list[Any], str]] = {
    "no name": ([None, "13800138001"], "invalid: 客户名称"),
    "shortened": (["云山", "1.38E+10"], "invalid: 手机"),
    "lost digits": (["云山", None, "1.23456789012346E+17"], "invalid: 统一社会信用代码"),
    "no phone": (["云山", "12"], "invalid: 手机"),
    "check digit": (["云山", None, "91330100799655058C"], "invalid: 统一社会信用代码"),
    "no choice": (["云山", None, None, "Z"], "invalid: 客户级别"),
    "no date": (["云山", None, None, None, "2026-13-45"], "invalid: 下次联系时间"),
    "no amount": (["云山", None, None, None, None, "viel"], "invalid: 年营业额"),
    "nobody": (["云山", None, None, None, None, None, "Niemand"], "invalid: 负责人"),
    "a foreign owner": (["云山", None, None, None, None, None, "sales2a"], "invalid: 负责人"),
    "a new tag": (["云山", None, None, None, None, None, None, "不存在"], "invalid: 标签"),
    "a character": (["云\x07山"], "invalid: 客户名称"),
    "too long": (["云" * 121], "invalid: 客户名称"),
}
COLUMNS = [
    *("客户名称", "手机", "统一社会信用代码", "客户级别", "下次联系时间", "年营业额"),
    *("负责人", "标签"),
]


def test_bad_rows_fail_with_column_and_reason_and_good_ones_do_not(
    world: World, engine: Engine
) -> None:
    """IMP, C79, C79b: the dry run's verdict per row is the run's; nothing of a bad row is kept."""
    rows = [row for row, _said in BAD_ROWS.values()]
    data = csv_of([COLUMNS, *rows, ["远山贸易", "13800138002"]])
    api = reader(world, "sales1a")
    rehearsed = send(api, "customers", data, dry_run=True)
    assert counts(rehearsed) == (1, 0, 0, len(rows))
    assert not rows_in(engine, "customer", mobile="13800138002")
    done = send(api, "customers", data)
    assert counts(done) == (1, 0, 0, len(rows))
    assert reasons(done) == reasons(rehearsed)
    for line, (what, (_row, said)) in enumerate(BAD_ROWS.items(), start=2):
        assert reasons(done)[line].startswith(said), what
    again = api.get(f"/imports/{done.json['import_id']}")
    assert again.json["failed"] == len(rows)
    for language, heading in (("zh", "客户名称"), ("en", "Name: ")):
        api.client.get(f"/lang/{language}")
        rehearsed = send(api, "customers", data, dry_run=True)
        assert heading in reasons(rehearsed)[2]
        read_as_rehearsed(api, done.json["import_id"], rehearsed)


def read_as_rehearsed(api: Api, number: int, rehearsed: Any) -> None:
    """UI-8: JSON, workbook and page say of the failed rows what a dry run of now would say."""
    failed = api.get(f"/imports/{number}/report").json["failed"]
    told = {row["line"]: row["reason"] for row in failed}
    assert {line: f"invalid: {reason}" for line, reason in told.items()} == {
        line: reasons(rehearsed)[line] for line in told
    }
    file = api.client.get(f"/api/v1/imports/{number}/report?format=xlsx", buffered=True).data
    sheet = openpyxl.load_workbook(io.BytesIO(file)).active
    found = {row[-2]: row[-1] for row in sheet.iter_rows(min_row=2, values_only=True)}
    assert found == told
    page = api.client.get(f"/customers/import/{number}").text
    assert escape(told[2]) in page


def test_tags_are_made_for_rows_that_are_written_only(world: World, engine: Engine) -> None:
    """C79b: however often and however spelled, one each; of a bad row nothing is left."""
    rows = [["云山", None, "展会，Öko"], ["远山", None, "öko"], ["坏行", "12", "没有"]]
    answer = send(reader(world, "admin"), "customers", csv_of([[*HEAD, "标签"], *rows]))
    assert counts(answer) == (2, 0, 0, 1), reasons(answer)
    assert {tag["name"].lower() for tag in rows_in(engine, "tag")} >= {"展会", "öko"}
    assert not rows_in(engine, "tag", name="没有")


def test_a_sign_that_many_share_locks_none_of_them(world: World, engine: Engine) -> None:
    """IMP: two that agree are as good as all; only one alone is taken to be changed."""
    with engine.begin() as connection:
        customer = db.metadata.tables["customer"]
        connection.execute(customer.update().values(city="杭州"))
        connection.execute(customer.update().where(customer.c.id == 1).values(city="宁波"))
    api, seen = reader(world, "admin"), list[int]()
    lock = plan.lock_rows

    def locking(entity: Any, ids: Any, *how: Any, **more: Any) -> Any:
        seen.extend(ids)
        return lock(entity, ids, *how, **more)

    how = {"mode": "update", "match": ["city"]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "lock_rows", locking)
        data = csv_of([["城市", "备注"], ["杭州", "x"], ["宁波", "y"]])
        answer = send(api, "customers", data, options=how)
    assert counts(answer) == (0, 1, 0, 1), reasons(answer)
    assert (seen, [code[:7] for code in reasons(answer).values()]) == ([1], ["several"])


def test_an_import_is_undone_but_not_what_somebody_changed_since(
    world: World, engine: Engine
) -> None:
    """BULK-5: what was created goes to the bin, what was changed back, what was touched stays."""
    api = reader(world, "admin")
    file = csv_of([["客户名称", "手机"], ["云山贸易", "13800138001"], ["远山贸易", None]])
    first = send(api, "customers", file)
    assert counts(first) == (2, 0, 0, 0)
    again = [["编号", "客户名称", "手机"]]
    made = {row["name"]: row for row in rows_in(engine, "customer", obtained_way="imported")}
    again += [[str(made["云山贸易"]["id"]), "云山贸易", "13800138009"]]
    again += [[None, "海边贸易", "13800138003"], [None, "河边贸易", None]]
    second = send(api, "customers", csv_of(again), options={"mode": "both"})
    assert counts(second) == (2, 1, 0, 0), reasons(second)
    [touched] = rows_in(engine, "customer", name="河边贸易")
    assert api.put(f"/customers/{touched['id']}", {"remark": "mine"}).status_code == 200
    run = second.json["operation_id"]
    rehearsed = api.post(f"/operations/{run}/undo", {"dry_run": True})
    assert rehearsed.json["will_change"] == 2
    undone = api.post(f"/operations/{run}/undo", {})
    assert undone.json["done"] == 2, undone.text
    assert [one["id"] for one in undone.json["skipped"]] == [touched["id"]]
    assert stored(engine, "customer", made["云山贸易"]["id"])["mobile"] == "13800138001"
    assert rows_in(engine, "customer", name="海边贸易")[0]["deleted_at"]
    assert stored(engine, "customer", touched["id"])["deleted_at"] is None
    third = send(api, "customers", csv_of([["客户名称"], ["海边贸易"]]))
    assert counts(third) == (1, 0, 0, 0), "its name is free again"


def steps(world: World, username: str, data: bytes, **settings: str) -> tuple[Any, str, str]:
    """Through the pages: upload, settings, dry run; the browser, the import's page, the dry run."""
    client = reader(world, username).client
    page = client.get("/customers/import").text
    sent = {**hidden_inputs(page), "file": (io.BytesIO(data), "客户.csv")}
    answer = client.post("/customers/import", data=sent, content_type="multipart/form-data")
    assert answer.status_code == 302, answer.text
    place = answer.headers["Location"]
    form = client.get(place).text
    selects = re.findall(r'<select name="(map-\d+)".*?</select>', form, re.DOTALL)
    mapped = {
        name: (re.search(rf'name="{name}".*?</select>', form, re.DOTALL) or [""])[0]
        for name in selects
    }
    chosen = {
        name: (re.findall(r'value="(\w+)" selected', text) or [""])[0]
        for name, text in mapped.items()
    }
    shown = client.post(place, data={**hidden_inputs(form), **chosen, "mode": "create", **settings})
    assert shown.status_code == 200, shown.text
    return client, place, shown.text


def test_the_pages_lead_from_a_file_to_a_report(world: World, engine: Engine) -> None:
    """IMP, UI-12, BULK-8: nothing before the confirmation, one effect, a report, failed rows."""
    data = csv_of([[*HEAD, "备注"], ["云山贸易", "13800138001"], ["坏行", "12", "=1+1"]])
    client, place, shown = steps(world, "sales1a", data, **{"default-remark": "展会"})
    assert "将新建" in shown
    assert "手机" in shown
    assert not rows_in(engine, "customer", name="云山贸易")
    for _twice in range(2):
        assert client.post(place, data=hidden_inputs(shown)).status_code == 302
    [made] = rows_in(engine, "customer", name="云山贸易")
    assert made["remark"] == "展会"
    report = client.get(place).text
    assert f"/operations/{rows_in(engine, 'operation_run')[-1]['id']}/undo" in report
    with client.get(f"{place}/failed") as answer:
        failed = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert [cell.value for cell in failed[2]][:4] == ["坏行", "12", "=1+1", 3]
    assert failed["C2"].data_type == "s"
    assert place in client.get("/imports/").text
    assert place in client.get("/operations/").text
    assert world.client("sales1b").get(place).status_code == 404
    assert world.client("sales1b").get(f"{place}/failed").status_code == 404
    assert world.client("finance").get("/customers/import").status_code == 403
    [once] = rows_in(engine, "history", record_id=made["id"], entity="customer")
    assert (once["operation"], once["surface"]) == ("import", "import")


def test_what_was_wrong_with_the_settings_is_said_beside_them(world: World) -> None:
    api = reader(world, "sales1a")
    data = csv_of([HEAD, ["云山贸易", None]])
    assert send(api, "customers", data, options={"mode": "all"}).status_code == 422
    assert send(api, "customers", data, options={"owner": "sales2a"}).status_code == 422
    assert send(api, "customers", data, options={"nonsense": 1}).status_code == 400
    assert send(api, "customers", data, mapping={"手机": "owner_id"}).status_code == 400
    assert send(api, "customers", data, mapping={"客户名称": "mobile"}).status_code == 400
    assert send(api, "customers", data, other="1").status_code == 400
    assert api.post("/customers/import", {}).status_code == 415
    assert api.post("/tags/import", {}).status_code == 405


def test_a_file_may_be_so_large_and_no_larger(world: World, engine: Engine) -> None:
    """R17, IMP: by the setting; nothing of it is kept, and its rows are never looked at."""
    admin, api = world.client("admin"), reader(world, "manager")
    assert submit(admin, "/settings/", import_mb="1").status_code == 302
    before = snapshot(engine, db.metadata)
    mega, row = 1024 * 1024, "大客户,".encode() + b"x" * 200 + b"\n"
    head = "客户名称,备注\n".encode()
    fits = head + row * ((mega - len(head)) // len(row))
    assert send(api, "customers", fits + b" " * (mega + 1 - len(fits))).status_code == 413
    assert changed(before, snapshot(engine, db.metadata)) == []
    taken = send(api, "customers", fits, dry_run=True)
    assert taken.status_code in (200, 202), taken.text


@pytest.mark.parametrize(("most", "dry_run"), [(500, False), (2_000, True)], ids=["run", "dry"])
def test_so_many_rows_are_imported_at_once_and_one_more_is_a_job(
    world: World, engine: Engine, most: int, *, dry_run: bool
) -> None:
    """BULK-3: a dry run only looks, so its limit is another one."""
    api, rows = reader(world, "manager"), [[f"大客户{n}", None] for n in range(most + 1)]
    at_once = send(api, "customers", csv_of([HEAD, *rows[1:]]), dry_run=dry_run)
    assert (at_once.status_code, len(rows_in(engine, "job"))) == (200, 0)
    later = send(api, "customers", csv_of([HEAD, *rows]), dry_run=dry_run)
    assert (later.status_code, len(rows_in(engine, "job"))) == (202, 1)


def test_a_large_file_is_a_job_whose_dry_run_says_the_same(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BULK-3, C77, C79: in portions; a portion that is done again does nothing twice."""
    many = [[f"大客户{n}", f"138{n:08}" if n % 7 else "bad"] for n in range(2_200)]
    many += [many[3], many[4]]
    api = reader(world, "manager")
    data = csv_of([HEAD, *many])
    rehearsed = send(api, "customers", data, dry_run=True)
    assert rehearsed.status_code == 202, rehearsed.text
    Runner(world.app).run_due()
    said = api.get(f"/imports/{rehearsed.json['import_id']}").json["rehearsal"]
    assert (said["created"], said["failed"], said["skipped"]) == (1885, 315, 2)
    started = send(api, "customers", data)
    assert started.status_code == 202
    Runner(world.app).run_due()
    job = api.get(f"/jobs/{started.json['job_id']}").json
    assert (job["state"], job["done"], job["skipped"], job["failed"]) == ("done", 1885, 2, 315)
    monkeypatch.setattr(imports, "PAGE", 100)
    report = api.get(f"/imports/{started.json['import_id']}/report").json
    assert (report["created"], len({row["line"] for row in report["failed"]})) == (1885, 315)
    assert {row["code"] for row in report["skipped"]} == {"repeated"}
    assert len(rows_in(engine, "customer", obtained_way="imported")) == 1885


def test_the_failed_rows_are_read_page_by_page(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """IMP: however many failed, few of them are in memory: reasons come along with their rows."""
    api, seen = reader(world, "manager"), list[str]()
    rows = [[f"大客户{n}", None if n % 2 else "bad"] for n in range(1_200)]
    number = send(api, "customers", csv_of([HEAD, *rows])).json["import_id"]
    Runner(world.app).run_due()
    monkeypatch.setattr(imports, "PAGE", 100)
    pages, part = imports.pages, imports.part

    def noted(*what: Any) -> Any:
        for page in pages(*what):
            seen.append("reasons")
            yield page

    monkeypatch.setattr(imports, "pages", noted)
    monkeypatch.setattr(imports, "part", lambda *which: seen.append("rows") or part(*which))
    file = api.client.get(f"/api/v1/imports/{number}/report?format=xlsx", buffered=True).data
    sheet = openpyxl.load_workbook(io.BytesIO(file)).active
    told = list(sheet.iter_rows(min_row=2, values_only=True))
    assert [row[:3] for row in told] == [(f"大客户{n}", "bad", n + 2) for n in range(0, 1_200, 2)]
    assert all(row[3] for row in told)
    assert seen == [
        *["reasons", "rows"],
        *["reasons"] * 2,
        "rows",
        *["reasons"] * 3,
        "rows",
        "rows",
    ]


def test_an_import_taken_up_by_another_process_creates_nothing_twice(
    world: World, engine: Engine
) -> None:
    """C77: of what was committed the next one knows, of what was not there is nothing."""
    rows = [[f"大客户{n}", None] for n in range(1_200)]
    api = reader(world, "manager")
    again = [["大客户3", None], ["新客户", None]]
    started = send(api, "customers", csv_of([HEAD, *rows, *again]), options={"mode": "both"})
    stop_after_a_portion(world)
    assert len(rows_in(engine, "customer", obtained_way="imported")) == 499
    in_all(engine, "job", lease_until=None)  # as if the killed worker's lease had ended
    Runner(world.app).run_due()
    assert len(rows_in(engine, "customer", obtained_way="imported")) == 1_201
    job = api.get(f"/jobs/{started.json['job_id']}").json
    assert (job["state"], job["done"], job["skipped"]) == ("done", 1_201, 1)


def stop_after_a_portion(world: World) -> None:
    """A worker begins all that is due, and is gone within the second portion."""
    with world.app.app_context():
        runner = Runner(world.app)
        seen: list[int] = []
        step = Importer.step

        def breaking(self: Importer, file: Any, place: int) -> bool:
            seen.append(place)
            if len(seen) == 2:
                raise KeyboardInterrupt
            return step(self, file, place)

        Importer.step = breaking  # type: ignore[method-assign]
        try:
            with pytest.raises(KeyboardInterrupt):
                runner.run_due()
        finally:
            Importer.step = step  # type: ignore[method-assign]


def test_an_import_taken_up_by_another_process_says_what_the_first_would_have_said(
    world: World, engine: Engine
) -> None:
    """C77, C79: line by line, with the lines that others repeat; into a pool nothing is matched."""
    there = stored(engine, "customer", 1)["name"]
    rows: list[list[Any]] = [[f"大客户{n}", f"138{n:08}"] for n in range(520)]
    rows[1] = [there, None]
    again = [[there, None], ["大客户3", None], ["别名", "13800000005"], ["新客户", "12"]]
    api, data = reader(world, "manager"), csv_of([HEAD, *rows, *again])
    pool = pool_ids(engine)["Open customers"]
    options = {"mode": "create", "match": ["mobile"], "pool": pool}
    rehearsed = send(api, "customers", data, options=options, dry_run=True)
    Runner(world.app).run_due()
    wanted = api.get(f"/imports/{rehearsed.json['import_id']}").json["rehearsal"]
    started = send(api, "customers", data, options=options)
    stop_after_a_portion(world)
    in_all(engine, "job", lease_until=None)
    Runner(world.app).run_due()
    report = api.get(f"/imports/{started.json['import_id']}/report").json
    found = [*report["skipped"], *report["failed"]]
    assert {row["line"]: row["reason"] for row in found} == {
        row["line"]: row["reason"] for row in wanted["rows"]
    }
    assert [row["code"] for row in wanted["rows"]] == [
        "exists",
        "exists",
        *["repeated"] * 2,
        "invalid",
    ]
    assert report["created"] == wanted["created"] == 519


def in_all(engine: Engine, table: str, **values: Any) -> None:
    """Change every row of a table behind everybody's back."""
    with engine.begin() as connection:
        connection.execute(db.metadata.tables[table].update().values(**values))


def test_settings_are_not_changed_under_an_import_that_begins(world: World, engine: Engine) -> None:
    """R17: whoever comes second waits, and is told; no half of a file is read otherwise."""
    api = reader(world, "sales1a")
    sent = send(api, "customers", csv_of([HEAD, ["云山贸易", None]]), dry_run=True)
    number, file = sent.json["import_id"], db.metadata.tables["import_file"]
    other = {"dry_run": True, "mapping": {"手机": "phone"}}
    with ThreadPoolExecutor(1) as second:
        with engine.begin() as first:
            first.execute(file.update().where(file.c.id == number).values(operation_id=1))
            answer = second.submit(api.post, f"/imports/{number}/run", other)
            wait([answer], 0.7)
        assert answer.result().status_code == 409, answer.result().text
    assert api.get(f"/imports/{number}").json["mapping"]["手机"] == "mobile"


def test_a_dry_run_speaks_of_the_last_settings_only(world: World, engine: Engine) -> None:
    """C79: one overtaken by other settings is cancelled; none is imported before it has ended."""
    api = reader(world, "sales1a")
    rows = [[f"大客户{n}", f"138{n:08}" if n < 2_000 else "bad"] for n in range(2_100)]
    first = send(api, "customers", csv_of([HEAD, *rows]), dry_run=True).json
    path = f"/imports/{first['import_id']}"
    second = api.post(f"{path}/run", {"dry_run": True, "mapping": {"手机": ""}}).json
    early = api.post(f"{path}/run", {"mapping": {"手机": ""}})
    assert (early.status_code, api.get(path).json["operation_id"]) == (409, None)
    runner = Runner(world.app)
    for number in (second["job_id"], first["job_id"]):
        runner.run(number)
    assert api.get(f"/jobs/{first['job_id']}").json["state"] == "cancelled"
    assert api.get(path).json["rehearsal"]["created"] == 2_100
    begun = api.post(f"{path}/run", {"mapping": {"手机": ""}}).json
    assert api.get(path).json["job_id"] == begun["job_id"] not in (None, second["job_id"])


def test_an_import_whose_rows_are_forgotten_is_never_done(world: World, engine: Engine) -> None:
    """C77: rows are kept while a job is at them; one taken up again too late says so."""
    api = reader(world, "manager")
    rows = [[f"大客户{n}", None] for n in range(600)]
    begun = send(api, "customers", csv_of([HEAD, *rows])).json
    number, job = begun["import_id"], f"/jobs/{begun['job_id']}"

    def forgotten() -> int:
        with world.app.app_context():
            return imports.sweep(timedelta(days=-1))

    assert forgotten() == 0
    in_all(engine, "job", state="cancelled")
    assert forgotten() == 1
    assert api.post(f"{job}/retry", {}).status_code == 200
    Runner(world.app).run_due()
    assert api.get(job).json["state"] == "failed"
    assert not rows_in(engine, "customer", obtained_way="imported")
    for path in (f"/imports/{number}", f"/imports/{number}/report"):
        assert Api(world, "admin").get(path).status_code == 404, "its actor's alone (contract §6)"


HEADINGS = {
    "悟空 CRM customers": (
        "customers",
        ["客户名称(*)", "客户级别", "客户行业", "客户来源", "成交状态", "手机", "网址", "负责人"],
        ["name", "level", "industry", "source", "", "mobile", "website", "owner"],
    ),
    "EspoCRM accounts": (
        "customers",
        [
            "Name",
            "Website",
            "Email",
            "Phone",
            "Billing Address City",
            "Assigned User",
            "Created At",
        ],
        ["name", "website", "email", "phone", "city", "owner", ""],
    ),
    "Odoo contacts": (
        "contacts",
        ["Name", "Related Company", "Job Position", "Email", "Mobile", "Street", "Tags/Name"],
        ["name", "customer", "position", "email", "mobile", "address", "tags"],
    ),
    "悟空 CRM leads": (
        "leads",
        ["线索名称", "邮箱", "线索来源", "手机", "客户行业", "客户级别", "下次联系时间"],
        ["name", "email", "source", "mobile", "industry", "level", "next_contact_at"],
    ),
}


@pytest.mark.parametrize("program", HEADINGS)
def test_files_of_other_programs_map_by_their_own_headings(world: World, program: str) -> None:
    """IMP: a title above the headings and a column without one are no obstacle."""
    plural, headings, fields = HEADINGS[program]
    data = csv_of([[program], [*headings, ""], ["x"] * (len(headings) + 1)])
    answer = send(reader(world, "admin"), plural, data, dry_run=True)
    found = Api(world, "admin").get(f"/imports/{answer.json['import_id']}").json
    wanted = dict(zip(headings, fields, strict=True)) | {f"#{len(headings) + 1}": ""}
    assert found["mapping"] == wanted
    known = {key for entity in catalogue for key in calling.elsewhere(entity.key)}
    for entity in catalogue:
        assert set(calling.elsewhere(entity.key)) <= set(entity.fields), entity.key
    assert known


def test_merged_and_hidden_parts_of_a_workbook_are_read_as_they_look(
    world: World, engine: Engine
) -> None:
    """What is merged over lines stands in each; numbers, dates and yes are what they look like."""

    def arrange(sheet: Any) -> None:
        sheet.merge_range(1, 1, 2, 1, "展会")

    rows: Cells = [
        ["客户名称", "备注", "手机", "下次联系时间", "年营业额"],
        ["云山贸易", None, 13800138001, MORNING, 1234.5],
        ["远山贸易", None, 13800138002, date(2026, 12, 2), "=1/0"],
    ]
    file = xlsx_of(rows, "Notes", arrange=arrange)
    answer = send(reader(world, "sales1a"), "customers", file, "a.xlsx")
    assert counts(answer) == (2, 0, 0, 0), reasons(answer)
    one, two = (rows_in(engine, "customer", name=name)[0] for name in ("云山贸易", "远山贸易"))
    assert (one["mobile"], one["remark"], two["remark"]) == ("13800138001", "展会", "展会")
    assert f"{one['next_contact_at']:%H:%M}" in ("00:30", "08:30")


def test_the_template_is_taken_as_it_is(world: World, engine: Engine) -> None:
    """IMP: in both languages, with required marks; its example can be imported, its notes can't."""
    for language in ("zh", "en"):
        api = reader(world, "admin", language)
        with api.client.get("/customers/import/template") as answer:
            data = answer.data
        book = openpyxl.load_workbook(io.BytesIO(data))
        head = [cell.value for cell in next(book.worksheets[0].iter_rows())]
        assert [text for text in head if text.endswith("*")] == head[:1]
        assert len(book.worksheets[-1]["A"]) > len(head)
        rehearsed = send(api, "customers", data, "template.xlsx", dry_run=True)
        assert counts(rehearsed) == (1, 0, 0, 0)
        mapped = api.get(f"/imports/{rehearsed.json['import_id']}").json["mapping"]
        assert all(mapped.values()), mapped
