"""What is read of records with their linked ones: one as an object, many as plain values.

A page, an answer and a file show values and change nothing. Without the mapper's bookkeeping for
every row they cost a good tenth less, a long export about half.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import aliased, joinedload, load_only

from app.extensions import db
from app.spec import recycling
from app.spec.catalogue import catalogue
from app.spec.days import DaysLeftField
from app.spec.field import Field
from app.spec.relations import RelationField
from app.store.policy import Policy
from app.store.replica import PRIMARY, Server
from app.store.scope import member_of

_ALWAYS = ("version", "owner_id", "author_id", "pool_id")
"""Columns that who-may-see-what and the optimistic lock need of every row."""

_Pointing = tuple[tuple[str, str, str, str], ...]
"""Fields as key, column, target of the relation ("" for none), and what else is told of that."""


def rows_of(
    policy: Policy, ids: Sequence[int], fields: Iterable[Field], server: Server = PRIMARY
) -> list[Any]:
    """The rows of these ids in their order, with what ``fields`` show of them: one statement.

    Each is read like a record, by columns and by linked records; None stands for one out of scope.
    """
    if not ids:
        return []
    model: Any = policy.entity.model
    reading = _reading(model, _pointing(fields))
    wanted = reading.statement.where(member_of(model.id, ids))
    found = db.session.execute(wanted, bind_arguments=dict(server))
    by_id = {record.id: record for record in reading.records(found)}
    return [by_id[i] for i in ids if i in by_id]


_Make = Callable[[Iterable[Any]], Any]
"""From values in their order to an immutable record with names for them."""


@dataclass(frozen=True)
class _Reading:
    """How rows with certain fields are read."""

    statement: Select[Any]
    width: int
    """So many values of a row are the record's own; behind them come those of linked ones."""
    make: _Make
    """Makes a record of its own values and the linked records."""
    linked: tuple[tuple[slice, _Make], ...]
    """By relation where in a row its record lies, that one's number first, and what makes it."""

    def records(self, rows: Iterable[Row[Any]]) -> Iterator[Any]:
        """Rows as records; a record that several point at by the same relation is read once."""
        ways = [(part, make, dict[int, Any]()) for part, make in self.linked]
        for row in rows:
            linked = []
            for part, make, known in ways:
                number = row[part.start]
                if number is not None and number not in known:
                    known[number] = make(row[part])
                linked.append(known.get(number))
            yield self.make((*row[: self.width], *linked))


@lru_cache(maxsize=1_000)
def _reading(model: Any, fields: _Pointing) -> _Reading:
    columns = _columns(model, fields)
    relations, linked, width = [], [], len(columns)
    statement = select(*(getattr(model, name) for name in columns)).select_from(model)
    for key, _column, to, told in fields:
        if to:
            target, names = aliased(catalogue.get(to).model), _told_columns(to, told)
            statement = statement.outerjoin(getattr(model, key).of_type(target))
            statement = statement.add_columns(*(getattr(target, name) for name in names))
            relations.append(key)
            linked.append((slice(width, width + len(names)), _maker(names)))
            width += len(names)
    counted = {key: vars(model)[key] for key, *_rest in fields if _is_counted(model, key)}
    make = _maker((*columns, *relations), counted)
    return _Reading(statement, len(columns), make, tuple(linked))


def _is_counted(model: Any, key: str) -> bool:
    """Whether a field is found from the columns of the row itself."""
    return isinstance(vars(model).get(key), property)


def _maker(names: Iterable[str], counted: Mapping[str, property] | None = None) -> _Make:
    plain: Any = namedtuple("Values", names)  # type: ignore[misc]
    made: Any = type("Values", (plain,), dict(counted)) if counted else plain
    make: _Make = made._make
    return make


def loaded(statement: Select[Any], model: Any, fields: Iterable[Field]) -> Select[Any]:
    """The statement with the columns and to-one relations of ``fields`` loaded, and no others."""
    options = _load_options(model, _pointing(fields))
    return statement.options(*options).execution_options(populate_existing=True)


@lru_cache(maxsize=1_000)
def _load_options(model: Any, fields: _Pointing) -> tuple[Any, ...]:
    relations = []
    for key, _column, to, told in fields:
        if to:
            target, names = catalogue.get(to).model, _told_columns(to, told)
            relations.append(
                joinedload(getattr(model, key)).load_only(*(getattr(target, n) for n in names))
            )
    return (load_only(*(getattr(model, n) for n in _columns(model, fields))), *relations)


def _pointing(fields: Iterable[Field]) -> _Pointing:
    """Each once: programs may ask for a column twice. With what says of a time that it is done,
    and what is counted from."""
    each = {f.key: f for f in fields}
    beside = {key for f in each.values() for key in getattr(f, "judged_by", ())}
    if any(isinstance(f, DaysLeftField) for f in each.values()):
        beside |= recycling.reads()
    return (
        *(
            (f.key, f.column, f.to, f.told_with)
            if isinstance(f, RelationField)
            else (f.key, f.column, "", "")
            for f in each.values()
        ),
        *((key, key, "", "") for key in sorted(beside - set(each))),
    )


def _columns(model: Any, fields: _Pointing) -> tuple[str, ...]:
    """The columns that fields need, those of the title and those every row needs."""
    names = {column for _key, column, _to, _told in fields} | {"id", *_ALWAYS}
    entity = catalogue.of(model)
    if entity is not None:
        names |= {entity.title, entity.english}
    return tuple(name for name in sorted(names) if name in model.__mapper__.column_attrs)


def _told_columns(key: str, told: str) -> tuple[str, ...]:
    """What is read of a linked record: its number, what it is called, and what is told of it."""
    target = catalogue.get(key)
    names = (target.title, target.english, "username", told)
    return ("id", *dict.fromkeys(n for n in names if n in target.fields))
