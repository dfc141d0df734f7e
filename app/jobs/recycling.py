"""The night's recycling: every pool takes what its rules give it, and people hear of it (POOL-10).

Pools take in their order, each chunk of records in a transaction of its own. Whoever is killed is
followed by somebody who goes on: what is taken is not due any more, what was told is not told
again. Between two chunks the pool is asked for anew: one that was disabled takes nothing more, and
a rule that was changed holds from the next chunk on.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from sqlalchemy import false

from app.extensions import db
from app.jobs.runner import pause_between
from app.operations.recycling import Night
from app.spec import clock, company, notices, recycling, routines
from app.spec.catalogue import catalogue
from app.spec.notices import Channel, Data, Notice
from app.spec.plurals import ngettext
from app.spec.recycling import DAY, RUN_AT, PoolRules
from app.spec.routines import Report, Routine
from app.spec.words import Label, either
from app.store import access, outbox, recycling_runs, runs
from app.store import recycling as rows
from app.store.engine import be_patient
from app.store.recycling_runs import OWNER, SUPERIOR, RecyclingRun

IN_TIME = frozenset({Channel.IN_APP, Channel.DIGEST})
Told = list[tuple[int, int, int]]
"""A person, how many records it is about, and the first of them."""


def run() -> Report:
    """Recycle what is due today, then warn of what will be. Commits chunk by chunk."""
    day, done = company.today(), Counter({"examined": 0, "recycled": 0, "warned": 0})
    begun = {pool: recycling_runs.begin(pool, day) for pool in _pools()}
    recycling_runs.abandon(sorted(begun))
    db.session.commit()
    for pool, number in begun.items():
        done["recycled"] += _recycle(pool, number, day)
    for pool, number in begun.items():
        examined, warned = _end(pool, number, day)
        done.update(examined=examined, warned=warned)
    return done


def _pools() -> list[int]:
    """The pools that recycle, in the order in which they take."""
    access.snapshot()
    return [rules.pool for rules in recycling.live.get()]


def _rules(pool: int) -> PoolRules | None:
    """What a pool takes at this moment; None when it doesn't any more."""
    access.snapshot()
    return next((rules for rules in recycling.live.get() if rules.pool == pool), None)


def _recycle(pool: int, number: int, day: date) -> int:
    """Take all that is due, each chunk in a transaction; answers how many."""
    last, taken = 0, 0
    while True:
        be_patient()
        rules = _rules(pool)
        record = recycling_runs.of(number)
        if rules is None or not recycling_runs.is_open(pool):
            break
        night = Night(rows.entity_of(rules), rules, day)
        ids = night.next(last)
        if not ids:
            break
        last = ids[-1]
        taken += _take(night, record, ids)
        db.session.commit()
        time.sleep(pause_between())
    db.session.commit()
    return taken


def _take(night: Night, record: RecyclingRun, ids: list[int]) -> int:
    operation = record.operation_id or night.start()
    some = night.take(ids, operation)
    record.operation_id, record.recycled = operation, record.recycled + some
    runs.count(operation, total=record.recycled, done=record.recycled, skipped=0)
    return some


def _end(pool: int, number: int, day: date) -> tuple[int, int]:
    """Tell everybody in one transaction; how many records the pool looks at, and warned of."""
    be_patient()
    rules, warned, examined = _rules(pool), 0, 0
    record = recycling_runs.of(number)
    if rules is not None:
        night = Night(rows.entity_of(rules), rules, day)
        if record.operation_id:
            _tell(RECYCLED, night, number, recycling_runs.losers(night.entity, record.operation_id))
        warned = _warn(night, number)
        examined = night.count() + record.recycled
    record.examined, record.warned, record.finished_at = examined, warned, clock.now()
    db.session.commit()
    return examined, warned


def _warn(night: Night, number: int) -> int:
    """Warn of what goes within the days of each stage, once while it is so (POOL-6)."""
    rules, said = night.rules, 0
    stages = ((SUPERIOR, rules.superior_days), (OWNER, rules.owner_days))
    for stage, days in stages:
        day = night.day + days * DAY
        where = rows.due(night.entity, rules, day) if days else [false()]
        recycling_runs.forget(night.entity, rules.pool, stage, where)
        recycling_runs.warn(night.entity, rules.pool, number, stage, where)
        told = recycling_runs.warned(number, stage)
        said = sum(n for _owner, n, _first in told) or said
        if stage == OWNER:
            _tell(WARNED, night, number, told, days)
        else:
            _tell(WARNED_ABOVE, night, number, list(_above(told)), days)
    return said


