"""The entries of somebody's calendar between two days, as their reader may see them (TASK, C24).

One statement finds them, of all kinds, each behind the predicate that the gate gives its reader
for listing (PERM-4); so it costs the same however many there are. Of a kind a day shows so many and
says how many there are besides.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    ColumnElement,
    Date,
    String,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    type_coerce,
    union_all,
)

from app.extensions import db
from app.spec import clock
from app.spec.calendar import CalendarKind
from app.spec.catalogue import catalogue
from app.spec.conditions import Condition, any_of, condition
from app.spec.entity import Entity
from app.spec.errors import BadRequest, NotFound
from app.spec.types import UTCDateTime
from app.store import door, figures, filters, scope, titles, todos
from app.store.context import actor, operating, system_scope
from app.store.figures import Rows
from app.store.policy import Policy

DAY = timedelta(days=1)
MOST_DAYS = 400
"""A longer time is no question for a calendar."""
MOST = 5_000
"""So many entries of a kind are read at most; a day says what it leaves out."""
MY_PEOPLE = 0
"""In the place of a person: all of the reader's people together."""


@dataclass(frozen=True)
class Span:
    """From the first day up to the one ``after`` it, in the reader's time zone."""

    first: date
    after: date

    def __post_init__(self) -> None:
        if not 0 < (self.after - self.first).days <= MOST_DAYS:
            raise BadRequest(_l("A calendar shows 1 to %(n)s days.", n=MOST_DAYS))

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(self.first + n * DAY for n in range((self.after - self.first).days))


@dataclass(frozen=True)
class Entry:
    """One record in the calendar, as far as its reader may know it."""

    entity: Entity
    kind: CalendarKind
    id: int
    title: str
    starts: datetime | date
    """A moment, or a day for what has no time."""
    ends: datetime | date | None
    all_day: bool
    is_over: bool
    """Nothing is left to do."""
    person_id: int
    owner_id: int | None
    version: int

    @property
    def day(self) -> date:
        """The reader's day on which it begins."""
        return _day(self.starts)

    @property
    def last_day(self) -> date:
        """The reader's day on which it is over; what ends at midnight doesn't last into the day
        that begins then."""
        if self.ends is None or self.ends <= self.starts:
            return self.day
        if isinstance(self.ends, datetime) and not self.all_day:
            return _day(self.ends - filters.MOMENT)
        return _day(self.ends)

    @property
    def urgency(self) -> str:
        """``late`` for what was to be done before today, ``today``, or nothing (TODO)."""
        if not self.kind.is_due or self.is_over:
            return ""
        today = clock.today()
        return "late" if self.day < today else "today" if self.day == today else ""


@dataclass(frozen=True)
class More:
    """So many entries of a kind that a day doesn't show."""

    entity: Entity
    kind: CalendarKind
    day: date
    number: int


@dataclass(frozen=True)
class Found:
    """What a calendar shows: entries in the order of time, and what it leaves out of each day."""

    entries: Sequence[Entry] = ()
    more: Sequence[More] = ()


@dataclass(frozen=True)
class Ask:
    """The entries of one kind: in whose calendar, and when."""

    entity: Entity
    kind: CalendarKind
    span: Span
    person: int
    """Whose: a person's number, or MY_PEOPLE."""
    each: int = field(default=MOST)
    """So many of a day are told at most."""

    @property
    def rows(self) -> Rows:
        return Rows(self.entity, self.kind.conditions, (self.whose,))

    @property
    def whose(self) -> Condition:
        """That the records are that person's, in the grammar of filters."""
        value = self.person or "@my_people"
        responsible = condition(self.kind.person, "eq", value)
        if not self.kind.partakers:
            return responsible
        return any_of(responsible, condition(self.kind.partakers, "any", [value]))

    @property
    def is_readable(self) -> bool:
        """Whether the reader may list such records and reads all that an entry tells (C43)."""
        rows, kind = Rows(self.entity, (*self.kind.conditions, *self.kind.over)), self.kind
        told = (self.entity.title, kind.starts, kind.ends, kind.all_day, kind.person)
        return rows.are_readable(*told, kind.partakers)


