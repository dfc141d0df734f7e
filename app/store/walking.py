"""The records before and after one in a list (LIST-5), by its place in the order, not counted.

The neighbours are those of the list as it is now, whatever page it was on; a record that has left
the list since still knows where it stood.
"""

from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from app.extensions import db
from app.store.context import operating
from app.store.listing import Order, Query, clauses, ordering
from app.store.policy import Policy


def neighbours(policy: Policy, query: Query, record_id: int) -> tuple[int | None, int | None]:
    """The ids before and after a record, None at the ends: two statements, walked along an index.

    Nobody's neighbours for a record out of the reader's scope.
    """
    model = policy.entity.model
    with operating(policy.operation, policy.entity.key, pools=query.in_pools):
        order = ordering(policy, query.order)
        place = db.session.execute(select(*order.columns).where(model.id == record_id)).first()
        if place is None:
            return None, None
        where = clauses(policy, query)
        steps = [
            _step(order, where, place, is_up=is_up != order.descends) for is_up in (False, True)
        ]
        found = db.session.execute(select(model.id, *steps).where(model.id == record_id)).one()
    return found[1], found[2]


def _step(order: Order, where: list[Any], place: Any, *, is_up: bool) -> Any:
    """The id next to a place, upwards or downwards: what one looks at first, else what follows.

    Blanks count as largest, and are looked at apart, so that each look is a walk along the index.
    """
    *keys, row = order.columns
    *values, number = place
    beyond = row > number if is_up else row < number
    looks: list[ColumnElement[bool]] = [beyond]
    if keys:
        [key], [value] = keys, values
        if value is None:
            looks = [and_(key.is_(None), beyond)] + ([] if is_up else [key.is_not(None)])
        elif is_up:
            looks = [and_(key >= value, or_(key > value, beyond)), key.is_(None)]
        else:
            looks = [and_(key <= value, or_(key < value, beyond))]
    ends = Order(order.columns, descends=not is_up).clauses
    ids = [
        select(row).where(*where, look).order_by(*ends).limit(1).correlate(None).scalar_subquery()
        for look in looks
    ]
    return ids[0] if len(ids) == 1 else func.coalesce(*ids)