def _above(told: Told) -> Iterator[tuple[int, int, int]]:
    """The same for the owners' superiors: those directly above, or the next who is still here."""
    sums, firsts = Counter[int](), dict[int, int]()
    for owner, n, first in told:
        superior = _superior(owner)
        if superior is not None:
            sums[superior] += n
            firsts.setdefault(superior, first)
    for person in sorted(sums):
        yield person, sums[person], firsts[person]


def _superior(owner: int) -> int | None:
    """Who looks after that person's work; None for nobody, also where superiors run in a circle."""
    seen, person = {owner}, access.superior_of(owner)
    while person is not None and person not in seen:
        if access.is_active(person):
            return person
        seen.add(person)
        person = access.superior_of(person)
    return None


def _tell(notice: Notice, night: Night, number: int, told: Told, days: int = 0) -> None:
    """One message per person who is still here about a pool's run."""
    here = recycling_runs.active([person for person, _n, _first in told])
    pool = night.rules.pool
    names = recycling_runs.names_of(pool)
    data = {"entity": night.entity.key, "pool": pool, "names": names, "days": days}
    messages = [
        (person, {**data, "count": n, "record": first if n == 1 else None})
        for person, n, first in told
        if person in here
    ]
    outbox.tell_once(notice, str(number), messages)


def _named(data: Data) -> dict[str, str]:
    zh, en = data["names"]
    return {"kind": str(catalogue.get(data["entity"]).many), "pool": either(zh, en)}


def _says_warned(data: Data) -> str:
    return ngettext(
        "%(num)d of your records (%(kind)s) goes into the pool %(pool)s within %(days)s days.",
        "%(num)d of your records (%(kind)s) go into the pool %(pool)s within %(days)s days.",
        data["count"],
        days=data["days"],
        **_named(data),
    )


def _says_warned_above(data: Data) -> str:
    return ngettext(
        "%(num)d of your people's records (%(kind)s) goes into the pool %(pool)s within %(days)s "
        "days.",
        "%(num)d of your people's records (%(kind)s) go into the pool %(pool)s within %(days)s "
        "days.",
        data["count"],
        days=data["days"],
        **_named(data),
    )


def _says_recycled(data: Data) -> str:
    return ngettext(
        "%(num)d of your records (%(kind)s) was recycled into the pool %(pool)s.",
        "%(num)d of your records (%(kind)s) were recycled into the pool %(pool)s.",
        data["count"],
        **_named(data),
    )


def _record(data: Data) -> str:
    if not data.get("record"):
        return ""
    return f"/{catalogue.get(data['entity']).plural}/show/{data['record']}"


def _at_the_list(query: str) -> Callable[[Data], str]:
    """The record where there is only one, else the to-do list of what is about to go."""

    def leads_to(data: Data) -> str:
        for entity, one in catalogue.to_dos():
            if entity.key == data["entity"] and one.key.startswith(recycling.LIST):
                return _record(data) or f"/to-dos/{one.key}/{one.tabs[0].key}{query}"
        return "/to-dos/"

    return leads_to


WARNED = notices.declare(
    Notice(
        "recycling_soon",
        Label("Your records are about to be recycled", "名下记录即将被收回公海"),
        _says_warned,
        _at_the_list(""),
        IN_TIME,
    )
)
WARNED_ABOVE = notices.declare(
    Notice(
        "recycling_soon_above",
        Label("Your people's records are about to be recycled", "下属的记录即将被收回公海"),
        _says_warned_above,
        _at_the_list("?who=my_people"),
        IN_TIME,
    )
)
RECYCLED = notices.declare(
    Notice(
        "recycled",
        Label("Your records were recycled", "名下记录已被收回公海"),
        _says_recycled,
        lambda data: _record(data) or f"/pools/show/{data['pool']}",
        IN_TIME,
    )
)
ROUTINE = routines.declare(
    Routine(
        key="recycling",
        label=Label("Recycle records into pools", "公海自动收回"),
        at=f"{RUN_AT.minute} {RUN_AT.hour} * * *",
        does=run,
        counted={
            "examined": Label("examined", "检查"),
            "recycled": Label("recycled", "收回"),
            "warned": Label("warned of", "提醒"),
        },
        catch_up=timedelta(days=1),
    )
)
