"""Files in and out: what is asked of the product, and the least that any program had to do for it.

The least of an xlsx is XlsxWriter alone, in constant-memory mode, with the same rows already in
memory; that of a csv a cursor and the library's writer. What an import is compared with is calamine
and one prepared INSERT: here into a bare table without checks, history or index, in ``raw_import``
of all that the product has written.
"""

import csv
import io
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import xlsxwriter
from sqlalchemy import Select, func, select

from app.commands.bench import raw_import
from app.commands.bench.client import Answer, Client
from app.entities.customer import Customer
from app.extensions import db
from app.spec.catalogue import catalogue
from app.store.engine import be_patient
from app.store.separate import reading

COLUMNS = (
    *("name", "level", "source", "industry", "mobile", "phone", "email", "province", "city"),
    *("address", "annual_revenue", "website", "main_business", "remark", "owner"),
)
"""Fifteen, of the kinds that people have in their files."""
PLAIN = {"constant_memory": True, "strings_to_urls": False}
"""Text that looks like an address stays text, as in our files: a sheet can't have 100,000 links."""
Content = raw_import.Content
POLL = 0.05
"""Seconds between two looks at a job, or a twentieth of the time that it has taken so far: looks
cost the server something too."""


def settled(client: Client, began: float, answer: Answer) -> Answer:
    """The answer, with the time until its job had ended; RuntimeError when it failed."""
    if answer.status != 202:
        return answer
    number = json.loads(answer.body)["job_id"]
    while True:
        job = json.loads(client.get(f"/api/v1/jobs/{number}").body)
        if job["finished_at"] is not None:
            break
        time.sleep(max(POLL, (time.perf_counter() - began) * POLL))
    if job["state"] != "done":
        raise RuntimeError(f"a job {job['state']}: {job['error']}")
    return replace(answer, seconds=time.perf_counter() - began)


def exported(client: Client, kind: str) -> Answer:
    """Everything that the client may export, written by a job and fetched."""
    params = {"format": kind, "columns": list(COLUMNS)}
    began = time.perf_counter()
    body = {"filters": [], "params": params}
    answer = settled(client, began, client.post_json("/api/v1/customers/bulk/export", body))
    file = client.get(f"/api/v1/operations/{json.loads(answer.body)['operation_id']}/file")
    return replace(file, seconds=time.perf_counter() - began)


def plain_xlsx(owners: Sequence[int]) -> float:
    """Seconds that XlsxWriter takes for the rows of these owners."""
    with reading() as connection:
        rows = connection.execute(_of_owners(owners)).all()
    began = time.perf_counter()
    with tempfile.TemporaryFile() as file:
        book = xlsxwriter.Workbook(file, PLAIN)
        sheet = book.add_worksheet()
        for line, row in enumerate(rows):
            sheet.write_row(line, 0, row)
        book.close()
    return time.perf_counter() - began


def plain_csv(owners: Sequence[int]) -> float:
    """Seconds that a cursor over the rows of these owners and the writer of csv take."""
    began = time.perf_counter()
    with reading() as connection, tempfile.TemporaryFile("w+", encoding="utf-8-sig") as file:
        be_patient(connection)
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows(connection.execute(_of_owners(owners)))
    return time.perf_counter() - began


def _of_owners(owners: Sequence[int]) -> Select[Any]:
    columns = [getattr(Customer, "owner_id" if key == "owner" else key) for key in COLUMNS]
    return select(*columns).where(Customer.owner_id.in_(owners), Customer.deleted_at.is_(None))


@lru_cache(maxsize=1)
def sheet_of(number: int, turn: int) -> bytes:
    """A workbook of new customers; each turn has its own."""
    fields, file = catalogue.get("customer").fields, io.BytesIO()
    book = xlsxwriter.Workbook(file, PLAIN)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, [fields[key].label.en for key in COLUMNS])
    for line in range(1, number + 1):
        sheet.write_row(line, 0, _line(turn * number + line))
    book.close()
    return file.getvalue()


def _line(number: int) -> tuple[Any, ...]:
    return (
        *(f"{raw_import.MARK} {number} 杭州贸易", "A", "Referral", None, f"139{number:08d}"),
        *(f"0571-{80_000_000 + number}", f"b{number}@example.com", "浙江省", "杭州市"),
        *(f"文三路 {number} 号", number * 10.5, f"https://b{number}.example.com"),
        *("软件", f"第 {number} 行", "sales1a"),
    )


def imported(client: Client, content: Content) -> Answer:
    """A file sent, read, checked and written by a job."""
    options, file = {"options": '{"mode":"create"}'}, content()
    began = time.perf_counter()
    answer = client.post_file("/api/v1/customers/import", file, options)
    return settled(client, began, answer)


def plain_import(content: Content) -> float:
    """Seconds that reading the file and a bare INSERT of its rows take."""
    file = content()
    began = time.perf_counter()
    head, *rows = raw_import.cells(file)
    names = [f"c{place}" for place in range(len(head))]
    mark = "?" if db.engine.dialect.paramstyle == "qmark" else "%s"
    with db.engine.connect() as connection:
        columns = ", ".join(f"{name} text" for name in names)
        connection.exec_driver_sql(f"CREATE TEMPORARY TABLE bench_import ({columns})")
        marks = ", ".join([mark] * len(names))
        statement = f"INSERT INTO bench_import VALUES ({marks})"  # noqa: S608 - our own words
        connection.exec_driver_sql(statement, [tuple(map(str, row)) for row in rows])
        connection.exec_driver_sql("DROP TABLE bench_import")
        connection.commit()
    return time.perf_counter() - began


def count_of(owners: Sequence[int]) -> int:
    """How many customers these people own."""
    with reading() as connection:
        be_patient(connection)  # right after filling, the database knows little of its tables
        where = Customer.owner_id.in_(owners), Customer.deleted_at.is_(None)
        return connection.scalar(select(func.count(Customer.id)).where(*where)) or 0
