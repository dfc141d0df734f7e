"""The least of a transfer: the very rows that the product has written, written again by plain SQL.

One transaction of set-based statements, and what stands in the rows is copied, not made: no program
could do with less.
"""

import time
from typing import Any

from sqlalchemy import Connection, Table, insert, literal, select, update

from app.entities.customer import Customer
from app.spec import clock
from app.store.history import History
from app.store.jobs import Job
from app.store.outbox import Outbox
from app.store.runs import OperationItem, OperationRun
from app.store.separate import writing

RECORD, ENTRY, JOB, MESSAGE, ITEM, RUN = (
    m.__table__ for m in (Customer, History, Job, Outbox, OperationItem, OperationRun)
)
MESSAGES = 2
"""One to whoever received the records, one to whoever gave them."""


def transferred(to: int) -> float:
    """Seconds that it takes to hand the records of the last transfer to somebody else.

    With its run, its verdicts and old values for the undo, its history, messages and job.
    """
    with writing(is_patient=True) as connection:
        last = select(RUN.c.id).where(RUN.c.operation == "transfer").order_by(RUN.c.id.desc())
        past = connection.scalar(last.limit(1))
        told = select(MESSAGE.c.id).order_by(MESSAGE.c.id.desc()).limit(MESSAGES)
        began = time.perf_counter()
        _copy(connection, RUN, RUN.c.id == past)
        run = literal(connection.scalar(last.limit(1)))
        for table in (JOB, ITEM, ENTRY):
            _copy(connection, table, table.c.operation_id == past, operation_id=run)
        _copy(connection, MESSAGE, MESSAGE.c.id.in_(told), dedup_key=MESSAGE.c.dedup_key + "+")
        written = {
            "owner_id": to,
            "pool_id": None,
            "pooled_at": None,
            "obtained_at": clock.now(),
            "obtained_way": "transferred",
            "is_followed_up": False,
            "updated_at": clock.now(),
            "updated_by_id": to,
            "version": RECORD.c.version + 1,
        }
        mine = RECORD.c.id.in_(select(ITEM.c.record_id).where(ITEM.c.operation_id == run))
        connection.execute(update(RECORD).where(mine).values(written))
    return time.perf_counter() - began


def _copy(connection: Connection, table: Table, which: Any, **changed: Any) -> None:
    """Insert the same rows again with some columns changed, in one statement."""
    columns = {c.name: changed.get(c.name, c) for c in table.c if c.name != "id"}
    rows = select(*columns.values()).where(which)
    connection.execute(insert(table).from_select(list(columns), rows))
