"""The entries of somebody's calendar between two days, as their reader may see them (TASK, C24).

One statement finds them, of all kinds, each behind the predicate that the gate gives its reader
for listing (PERM-4); so it costs the same however many there are. Of a kind a day shows so many and
says how many there are besides.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    String,
    and_,
    case,
    cast,
    column,
    false,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    true,
    type_coerce,
    union_all,
    values,
)

from app.extensions import db
from app.spec import clock, recurring
from app.spec.calendar import CalendarKind
from app.spec.catalogue import catalogue
from app.spec.conditions import Condition, any_of, condition
from app.spec.entity import Entity
from app.spec.errors import NotFound
from app.spec.types import UTCDateTime
from app.store import door, figures, filters, scope, titles, todos
from app.store.calendar_days import DAY, Days, Entry, Found, Span
from app.store.context import actor, operating, system_scope
from app.store.engine import is_postgres
from app.store.figures import Rows
from app.store.policy import Policy

MOST = 5_000
"""So many entries of a kind are read at most; a day says what it leaves out."""
COUNT_CAP = 200
"""So far a day's entries of a kind are counted: who has more needs no exact number."""
FEW_PEOPLE = 20
MOST_LASTING = 2_000
"""So many that last for days or repeat are read at most, each of which may have several times."""
MY_PEOPLE = 0
"""In the place of a person: all of the reader's people together."""


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
    is_lasting: bool = False
    """Of a kind that may repeat: what has several times or days; else what has one."""

    @property
    def rows(self) -> Rows:
        return Rows(self.entity, self.kind.conditions, (self.whose,))

    @property
    def is_walked(self) -> bool:
        """Whether there are so many people that their entries are best found day by day."""
        is_wide = not self.person and len(actor().rights.people) > FEW_PEOPLE
        return is_wide and is_postgres() and not self.kind.ends

    @property
    def most(self) -> int:
        """So many are read: of a day; of what has several days, altogether."""
        return MOST_LASTING if self.is_lasting else self.each

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
        return rows.are_readable(self.entity.title, *kind.told)


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
        Ask(entity, kind, span, person, each, is_lasting=is_lasting)
        for entity, kind in kinds()
        if keys is None or kind.key in keys
        for is_lasting in ((False, True) if kind.lasts else (False,))
    ]
    if not asks:
        return Found()
    parts = [_part(number, ask) for number, ask in enumerate(asks)]
    with system_scope("each kind carries the predicate of its reader"):
        rows = db.session.execute(union_all(*parts)).all()
    days = Days(span)
    for row in rows:
        ask = asks[row.number]
        days.add(_entries(ask, row))
        if row.of_day > ask.most:
            days.leave_out(ask.kind, span.days[row.day], row.of_day - ask.most, row.number)
        if ask.is_walked and row.of_day > COUNT_CAP:
            days.count_no_further(ask.kind, span.days[row.day])
    return days.found(each)


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
    return next(_entries(ask, row))


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
        found |= {
            (one.kind.key, one.id)
            for one in mine
            if one.kind.moves and not one.is_series and one.id not in apart
        }
    return found


def _part(number: int, ask: Ask) -> Any:
    """The entries of one kind: first found by what an index tells, then read."""
    model, ranked = ask.entity.model, _walked(ask) if ask.is_walked else _ranked(ask)
    columns = (literal(number).label("number"), ranked.c.id, ranked.c.day, ranked.c.of_day)
    told = select(*columns, *_told(ask)).join_from(ranked, model, model.id == ranked.c.id)
    return told.where(ranked.c.rank <= ask.most)


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
        _text(ask, kind.repeats).label("repeat"),
        _text(ask, kind.zone).label("zone"),
        _column(ask, kind.person).label("person_id"),
        model.owner_id.label("owner_id"),
        model.version.label("version"),
        cast(getattr(model, ask.entity.title), String).label("own"),
        cast(getattr(model, other) if other else null(), String).label("other"),
    ]


