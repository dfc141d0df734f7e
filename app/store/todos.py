"""To-do lists as their readers see them (TODO): one query gives both the count and the rows.

Counts of any number of lists are found in one statement, each behind the predicate that the gate
gives its reader for listing (PERM-4).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    String,
    case,
    delete,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.conditions import Condition, condition
from app.spec.entity import Entity
from app.spec.errors import NotFound
from app.spec.field import Field
from app.spec.todos import HANDLED, Tab, ToDo
from app.spec.types import UTCDateTime
from app.store import door, filters, scope
from app.store.context import actor, operating, system_scope
from app.store.engine import inserting
from app.store.figures import Rows
from app.store.listing import Order, Page
from app.store.loading import rows_of
from app.store.scope import member_of

NOBODY = 0
"""No user has this number."""
COUNT_CAP = 1_000
"""So far a list is counted: who has more to do than that needs no exact number."""


class Who(StrEnum):
    """Whose records: the reader's own, his subordinates', or of those he stands in for."""

    MINE = "mine"
    MY_PEOPLE = "my_people"
    AWAY = "away"


TOKENS = {Who.MINE: "@me", Who.MY_PEOPLE: "@my_people"}


def groups() -> tuple[Who, ...]:
    """Whose to-dos the reader may look at; nobody's but his own where he has no people."""
    rights = actor().rights
    wanted = {Who.MINE: True, Who.MY_PEOPLE: rights.people, Who.AWAY: rights.stands_in_for}
    return tuple(who for who, there_are in wanted.items() if there_are)


class ToDoMark(db.Model):  # type: ignore[name-defined,misc]
    """That somebody marked a record as handled in a list: for that time and that person only."""

    __tablename__ = "to_do_mark"
    __table_args__ = {"extend_existing": False}  # noqa: RUF012 - SQLAlchemy's own form

    to_do: Mapped[str] = mapped_column(String(40), primary_key=True)
    entity: Mapped[str] = mapped_column(String(40), primary_key=True)
    record_id: Mapped[int] = mapped_column(primary_key=True)
    since: Mapped[Any] = mapped_column(UTCDateTime())
    """What the record's time was; with another one it qualifies anew."""
    person_id: Mapped[int]
    """Whom it waited for; a new one finds it unmarked."""
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    at: Mapped[Any] = mapped_column(UTCDateTime())


@dataclass(frozen=True)
class Ask:
    """A tab of a list, for somebody's records."""

    entity: Entity
    to_do: ToDo
    tab: Tab
    who: Who = Who.MINE
    further: tuple[Condition, ...] = ()
    """What has to hold besides, of somebody who asks for a part of the tab."""

    @property
    def rows(self) -> Rows:
        """The rows of the entity's list that the tab is about, marked or not."""
        if self.who is Who.AWAY:
            away = sorted(actor().rights.stands_in_for)
            whose = condition(self.to_do.person, "in", away or [NOBODY])
        else:
            whose = condition(self.to_do.person, "eq", TOKENS[self.who])
        return Rows(self.entity, (*self.tab.conditions, *self.further), (whose,))

    @property
    def is_readable(self) -> bool:
        """Whether the reader has that list and reads all that it asks of a record (C43)."""
        return self.rows.are_readable(self.to_do.since)

    @property
    def clauses(self) -> list[ColumnElement[bool]]:
        """Which rows it holds: what is counted, shown and marked."""
        rows = self.rows
        with operating("list", self.entity.key) as work:
            found = [scope.predicate(self.entity, work)]
            found += filters.conditions_for(rows.policy, rows.conditions)
        if self.tab.waits or self.tab.key == HANDLED:
            marked = is_marked(self.entity, self.to_do)
            found.append(_since(self.entity, self.to_do).is_not(None))
            found.append(marked if self.tab.key == HANDLED else ~marked)
        return found

    @property
    def order(self) -> Order:
        """What waits longest first; what is over, the latest first."""
        since = _since(self.entity, self.to_do)
        return Order((since, self.entity.model.id), descends=not self.tab.waits)


def _column(entity: Entity, key: str) -> Any:
    return getattr(entity.model, entity.fields[key].column)


def _since(entity: Entity, to_do: ToDo) -> Any:
    """The moment that makes a row qualify: the later one where the list names two."""
    since = _column(entity, to_do.since)
    if not to_do.also_since:
        return since
    other = _column(entity, to_do.also_since)
    return case((other > since, other), else_=since)


def is_marked(entity: Entity, to_do: ToDo) -> ColumnElement[bool]:
    """Whether a row of the entity has a mark in that list that still holds."""
    holds = (
        ToDoMark.to_do == to_do.key,
        ToDoMark.entity == entity.key,
        ToDoMark.since == _since(entity, to_do),
        ToDoMark.person_id == _column(entity, to_do.person),
    )
    record = ToDoMark.record_id == entity.model.id
    return select(ToDoMark.record_id).where(*holds, record).exists()


