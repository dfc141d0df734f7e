"""What the database keeps of work to be done is data: no word in it becomes code (C99b)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from apscheduler.jobstores.memory import MemoryJobStore
from sqlalchemy import Engine, LargeBinary, PickleType, inspect
from sqlalchemy.types import TypeDecorator

from app.extensions import db
from app.jobs import clock
from app.jobs.kinds import KINDS
from app.jobs.runner import Runner
from app.spec import clock as times
from app.spec.routines import ROUTINES
from tests.contract.calls import user_ids
from tests.contract.test_bulk import rows_in
from tests.support.serving import wait
from tests.support.working import work_off
from tests.support.worlds import World

STRANGERS = ("os:system", "app.jobs.bulk:Bulk", "builtins.print", "Bulk", "__import__")
"""What would be code where stored words are looked up as such."""
FILES = {"export_part", "import_part", "import_claim", "picture"}
"""The tables with bytes: of files as they are, of portions of rows as packed JSON."""


def columns() -> Iterator[tuple[str, Any]]:
    """The columns of the product's tables, with what they are made of at the bottom."""
    for table in db.metadata.tables.values():
        for column in table.columns:
            kind = column.type
            while isinstance(kind, TypeDecorator) and not isinstance(kind, PickleType):
                kind = kind.impl_instance
            yield f"{table.name}.{column.name}", kind


def test_no_column_keeps_objects(engine: Engine) -> None:
    """Bytes stand only where files do: neither in ours nor in the tables of the queue."""
    kinds = dict(columns())
    assert not [name for name, kind in kinds.items() if isinstance(kind, PickleType)]
    contents = {name for name, kind in kinds.items() if isinstance(kind, LargeBinary)}
    assert {name.partition(".")[0] for name in contents} == FILES
    there = inspect(engine)
    found = {
        f"{table}.{column['name']}"
        for table in there.get_table_names()
        if "_search" not in table  # made of the records at any time
        for column in there.get_columns(table)
        if isinstance(column["type"], LargeBinary)
    }
    assert found == contents
    assert "job.kind" in kinds, "there is something to judge"


def test_the_clock_keeps_its_times_in_memory(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Declared anew at each start: the scheduler reads nothing from anywhere."""
    monkeypatch.setattr(clock, "last_due", lambda *_: None)  # nothing is caught up here
    world.is_dirty = True
    made = clock.Clock(world.app, is_on=True)
    made.start()
    try:
        scheduler: Any = made._scheduler
        wait(lambda: len(scheduler.get_jobs()) == len(ROUTINES), "nothing is declared")
        assert [type(one) for one in scheduler._jobstores.values()] == [MemoryJobStore]
        for job in scheduler.get_jobs():
            assert (job.func, job.args, job.kwargs) == (made.meet, (job.id, None), {})
            assert job.id in ROUTINES
    finally:
        made.stop()


def test_a_word_that_nobody_declared_starts_nothing(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever can write rows can't choose what runs: such a job or routine waits for ever."""
    row = {"actor_id": user_ids(engine)["admin"], "language": "en", "created_at": times.now()}
    long_ago = times.now() - timedelta(hours=1)
    due = {"due_at": long_ago, "state": "queued", "worker": "", "attempts": 0, "report": {}}
    assert not {*STRANGERS} & {*KINDS, *ROUTINES}
    with engine.begin() as connection:
        for table, kept in (("job", row), ("due_run", due | {"error": ""})):
            name = "kind" if table == "job" else "routine"
            rows = [{**kept, name: word} for word in STRANGERS]
            connection.execute(db.metadata.tables[table].insert(), rows)
    assert work_off(world) == 0
    for job in rows_in(engine, "job"):
        assert not Runner(world.app).run(job["id"])
        assert rows_in(engine, "job", id=job["id"]) == [job]
    monkeypatch.setattr(clock, "last_due", lambda *_: None)  # nothing is caught up here
    clock.Clock(world.app, is_on=False).tick()
    found = {(one["routine"], one["state"]) for one in rows_in(engine, "due_run")}
    assert found == {(word, "queued") for word in STRANGERS}
