"""The product as it would be without its guards: every race test must fail on these (C89b)."""

import importlib
import time
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import select, update

from app.extensions import db
from app.operations import editing, engine, namesakes
from app.operations.importing import applying, deciding, writing
from app.store import caps, checklists, claims, grants, idempotency, jobs, runs
from app.store.context import actor_id, system_scope
from app.store.engine import may_write
from tests.races.crowd import replace

PAUSE = 0.3
"""Seconds between looking and writing: long enough that a busy machine brings two together."""
NEVER = 120
"""Seconds that somebody stands still who is to be killed: he isn't seen to wake up."""


Pause = Callable[[], Any]
"""What a careless program does between looking and writing: it waits for those it will hurt."""


def look_first_write_later(pause: Pause) -> None:
    """SELECT, let go, UPDATE by id: what most programs do when somebody claims."""
    locked = engine.lock_rows

    def unlocked(*given: Any, **named: Any) -> Iterator[Any]:
        rows = list(locked(*given, **{**named, "lock": False}))
        db.session.commit()
        if rows:
            pause()
        return iter(rows)

    replace("app.operations.engine", "lock_rows", unlocked)


def look_and_let_go(module: str, name: str, pause: Pause) -> None:
    """Look whether somebody has it, a telephone number or a name, let go, save (C84, C102)."""
    look = getattr(importlib.import_module(module), name)

    def early(*given: Any) -> Any:
        found = look(*given)
        db.session.commit()
        pause()
        return found

    replace(module, name, early)


def hold_no_names() -> None:
    """Names are looked for, but no index holds those of new records: as with most programs."""
    marks = namesakes.marks

    def aside(*given: Any, **named: Any) -> dict[str, Any]:
        return dict.fromkeys(marks(*given, **named), actor_id())

    replace("app.operations.namesakes", "marks", aside)


def import_what_was_planned(pause: Pause) -> None:
    """Decide about a portion, let go, write it as if nobody had done anything meanwhile."""

    def careless(planner: Any, rows: Any, run: int) -> Any:
        verdicts, claims = deciding.decide(planner, rows)
        db.session.commit()
        pause()
        writing.write(planner, verdicts, claims, run)
        return verdicts, claims

    applying.Importer._written = staticmethod(careless)  # type: ignore[method-assign]


def load_and_save() -> None:
    """The version is read when saving, not when the form was shown: it never conflicts (R4)."""
    edit = editing.edit

    def careless(entity: Any, record_id: int, raw: Any, *, version: Any, **named: Any) -> Any:
        table = entity.model.__table__
        with system_scope("a careless program"):
            now = db.session.scalar(select(table.c.version).where(table.c.id == record_id))
        return edit(entity, record_id, raw, version=now or 0, **named)

    replace("app.operations.editing", "edit", careless)


def forget_keys() -> None:
    """Every request is new, whatever its key says."""
    replace("app.store.idempotency", "begin", lambda *_: None)
    replace("app.store.idempotency", "finish", lambda *_: None)
    assert idempotency.begin(0, "", "") is None


def overwrite_lines() -> None:
    """Read the role's lines, think, write them all, whatever its version is by now (C37)."""
    of_roles = grants.of_roles

    def slow(role_ids: Any) -> Any:
        found = of_roles(role_ids)
        if may_write.get():
            db.session.commit()
            time.sleep(PAUSE)
        return found

    replace("app.store.grants", "of_roles", slow)
    replace("app.store.grants", "raise_version", lambda *_: True)


def work_without_a_lease(pause: Pause) -> None:
    """Look where the job stands, let go, do those rows: whoever else does them (R3)."""
    renew = jobs.renew

    def careless(number: int, worker: str) -> Any:
        job = db.session.get(jobs.Job, number)
        if job is None or job.state in jobs.CLOSED:
            return None
        ids = runs.pending(job.operation_id or 0, job.cursor, 500)
        replace("app.store.runs", "pending", lambda *_: ids)
        db.session.commit()
        pause()
        return db.session.get(jobs.Job, number)

    pending = runs.pending

    def forgetful(number: int, worker: str) -> Any:
        replace("app.store.runs", "pending", pending)
        return careless(number, worker)

    replace("app.store.jobs", "renew", forgetful)
    assert renew is not jobs.renew


def commit_halfway(module: str, name: str, gap: Any) -> None:
    """Commit what a chunk has written before that is called which tells of it (C91).

    ``gap`` is set in between, and nothing goes on: whoever waits for it kills at the worst moment.
    """

    def never(*_given: Any, **_named: Any) -> None:
        db.session.commit()
        gap.set()
        time.sleep(NEVER)

    replace(module, name, never)


def undo_without_looking(pause: Pause) -> None:
    """Look whether the run is undone, let go, undo it; nothing in the database objects."""
    own, start, under_way = runs.own, runs.start, runs.under_way
    taken_back: dict[int, Any] = {}

    def unlocked(*given: Any, **named: Any) -> Any:
        found = own(*given, **{**named, "lock": False})
        number = found.id
        db.session.commit()
        pause()
        return own(number)

    def unnoticed(*given: Any, **named: Any) -> int:
        number = start(*given, **{**named, "undoes": None})
        taken_back[number] = named["undoes"]
        return number

    def remembered(number: int) -> Any:
        run = under_way(number)
        if number in taken_back:
            db.session.expunge(run)
            run.undoes_id = taken_back[number]
        return run

    replace("app.store.runs", "own", unlocked)
    replace("app.store.runs", "under_way", remembered)
    replace("app.store.runs", "start", unnoticed)


def tell_what_came_last() -> None:
    """Write what one has noted, whatever the record tells by then (ACT-1)."""
    from app.rules import last_follow_up

    def unasked(record: Any, happened_at: Any, text: str) -> dict[str, Any]:
        if last_follow_up.LAST_AT not in record.fields:
            return {}
        told = {last_follow_up.LAST_AT: happened_at, last_follow_up.LAST_TEXT: text}
        return {**told, last_follow_up.FOLLOWED: True}

    replace("app.rules.last_follow_up", "_last", unasked)


def count_and_let_go(pause: Pause) -> None:
    """Count what is done of a checklist, let go, write the number: it is another one by then."""

    def late(entity: Any, record_id: int) -> str:
        lines = checklists.of(entity.key, record_id)
        told = f"{sum(line.is_done for line in lines)}/{len(lines)}"
        db.session.commit()
        pause()
        table = entity.model.__table__
        change = update(table).where(table.c.id == record_id).values(checklist=told)
        db.session.execute(change)
        return told

    replace("app.store.checklists", "tell", late)


def count_claims_and_let_go(pause: Pause) -> None:
    """Look how many claims are left, let go, claim: all of them saw the same number (C81)."""

    def unheld(some: Any, _user: int) -> Any:
        seen = dict(some)
        db.session.commit()
        pause()
        return seen

    def noted(pool: int, user: int, number: int) -> None:
        hold(claims.allowances([pool], user), user)
        spend(pool, user, number)

    hold = replace("app.store.claims", "hold", unheld)
    spend = replace("app.store.claims", "spend", noted)


def count_rooms_early(pause: Pause) -> None:
    """Count what somebody has, let go, and give him more of it; the writer doesn't look again."""
    used = caps._used

    def early(*given: Any) -> Any:
        found = used(*given)
        db.session.commit()
        pause()
        return found

    replace("app.store.caps", "_used", early)
    replace("app.store.caps", "_wait_for", lambda *_: None)
    replace("app.store.caps", "_forget", lambda *_: None)
    replace("app.store.caps", "take", lambda *_: None)