def readable(who: Who = Who.MINE) -> list[tuple[Entity, ToDo]]:
    """The lists that the reader has: of records that he may list, by fields that he reads."""
    return [
        (entity, to_do)
        for entity, to_do in catalogue.to_dos()
        if all(Ask(entity, to_do, tab, who).is_readable for tab in to_do.tabs)
    ]


def asked(key: str, tab: str, who: Who) -> Ask:
    """The list that an address names; NotFound for one that the reader doesn't have."""
    for entity, to_do in catalogue.to_dos():
        if to_do.key == key:
            door.demand(entity.key, "list")
            found = to_do.tab(tab)
            if found is not None and (entity, to_do) in readable(who):
                return Ask(entity, to_do, found, who)
    raise NotFound


def counts(asks: Sequence[Ask], cap: int = COUNT_CAP) -> list[int]:
    """How many rows each holds, or one more than the cap: one statement."""
    if not asks:
        return []
    parts = [_counted(number, ask, cap) for number, ask in enumerate(asks)]
    with system_scope("each list carries the predicate of its reader"):
        found = {row.number: row.n for row in db.session.execute(union_all(*parts))}
    return [found[number] for number in range(len(asks))]


def _counted(number: int, ask: Ask, cap: int) -> Any:
    some = select(ask.entity.model.id).where(*ask.clauses).limit(cap + 1).subquery()
    return select(literal(number).label("number"), func.count().label("n")).select_from(some)


def waiting(cap: int) -> int:
    """How many records wait for the reader in all his lists; not exact beyond the cap."""
    return sum(counts([Ask(e, one, tab) for e, one in readable() for tab in one.waiting], cap))


def page(ask: Ask, fields: Iterable[Field], place: slice) -> Page:
    """Some of its rows in order, and how many there are, exact up to the cap."""
    [number] = counts([ask])
    model = ask.entity.model
    statement = select(model.id).where(*ask.clauses).order_by(*ask.order.clauses)
    statement = statement.offset(place.start).limit(place.stop - place.start)
    with operating("list", ask.entity.key):
        ids = list(db.session.scalars(statement))
        rows = rows_of(ask.rows.policy, ids, fields)
    return Page(ids, min(number, COUNT_CAP), number <= COUNT_CAP, rows)


def mark(ask: Ask, ids: Collection[int] | None = None) -> int:
    """Mark these of its rows as handled, or all; answers how many were not. The caller commits.

    NotFound, and nothing marked, when one of them is out of the reader's reach.
    """
    wanted = _among(ask, ids)
    model, to_do = ask.entity.model, ask.to_do
    row = {
        "to_do": literal(to_do.key),
        "entity": literal(ask.entity.key),
        "record_id": model.id,
        "since": _since(ask.entity, to_do),
        "person_id": _column(ask.entity, to_do.person),
        "user_id": literal(actor().user_id),
        "at": literal(clock.now(), UTCDateTime()),
    }
    adding = inserting(ToDoMark.__table__).from_select(
        list(row), select(*row.values()).where(*ask.clauses, *wanted)
    )
    anew = {name: adding.excluded[name] for name in ("since", "person_id", "user_id", "at")}
    adding = adding.on_conflict_do_update(
        index_elements=["to_do", "entity", "record_id"], set_=anew
    )
    return _number(adding)


def unmark(ask: Ask, ids: Collection[int] | None = None) -> int:
    """Take the mark off these rows of the tab of handled ones, or off all; answers how many."""
    wanted = _among(ask, ids)
    these = select(ask.entity.model.id).where(*ask.clauses, *wanted)
    table = ToDoMark.__table__
    return _number(
        delete(table).where(
            table.c.to_do == ask.to_do.key,
            table.c.entity == ask.entity.key,
            table.c.record_id.in_(these),
        )
    )


def _among(ask: Ask, ids: Collection[int] | None) -> list[ColumnElement[bool]]:
    if ids is None:
        return []
    if door.within(ask.entity, sorted(ids), "list") != set(ids):
        raise NotFound
    return [member_of(ask.entity.model.id, sorted(ids))]


def _number(statement: Any) -> int:
    with system_scope("each list carries the predicate of its reader"):
        done: Any = db.session.execute(statement.execution_options(preserve_rowcount=True))
    number: int = done.rowcount
    return number


def handled_by(ask: Ask, ids: Sequence[int]) -> dict[int, tuple[int, Any]]:
    """Who marked these records in that list, and when."""
    mark = ToDoMark.__table__.c
    found = db.session.execute(
        select(mark.record_id, mark.user_id, mark.at).where(
            mark.to_do == ask.to_do.key,
            mark.entity == ask.entity.key,
            member_of(mark.record_id, ids),
        )
    )
    return {record: (user, at) for record, user, at in found}


def other_tab(ask: Ask, key: str) -> Ask:
    """Another tab of the same list, for the same people's records."""
    tab = ask.to_do.tab(key)
    assert tab is not None  # noqa: S101 - for the type checker; the caller names one of its own
    return replace(ask, tab=tab)
