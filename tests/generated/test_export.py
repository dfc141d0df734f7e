"""Exports read back: the same rows, text as text, numbers and dates as such (EXP, C72, C73).

Two readers that share no code open every workbook.
"""

import csv
import io
import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from app.spec.catalogue import catalogue
from app.spec.entity import NUMBER, Entity
from app.spec.field import Field
from app.spec.kinds import OptionField
from app.spec.relations import LinksField, RelationField
from tests.generated.browser import Person
from tests.generated.plain import ZONE
from tests.generated.stage import Stage
from tests.generated.variety import fill, stored_rows

READER = "admin"
FORMULAS = ("=1+2", "+1+2", "-1+2", "@SUM(A1)", "\t=1", "＝1+2", "=cmd|' /C calc'!A0", "'=1")
DIGITS = "13800138000123456789"
"""Longer than a number of a spreadsheet can be: it must stay text (no 1.38E+19)."""

EXPORTED = [entity.key for entity in catalogue if "export" in entity.operations]


def exported(person: Person, entity: Entity, ids: Sequence[int], kind: str) -> bytes:
    """The file with all columns of these rows."""
    body = {"ids": list(ids), "params": {"format": kind, "columns": "all"}}
    answer = person.rest("POST", f"/{entity.plural}/bulk/export", body)
    assert answer.status_code == 200, answer.text
    file = person.client.get(json.loads(answer.text)["download"], buffered=True)
    assert file.status_code == 200
    assert "attachment" in file.headers["Content-Disposition"]
    return file.data


def headers(entity: Entity, language: str) -> list[str]:
    fields = (NUMBER, *entity.fields.values())
    return [getattr(f.label, language) for f in fields]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("key", EXPORTED)
def test_workbooks_read_back_the_same(stage: Stage, key: str, language: str) -> None:
    """The same rows and cells by two readers; headers in the reader's language."""
    entity, person = catalogue.get(key), stage.person(READER)
    ids = fill(stage, entity, 12)
    person.client.get(f"/lang/{language}")
    data = exported(person, entity, ids, "xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    lines = [list(line) for line in sheet.iter_rows(values_only=True)]
    assert lines[0] == headers(entity, language)
    assert len(lines) - 1 == len(ids)
    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref
    stored = stored_rows(stage, entity)
    for number, line in zip(ids, lines[1:], strict=True):
        assert line[0] == number
        for f, got in zip(entity.fields.values(), line[1:], strict=True):
            if f.key in stored[number]:  # what is found when it is read has tests of its own
                check_cell(f, stored[number][f.key], got, f"{key} {number}.{f.key}")
    other = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    assert len(other) == len(lines)
    for mine, theirs in zip(lines, other, strict=True):
        for one, two in zip(mine, theirs, strict=True):
            check_readers(one, two)


def check_cell(field: Field, value: Any, got: Any, label: str) -> None:
    """One cell against what is stored: typed where there is a type, else text."""
    if value in (None, "", []):
        assert got is None, f"{label}: {got!r} for nothing"
    elif isinstance(value, datetime):
        assert got == value.astimezone(ZONE).replace(tzinfo=None), label
    elif isinstance(value, date):
        assert isinstance(got, datetime), label
        assert got.date() == value, label
    elif isinstance(value, bool) or isinstance(field, OptionField | RelationField | LinksField):
        assert got is None or isinstance(got, str), f"{label}: {got!r}"
    elif isinstance(value, int | Decimal):
        assert isinstance(got, int | float), f"{label}: {got!r}"
        assert Decimal(str(got)) == value, label
    else:
        assert got == value, f"{label}: {got!r} for {value!r}"


def check_readers(one: Any, two: Any) -> None:
    if one is None:
        assert two == ""
    elif isinstance(one, datetime):
        same = datetime.combine(two, datetime.min.time()) if type(two) is date else two
        assert abs((one - same).total_seconds()) < 1
    elif isinstance(one, str):
        assert one == two
        assert isinstance(two, str)
    else:
        assert float(one) == two


@pytest.mark.parametrize("key", EXPORTED)
def test_text_never_becomes_a_formula(stage: Stage, key: str) -> None:
    """EXP-1: whatever somebody typed comes back as the same text, in no cell as a formula."""
    entity, person = catalogue.get(key), stage.person(READER)
    texts = [k for k in ("company", "position", "main_business") if k in entity.fields]
    ids = fill(stage, entity, len(FORMULAS))
    for number, text in enumerate(FORMULAS):
        values = {**dict.fromkeys(texts, text), entity.title: f"{text} {number} {DIGITS}"}
        store(stage, entity, ids[number], values)
    sheet = openpyxl.load_workbook(io.BytesIO(exported(person, entity, ids, "xlsx"))).active
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "d"}
    columns = [list(entity.fields).index(key) + 1 for key in texts]
    name = list(entity.fields).index(entity.title) + 1
    for number, line in enumerate(sheet.iter_rows(min_row=2, values_only=True)):
        assert [line[column] for column in columns] == [FORMULAS[number]] * len(texts)
        assert line[name] == f"{FORMULAS[number]} {number} {DIGITS}"
    text = exported(person, entity, ids, "csv")
    assert text.startswith(b"\xef\xbb\xbf")
    for line in list(csv.reader(io.StringIO(text.decode("utf-8-sig"))))[1:]:
        for cell in line:
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝")), cell
    names = [line[name].removeprefix("'") for line in csv.reader(io.StringIO(text.decode()))]
    assert sum(DIGITS in one for one in names) == len(FORMULAS)