def kinds() -> list[tuple[Entity, CalendarKind]]:
    """The kinds of entry that the reader may have in a calendar."""
    today = Span(clock.today(), clock.today() + DAY)
    return [one for one in catalogue.calendar() if Ask(*one, today, actor().user_id).is_readable]


def whose(person: int) -> int:
    """That person, when the reader may look at his calendar; NotFound for anybody else."""
    me = actor()
    people = {me.user_id, *me.rights.people, *([MY_PEOPLE] if me.rights.people else [])}
    if person not in people:
        raise NotFound
    return person


def entries(
    span: Span, person: int, keys: Collection[str] | None = None, *, each: int = MOST
) -> Found:
    """What stands in the calendar of a person, or of all the reader's people, in that time.

    Of the kinds of these keys, or of all; at most ``each`` of a kind on a day, and so many more are
    told of by number. NotFound for a person whose calendar isn't the reader's to look at.
    """
    person = whose(person)
    asks = [
        Ask(entity, kind, span, person, each)
        for entity, kind in kinds()
        if keys is None or kind.key in keys
    ]
    if not asks:
        return Found()
    parts = [_part(number, ask) for number, ask in enumerate(asks)]
    with system_scope("each kind carries the predicate of its reader"):
        rows = db.session.execute(union_all(*parts)).all()
    told = sorted((_entry(asks[row.number], row) for row in rows), key=_order)
    return Found(told, list(_left_out(asks, rows)))


def entry(key: str, record_id: int) -> Entry:
    """One record as an entry of that kind; NotFound when it is none that the reader may list."""
    today = Span(clock.today(), clock.today() + DAY)
    found = [Ask(*one, today, actor().user_id) for one in catalogue.calendar() if one[1].key == key]
    if not found:
        raise NotFound
    [ask], model = found, found[0].entity.model
    door.demand(ask.entity.key, "list")
    if not ask.is_readable:
        raise NotFound
    wanted = (model.id == record_id, _column(ask, ask.kind.starts).is_not(None))
    statement = select(model.id, *_told(ask)).where(*_permitted(ask, ask.kind.conditions), *wanted)
    with system_scope("the kind carries the predicate of its reader"):
        row = db.session.execute(statement).first()
    if row is None:
        raise NotFound
    return _entry(ask, row)


def movable(some: Sequence[Entry]) -> set[tuple[str, int]]:
    """Which of them the reader may move, by key of the kind and number: for what a page offers."""
    found: set[tuple[str, int]] = set()
    by_entity = {one.entity.key: one.entity for one in some if one.kind.moves}
    for key, entity in by_entity.items():
        if not actor().rights.may(key, "edit"):
            continue
        writable = Policy(actor(), entity, "edit").writable(creating=False)
        mine = [one for one in some if one.entity is entity and one.kind.starts in writable]
        with operating("edit", key):
            apart = scope.outside(entity, "edit", mine)
        found |= {(one.kind.key, one.id) for one in mine if one.kind.moves and one.id not in apart}
    return found


def _part(number: int, ask: Ask) -> Any:
    """The entries of one kind: first found by what an index tells, then read."""
    model, ranked = ask.entity.model, _ranked(ask)
    columns = (literal(number).label("number"), ranked.c.id, ranked.c.day, ranked.c.of_day)
    told = select(*columns, *_told(ask)).join_from(ranked, model, model.id == ranked.c.id)
    return told.where(ranked.c.rank <= ask.each)


def _told(ask: Ask) -> list[ColumnElement[Any]]:
    """What is read of a record to show it as an entry: the same columns whatever its kind."""
    kind, model = ask.kind, ask.entity.model
    with operating("list", ask.entity.key):
        is_over = _is_over(ask)
        other = titles.english(ask.entity)
    all_day = case((_column(ask, kind.all_day), 1), else_=0) if kind.all_day else literal(0)
    return [
        *_when("starts", ask, kind.starts),
        *_when("ends", ask, kind.ends),
        all_day.label("all_day"),
        is_over.label("is_over"),
        _column(ask, kind.person).label("person_id"),
        model.owner_id.label("owner_id"),
        model.version.label("version"),
        cast(getattr(model, ask.entity.title), String).label("own"),
        cast(getattr(model, other) if other else null(), String).label("other"),
    ]


