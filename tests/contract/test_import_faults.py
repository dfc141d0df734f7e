"""What may go wrong with a file besides what its rows say: issue 4's bad input, C78, C94."""

import errno
import io
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import openpyxl
import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import encode_multipart

from app.extensions import db
from app.operations.importing import applying, uploads
from app.spec.errors import StorageFull
from app.store import imports
from tests.contract.test_bulk import rows_in
from tests.contract.test_imports import HEAD, counts, csv_of, reader, reasons, send, xlsx_of
from tests.contract.test_jobs import job_of
from tests.support.snapshot import changed, snapshot
from tests.support.web import hidden_inputs
from tests.support.working import work_off
from tests.support.worlds import World

ROW = csv_of([HEAD, ["云山贸易", "13800138001"]])
PLACEHOLDER = b"<si><t>Placeholder</t></si>"


def mended(data: bytes, part: str, mend: Callable[[bytes], bytes]) -> bytes:
    """A workbook with one of its parts changed, as no program would write it."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, mend(content) if name == part else content)
    return target.getvalue()


def long_cell() -> bytes:
    """Two MiB in one cell: sixty times what a spreadsheet itself lets in."""
    text = b"<si><t>" + b"abcdefgh" * (256 * 1024) + b"</t></si>"
    rows = [["客户名称"], ["fine"], ["Placeholder"]]
    return mended(xlsx_of(rows), "xl/sharedStrings.xml", lambda xml: xml.replace(PLACEHOLDER, text))


def long_sheet() -> bytes:
    """One row more than a sheet can have."""

    def rows() -> Iterator[str]:
        for line in range(1, 1_048_578):
            yield f'<row r="{line}"><c r="A{line}"><v>{line}</v></c></row>'

    head = b"<sheetData>"
    more = head + "".join(rows()).encode()
    return mended(
        xlsx_of([["x"]]),
        "xl/worksheets/sheet1.xml",
        lambda xml: xml[: xml.index(head)] + more + xml[xml.index(b"</sheetData>") :],
    )


@pytest.mark.parametrize(
    ("made", "said"), [(long_cell, "第 3 行"), (long_sheet, "200002")], ids=["cell", "sheet"]
)
def test_a_workbook_beyond_what_spreadsheets_hold_is_refused_with_its_line(
    world: World, engine: Engine, made: Callable[[], bytes], said: str
) -> None:
    """C78: as of a text file, with the line where it shows."""
    api, before = reader(world, "sales1a"), snapshot(engine, db.metadata)
    answer = send(api, "customers", made(), "a.xlsx")
    assert answer.status_code == 422, answer.text
    [sentence] = answer.json["fields"]["file"]
    assert said in sentence
    assert not changed(before, snapshot(engine, db.metadata))


def test_formulas_are_what_they_showed(world: World, engine: Engine) -> None:
    """C79c: nothing is worked out, so a circle harms nobody; what is missing is said by its row."""

    def arrange(sheet: Any) -> None:
        sheet.write_formula(1, 0, '="云山"&"贸易"', None, "云山贸易")
        sheet.write_formula(2, 0, "=A3", None, "")
        sheet.write_formula(3, 0, "=NA()", None, "#N/A")
        sheet.write_formula(4, 0, '=HYPERLINK("https://example.com","远山")', None, "远山贸易")
        sheet.write_formula(4, 1, "=13800138000+1", None, 13800138001)

    file = xlsx_of([HEAD, *[[None, "13800138009"]] * 4], arrange=arrange)
    answer = send(reader(world, "sales1a"), "customers", file, "a.xlsx")
    assert counts(answer) == (2, 0, 0, 2)
    assert {line: said.split(":")[1] for line, said in reasons(answer).items()} == {
        3: " 客户名称",
        4: " 客户名称",
    }
    assert rows_in(engine, "customer", name="云山贸易")
    [linked] = rows_in(engine, "customer", name="远山贸易")
    assert linked["mobile"] == "13800138001"


# The parser of forms leaves what it has read of a file to the collector when the rest is missing.
@pytest.mark.filterwarnings("ignore:(?i)unclosed file:ResourceWarning")
def test_a_cancelled_upload_leaves_nothing_and_may_be_sent_again(
    world: World, engine: Engine
) -> None:
    """C94b: the connection breaks within the file; its key is free for the whole one."""
    api, before = reader(world, "sales1a"), snapshot(engine, db.metadata)
    file = FileStorage(io.BytesIO(ROW + b"x\n" * 100_000), "rows.csv")
    boundary, body = encode_multipart(MultiDict([("file", file)]))
    headers = {**api.headers, "Idempotency-Key": "one upload"}
    for path, more, status in (
        ("/api/v1/customers/import", headers, 422),
        ("/customers/import", {}, 400),
    ):
        answer = api.client.post(
            path,
            input_stream=io.BytesIO(body[: len(body) // 2]),
            content_length=len(body),
            content_type=f"multipart/form-data; boundary={boundary}",
            headers=more,
        )
        assert answer.status_code == status, answer.text
    assert not changed(before, snapshot(engine, db.metadata))
    whole = send(api, "customers", ROW, headers={"Idempotency-Key": "one upload"})
    assert counts(whole) == (1, 0, 0, 0)


def full(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


def database_full(*_: Any, **__: Any) -> Any:
    raise OperationalError("INSERT", {}, Exception("database or disk is full"))


@pytest.mark.parametrize(
    ("module", "name", "fault"),
    [
        (uploads, "_copied", full),
        (uploads.Aside, "add", full),
        (imports, "keep", database_full),
        (applying, "write", database_full),
    ],
    ids=["the file", "its rows", "staged rows", "records"],
)
def test_a_full_disk_is_said_and_nothing_is_kept(
    world: World,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    name: str,
    fault: Any,
) -> None:
    """C94: 507 on the page as over REST; when there is room, the same file goes in by its key."""
    api, key = reader(world, "sales1a"), {"Idempotency-Key": "one upload"}
    page = api.client.get("/customers/import").text
    staged = len(rows_in(engine, "import_file"))
    with monkeypatch.context() as patch:
        patch.setattr(module, name, fault)
        answer = send(api, "customers", ROW, headers=key)
        assert (answer.status_code, answer.json["code"]) == (507, StorageFull.code)
        if module is not applying:
            sent = {**hidden_inputs(page), "file": (io.BytesIO(ROW), "rows.csv")}
            shown = api.client.post("/customers/import", data=sent)
            assert shown.status_code == 507
            assert len(rows_in(engine, "import_file")) == staged
    assert not rows_in(engine, "customer", name="云山贸易")
    assert counts(send(api, "customers", ROW, headers=key)) == (1, 0, 0, 0)


def test_a_disk_that_fills_up_during_an_import_stops_it_where_it_is(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C94, C77: whole portions stay, the job says why it ended, and goes on without repeating."""
    api, write, done = reader(world, "manager"), applying.write, list[int]()
    rows = [[f"大客户{n}", None] for n in range(1_200)]
    begun = send(api, "customers", csv_of([HEAD, *rows]))

    def filling_up(*what: Any) -> None:
        if done:
            database_full()
        done.append(1)
        write(*what)

    with monkeypatch.context() as patch:
        patch.setattr(applying, "write", filling_up)
        work_off(world)
    job = job_of(api, begun.json["job_id"])
    assert (job["state"], job["error"]["code"], job["done"]) == ("failed", StorageFull.code, 499)
    assert len(rows_in(engine, "customer", obtained_way="imported")) == 499
    assert api.post(f"/jobs/{job['id']}/retry", {}).status_code == 200
    work_off(world)
    assert job_of(api, job["id"])["done"] == 1_200
    made = rows_in(engine, "customer", obtained_way="imported")
    assert len({row["name"] for row in made}) == len(made) == 1_200