def _walked(ask: Ask) -> Any:
    """The same for the rows of many people: each day's are walked by the index of their time, and
    counted to the cap, instead of ranking all there are (performance.md)."""
    starts, number = _column(ask, ask.kind.starts), ask.entity.model.id
    starting = ask.entity.fields[ask.kind.starts]
    of_time = starting.column_type()
    days = values(
        column("day", Integer), column("first", of_time), column("after", of_time), name="days"
    ).data(
        [
            (at, filters.start_of(starting, day), filters.start_of(starting, day + DAY))
            for at, day in enumerate(ask.span.days)
        ]
    )
    within = (starts >= days.c.first, starts < days.c.after)
    some = (
        select(number, starts.label("starts"))
        .where(*_permitted(ask, ask.rows.conditions), *within)
        .order_by(starts, number)
        .limit(COUNT_CAP + 1)
        .correlate(days)
        .subquery()
    )
    rank = func.row_number().over(order_by=(some.c.starts, some.c.id)).label("rank")
    told = select(some.c.id, rank, func.count().over().label("of_day")).correlate(days)
    each = told.lateral("of_that_day")
    return (
        select(each.c.id, days.c.day, each.c.rank, each.c.of_day)
        .join_from(days, each, true())
        .subquery()
    )


def _ranked(ask: Ask) -> Any:
    """Of the entries within the span: on which of its days each lies, as the how-manieth of how
    many. What has begun before lies on the first."""
    starts, number = _column(ask, ask.kind.starts), ask.entity.model.id
    starting = ask.entity.fields[ask.kind.starts]
    day = literal(0) if ask.is_lasting else figures.place(starting, starts, ask.span.days[1:])
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
    if kind.lasts:
        return _taking_place(ask)
    first, after = (
        filters.start_of(fields[kind.starts], d) for d in (ask.span.first, ask.span.after)
    )
    begins = and_(starts >= first, starts < after)
    if not kind.ends:
        return begins
    return or_(begins, and_(starts < first, _column(ask, kind.ends) > first))


def _taking_place(ask: Ask) -> ColumnElement[bool]:
    """What takes place within the span: once and at a time of day; or, a little more than there is,
    on whole days or several times."""
    kind = ask.kind
    first, after = (filters.midnight(day) for day in (ask.span.first, ask.span.after))
    starts, lasts = _column(ask, kind.starts), _column(ask, kind.lasts)
    short = and_(lasts.is_(None), starts >= first - 2 * recurring.SHORT)
    whole = _column(ask, kind.all_day).is_(True) if kind.all_day else false()
    if ask.is_lasting:
        lasting = and_(lasts.is_not(None), lasts > first - recurring.SHORT)
        return and_(starts < after + recurring.SHORT, or_(lasting, and_(short, whole)))
    touches = or_(starts >= first, _column(ask, kind.ends) > first)
    return and_(short, not_(whole), starts < after, touches)


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


def _text(ask: Ask, key: str) -> ColumnElement[str]:
    return cast(_column(ask, key) if key else null(), String)


def _column(ask: Ask, key: str) -> Any:
    return getattr(ask.entity.model, ask.entity.fields[key].column)


def _entries(ask: Ask, row: Any) -> Iterator[Entry]:
    """A row as an entry; of what has several times each that lies within the span, or the first."""
    starts, ends = row.starts_at or row.starts_on, row.ends_at or row.ends_on
    entry = Entry(
        entity=ask.entity,
        kind=ask.kind,
        id=row.id,
        title=titles.called(row.own, row.other),
        starts=starts,
        ends=ends,
        all_day=bool(row.all_day) or not isinstance(starts, datetime),
        is_over=bool(row.is_over),
        person_id=row.person_id,
        owner_id=row.owner_id,
        version=row.version,
        is_series=bool(row.repeat),
    )
    if not (ask.kind.lasts and (entry.all_day or entry.is_series)):
        yield entry
        return
    what = recurring.of(starts, ends, is_all_day=entry.all_day, repeat=row.repeat, zone=row.zone)
    for one in _times(ask, what):
        yield replace(entry, starts=one.start, ends=one.end)


def _times(ask: Ask, what: recurring.Happening) -> Sequence[recurring.Occurrence]:
    """When it takes place within the span; without one, for the first time."""
    if not ask.is_lasting:
        return recurring.occurrences(what, what.start - DAY, what.end + DAY, 1)
    first, after = (filters.midnight(day) for day in (ask.span.first, ask.span.after))
    return recurring.occurrences(what, first, after)