def store(stage: Stage, entity: Entity, number: int, values: dict[str, str]) -> None:
    """Behind the product's back: its own cleaning is not what is tested here."""
    table = entity.model.__table__
    with stage.engine.begin() as connection:
        connection.execute(table.update().where(table.c.id == number).values(**values))


@pytest.mark.parametrize("key", EXPORTED)
def test_csv_says_the_same_as_the_workbook(stage: Stage, key: str) -> None:
    """The same rows in the same order, every text equal once its guard is taken off."""
    entity, person = catalogue.get(key), stage.person(READER)
    ids = fill(stage, entity, 8)
    book = openpyxl.load_workbook(io.BytesIO(exported(person, entity, ids, "xlsx"))).active
    rows = [list(line) for line in book.iter_rows(values_only=True)]
    text = exported(person, entity, ids, "csv").decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(text)))
    assert lines[0] == rows[0]
    assert len(lines) == len(rows)
    for one, two in zip(rows[1:], lines[1:], strict=True):
        for value, cell in zip(one, two, strict=True):
            if isinstance(value, str):
                assert cell.removeprefix("'") == value.removeprefix("'")
            else:
                assert bool(cell) == (value is not None)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("kind", ["xlsx", "csv"])
@pytest.mark.parametrize("key", [key for key in EXPORTED if catalogue.get(key).verb("import")])
def test_what_was_exported_changes_nothing_when_it_comes_back(
    stage: Stage, key: str, kind: str, language: str
) -> None:
    """EXP-4: every row is recognised by its number, and says what is there already."""
    entity, person = catalogue.get(key), stage.person(READER)
    ids = fill(stage, entity, 12)
    person.client.get(f"/lang/{language}")
    answer = person.client.post(
        f"/api/v1/{entity.plural}/import",
        data={
            "file": (io.BytesIO(exported(person, entity, ids, kind)), f"again.{kind}"),
            "options": json.dumps({"mode": "both"}),
            "dry_run": "true",
        },
        headers={"X-CSRFToken": person.csrf()},
        content_type="multipart/form-data",
    )
    said = json.loads(answer.text)
    assert answer.status_code == 200, said
    assert (said["total"], said["skipped"]) == (len(ids), len(ids)), (said["rows"], said["sample"])
    assert {one["code"] for one in said["reasons"]} == {"unchanged"}


def test_every_export_is_in_the_log(stage: Stage) -> None:
    """EXP-2: who, how many rows, and the file's fingerprint."""
    entity = catalogue.get("lead")
    exported(stage.person(READER), entity, [1, 2], "csv")
    with stage.engine.connect() as connection:
        table = catalogue.get("audit").model.__table__
        rows = connection.execute(table.select().where(table.c.operation == "export")).all()
    details = [row.changes for row in rows if "sha256" in row.changes]
    assert [d["count"] for d in details] == [2]
    assert len(details[0]["sha256"]) == 64


def test_something_can_be_exported() -> None:
    assert len(EXPORTED) >= 3
