"""The least of an import with a history and an undo: the very rows that the product has written.

They are copied as plain tuples, as the driver takes them, by one prepared INSERT for each table, in
one transaction and with all indexes; nothing is looked up, checked or made. What a bare table takes
leaves out what any import has to write that can be told of, searched and taken back.
"""

import io
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from python_calamine import CalamineWorkbook
from sqlalchemy import Connection, func, select

from app.entities.customer import Customer
from app.extensions import db
from app.spec import clock
from app.spec.catalogue import catalogue
from app.store import search_index
from app.store.context import system_scope
from app.store.engine import be_patient, is_postgres
from app.store.history import History
from app.store.imports import Import, ImportPart
from app.store.runs import OperationItem
from app.store.separate import reading, writing
from app.store.writer import Change, Context, update_rows

Content = Callable[[], bytes]
"""Makes the file; when it was made last, it is there already."""
Rows = Sequence[tuple[Any, ...]]
MARK = "Bench import"
"""What the names of imported customers begin with."""
_BEYOND = "SELECT max(id) FROM customer"
_GO_ON = f"SELECT setval(pg_get_serial_sequence('customer', 'id'), ({_BEYOND}))"


def cells(content: bytes) -> list[list[Any]]:
    """A workbook's first sheet, by calamine: headings first."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return book.get_sheet_by_index(0).to_python()


@dataclass
class LastImport:
    """The rows of the last import, to be written once more as other records."""

    content: Content
    """The file that it read."""
    rows: dict[str, Rows] = field(default_factory=dict)
    """By statement."""

    def take(self) -> None:
        """Read what was written, and number it anew; the records themselves go into the bin."""
        customer = catalogue.get("customer")
        newest = select(Import.id, Import.operation_id).where(Import.operation_id.is_not(None))
        with reading() as connection:
            file, run = connection.execute(newest.order_by(Import.id.desc()).limit(1)).one()
            made = f"SELECT record_id FROM operation_item WHERE operation_id = {run}"  # noqa: S608 - our own words
            first = select(func.min(OperationItem.record_id)).where(
                OperationItem.operation_id == run
            )
            last = connection.exec_driver_sql(_BEYOND).scalar_one()
            apart = last - connection.scalar(first) + 1
            key, index = search_index.key(), search_index.side_table(customer)
            of_run = f"operation_id = {run}"
            for table, columns, number, where in (
                (customer.model.__tablename__, _names(customer.model), "id", f"id IN ({made})"),
                (index, [key, "tokens"], key, f"{key} IN ({made})"),
                (History.__tablename__, _names(History)[1:], "record_id", of_run),
                (OperationItem.__tablename__, _names(OperationItem), "record_id", of_run),
                (ImportPart.__tablename__, _names(ImportPart), "number", f"import_id = {file}"),
            ):
                found = _read(connection, table, columns, where)
                place = columns.index(number)
                marks = ", ".join(["%s" if is_postgres() else "?"] * len(columns))
                statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - our own words
                self.rows[statement] = [
                    (*row[:place], row[place] + apart, *row[place + 1 :]) for row in found
                ]
        forget_imported()

    def write(self) -> float:
        """Seconds that it takes to read the file and to write the rows."""
        file = self.content()
        began = time.perf_counter()
        cells(file)
        with writing(is_patient=True) as connection:
            for statement, rows in self.rows.items():
                connection.exec_driver_sql(statement, rows)
            if is_postgres():
                connection.exec_driver_sql(_GO_ON)
        return time.perf_counter() - began


def _names(model: Any) -> list[str]:
    names = [column.name for column in model.__table__.columns]
    return sorted(names, key=lambda name: name != "id")


def _read(connection: Connection, table: str, columns: Sequence[str], where: str) -> Rows:
    """Values as the driver takes them back; PostgreSQL's driver takes these as text."""
    as_text = {"changes", "tokens"} if is_postgres() else ()
    told = ", ".join(f"{name}::text" if name in as_text else name for name in columns)
    rows = connection.exec_driver_sql(f"SELECT {told} FROM {table} WHERE {where}")  # noqa: S608 - our own words
    return [tuple(row) for row in rows]


def forget_imported() -> None:
    """Delete what was imported, so that the next run finds the same company; commits."""
    mine = Customer.name.startswith(MARK), Customer.deleted_at.is_(None)
    with system_scope("undo what was measured"):
        be_patient()
        found = db.session.scalars(select(Customer.id).where(*mine)).all()
        how = Context("delete", extra={"deleted_at": clock.now()})
        update_rows(catalogue.get("customer"), [Change(i, "", {}, {}) for i in found], how)
        db.session.commit()