def test_an_import_is_done_once_for_its_key(world: World, engine: Engine) -> None:
    """C83: the file is read and closed before its import is asked for by the same key."""
    api, key = reader(world, "sales1a"), {"Idempotency-Key": "once"}
    first, again = (send(api, "customers", ROW, headers=key) for _time in range(2))
    assert counts(first) == (1, 0, 0, 0)
    assert (again.status_code, again.json) == (200, first.json)
    assert again.headers["Idempotent-Replayed"] == "true"
    other = send(api, "customers", ROW + b"\n", headers=key)
    assert other.status_code == 422
    assert len(rows_in(engine, "import_file")) == 1


@pytest.mark.parametrize(("field", "wanted"), [("", 4), ("remark", 5)])
def test_rows_that_fail_again_are_mended_again(world: World, field: str, wanted: int) -> None:
    """IMP: the report of a report is as good a file, also where people call a column as we do."""
    api, name = reader(world, "sales1a"), "rows.csv"
    data = csv_of([[*HEAD, "原因"], ["云山贸易", "12", "展会"]])
    for _generation in range(3):
        done = send(api, "customers", data, name, mapping={"原因": field})
        assert counts(done) == (0, 0, 0, 1), reasons(done)
        path = f"/api/v1/imports/{done.json['import_id']}/report?format=xlsx"
        data, name = api.client.get(path, buffered=True).data, "failed.xlsx"
        sheet = openpyxl.load_workbook(io.BytesIO(data)).active
        [head, row] = sheet.iter_rows(values_only=True)
        assert (*head[:2], len(head)) == (*HEAD, wanted)
        assert (*row[:2], row[-2]) == ("云山贸易", "12", 2)
        assert "手机" in row[-1]
        assert not field or row[2] == "展会"
