"""The board of somebody's open tasks: four columns, each in the order that he has made (TASK)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.extensions import db
from app.operations import editing
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import BadRequest, Conflict, NotFound, NotPermitted
from app.spec.field import Field
from app.spec.kinds import OptionField
from app.spec.options import Option
from app.store import door, loading, own_order
from app.store.context import actor, operating
from app.store.own_order import OwnPlace, Placed
from app.store.policy import Policy

KEY = "task"
MOST = 100
"""So many cards a column shows; the rest is in the list that its number leads to."""
MOST_ORDERED = 2_000
"""So many tasks of a column can be put in order; nobody drags a card past more."""
NEEDED = ("owner", "status", "bucket", "due_at")
"""The fields without which there is no board."""


@dataclass(frozen=True)
class Column:
    """One bucket: how many open tasks lie in it, and the first of them."""

    bucket: str
    count: int
    rows: Sequence[Any]


def entity() -> Entity:
    return catalogue.get(KEY)


def policy() -> Policy:
    """What the reader sees of the cards; NotPermitted for whom there is no board."""
    door.demand(KEY, "list")
    found = Policy(actor(), entity(), "list", in_list=True)
    if not set(NEEDED) <= set(found.plain):
        raise NotPermitted
    return found


def buckets() -> Sequence[Option]:
    """The columns of a board, from left to right."""
    field = entity().fields["bucket"]
    assert isinstance(field, OptionField)  # noqa: S101 - for the type checker
    return field.choices.current()


def columns(reader: Policy, person: int, fields: Sequence[Field]) -> list[Column]:
    """Somebody's board as far as the reader lists his tasks: two statements, however many."""
    with operating("list", KEY):
        ranked = _ranked(person)
        found = db.session.execute(
            select(ranked.c.id, ranked.c.bucket, ranked.c.number)
            .where(ranked.c.rank <= MOST)
            .order_by(ranked.c.rank)
        ).all()
        rows = loading.rows_of(reader, [one.id for one in found], fields)
    by_id = {row.id: row for row in rows}
    return [
        Column(
            option.code,
            next((one.number for one in found if one.bucket == option.code), 0),
            [by_id[one.id] for one in found if one.bucket == option.code and one.id in by_id],
        )
        for option in buckets()
    ]


def move(record_id: int, person: int, how: Mapping[str, str]) -> None:
    """Put an open task of that person's board into bucket ``to``, before task ``before`` or last.

    In the transaction under way; another bucket is an edit with its history. NotFound when it isn't
    on that board any more, NotPermitted and NotFound when it may not be edited, Conflict when
    somebody has moved it since the page that says it ``was`` elsewhere was shown (C50).
    """
    task = door.fetch(entity(), record_id, "list", _fields(), lock=True)
    if task.owner_id != person or task.status != "open":
        raise NotFound
    if person != actor().user_id:
        door.fetch(entity(), record_id, "edit", _fields())
    to = how.get("to", "")
    if to not in {option.code for option in buckets()}:
        raise BadRequest
    if task.bucket not in (how.get("was"), to):
        raise Conflict(_l("Somebody else has moved this task meanwhile."))
    if task.bucket != to:
        editing.edit(entity(), record_id, {"bucket": to}, version=task.version)
    others = [one for one in _placed(person, to) if one[0] != record_id]
    own_order.put(entity(), person, record_id, others, _index(others, how))


def _index(others: Sequence[Placed], how: Mapping[str, str]) -> int:
    """Before which of the others: the one named, or one step up or down from where it stood."""
    ids = [i for i, _place in others]
    before = how.get("before") or ""
    if before.isdecimal() and len(before) < 10 and int(before) in ids:
        return ids.index(int(before))
    return len(ids)


def _placed(person: int, bucket: str) -> list[Placed]:
    model = entity().model
    statement = (
        select(model.id, OwnPlace.place)
        .outerjoin(OwnPlace, own_order.of(entity(), person))
        .where(*_open(person), model.bucket == bucket)
        .order_by(*_order())
        .limit(MOST_ORDERED)
    )
    with operating("list", KEY):
        return [(row.id, row.place) for row in db.session.execute(statement)]


def _ranked(person: int) -> Any:
    """Every open task of somebody with its rank in its column, and how many are there."""
    model = entity().model
    within = {"partition_by": model.bucket}
    return (
        select(
            model.id,
            model.bucket,
            func.row_number().over(order_by=_order(), **within).label("rank"),
            func.count().over(**within).label("number"),
        )
        .outerjoin(OwnPlace, own_order.of(entity(), person))
        .where(*_open(person))
        .subquery()
    )


def _open(person: int) -> tuple[Any, ...]:
    model = entity().model
    return model.owner_id == person, model.status == "open"


def _order() -> tuple[Any, ...]:
    """As it was put by hand; then by what is due first."""
    model = entity().model
    return (
        OwnPlace.place.asc().nulls_last(),
        model.due_at.asc().nulls_last(),
        model.id.asc(),
    )


def _fields() -> list[Field]:
    return [entity().fields[key] for key in NEEDED]