def _ranked(ask: Ask) -> Any:
    """Of the entries within the span: on which of its days each lies, as the how-manieth of how
    many. What has begun before lies on the first."""
    starts, number = _column(ask, ask.kind.starts), ask.entity.model.id
    starting = ask.entity.fields[ask.kind.starts]
    day = figures.place(starting, starts, ask.span.days[1:])
    rank = func.row_number().over(partition_by=day, order_by=(starts, number))
    of_day = func.count().over(partition_by=day)
    return (
        select(number, day.label("day"), rank.label("rank"), of_day.label("of_day"))
        .where(*_clauses(ask))
        .subquery()
    )


def _clauses(ask: Ask) -> list[ColumnElement[bool]]:
    """Which records these are: the reader's to list, of the kind, somebody's, and at that time."""
    return [*_permitted(ask, ask.rows.conditions), _within(ask)]


def _permitted(ask: Ask, conditions: Sequence[Condition]) -> list[ColumnElement[bool]]:
    """That the reader may list a record, and these conditions."""
    with operating("list", ask.entity.key) as work:
        mine = scope.predicate(ask.entity, work)
        return [mine, *filters.conditions_for(ask.rows.policy, conditions)]


def _within(ask: Ask) -> ColumnElement[bool]:
    kind, fields = ask.kind, ask.entity.fields
    starts = _column(ask, kind.starts)
    first, after = (
        filters.start_of(fields[kind.starts], d) for d in (ask.span.first, ask.span.after)
    )
    begins = and_(starts >= first, starts < after)
    if not kind.ends:
        return begins
    return or_(begins, and_(starts < first, _column(ask, kind.ends) > first))


def _is_over(ask: Ask) -> ColumnElement[int]:
    """1 for what leaves nothing to do, by its own fields or by somebody's mark."""
    kind, ways = ask.kind, []
    if kind.over:
        ways.append(and_(*filters.conditions_for(ask.rows.policy, kind.over)))
    if kind.to_do:
        ways.append(todos.is_marked(ask.entity, catalogue.to_do(kind.to_do)))
    return case((or_(*ways), 1), else_=0) if ways else literal(0)


def _when(name: str, ask: Ask, key: str) -> Iterator[ColumnElement[Any]]:
    """A time as two columns: that of a moment and that of a day, of which one is empty."""
    for column_type, kind, ending in ((UTCDateTime(), "datetime", "at"), (Date(), "date", "on")):
        has_it = key and ask.entity.fields[key].kind == kind
        column = _column(ask, key) if has_it else cast(null(), column_type)
        yield type_coerce(column, column_type).label(f"{name}_{ending}")


def _column(ask: Ask, key: str) -> Any:
    return getattr(ask.entity.model, ask.entity.fields[key].column)


def _entry(ask: Ask, row: Any) -> Entry:
    starts = row.starts_at or row.starts_on
    return Entry(
        entity=ask.entity,
        kind=ask.kind,
        id=row.id,
        title=titles.called(row.own, row.other),
        starts=starts,
        ends=row.ends_at or row.ends_on,
        all_day=bool(row.all_day) or not isinstance(starts, datetime),
        is_over=bool(row.is_over),
        person_id=row.person_id,
        owner_id=row.owner_id,
        version=row.version,
    )


def _left_out(asks: Sequence[Ask], rows: Sequence[Any]) -> Iterator[More]:
    """What the days don't show: each kind and day once."""
    counted: Mapping[tuple[int, int], int] = {(r.number, r.day): r.of_day for r in rows}
    for (number, day), count in sorted(counted.items()):
        ask = asks[number]
        if count > ask.each:
            yield More(ask.entity, ask.kind, ask.span.days[day], count - ask.each)


def _order(entry: Entry) -> tuple[Any, ...]:
    """By day; on each what lasts all day first, then by time."""
    moment = entry.starts if isinstance(entry.starts, datetime) else None
    timed = (not entry.all_day, moment.timestamp() if moment and not entry.all_day else 0)
    return (entry.day, *timed, entry.kind.key, entry.id)


def _day(when: datetime | date) -> date:
    return clock.local(when).date() if isinstance(when, datetime) else when
